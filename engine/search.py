"""Full text of tasks: what is searched for, and the indexer that makes ended runs searchable.

A run that is not indexed yet (it runs, or has just ended) is searched in its rows, so that a result is found the moment
it is stored. There a word is found inside other words too; the index knows whole words and, for the last, beginnings.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine import history_statements as statements
from engine import json_data
from engine.errors import TaskdeckError, TaskError
from engine.statements import Write
from engine.store import Store

logger = logging.getLogger(__name__)

TEXT_LIMIT = 256 * 1024
"""Bytes of a task's text that are indexed."""
REST = 0.3
"""Seconds before ended runs are indexed, and between two slices while tasks run."""
SLICE_ROWS = 100
SLICE_TEXT = 256 * 1024
"""A transaction of the indexer ends with this many rows or characters: the engine's commits wait that long for it."""
WORDS = 32
"""Words of a query that count."""
RUNS = 50
"""Ended runs that are looked up at once."""

_PIECE = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)\\?(?:"|\Z)|(-?\d[0-9.eE+-]*)')
"""A string (also one that is cut off) or a number of JSON text."""
_DOCUMENT = (
    "lower(task.name || char(10) || coalesce(task.error, '') || char(10) || task.inputs || char(10)"
    " || coalesce(task.effective_inputs, '') || char(10)"
    " || CASE typeof(task.result) WHEN 'text' THEN task.result ELSE '' END)"
)
_CUT = ", ".join(f"substr({column}, 1, {TEXT_LIMIT})" for column in ("inputs", "effective_inputs", "result"))
_ROWS = (
    # `substr` of a text ends at a NUL, which an error may hold and JSON cannot
    f"SELECT seq, name, substr(CAST(error AS BLOB), 1, {TEXT_LIMIT}), {_CUT}"
    f" FROM task WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT {SLICE_ROWS}"
)


@dataclass(frozen=True, slots=True)
class Words:
    """A query: every word must stand in the same task. `match` is FTS5's expression ("" where no word has a letter or
    digit); `signs` are the words of punctuation only, which the index does not know.
    """

    words: tuple[str, ...]
    match: str
    signs: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, exact: Iterable[str] = ()) -> Words | None:
        """Words between white space, the last one may go on (prefix); None for a blank text. Nothing is syntax.

        `exact` are words and phrases that stand as they are given; those do not go on.
        """
        words = json_data.storable(text).replace("\0", " ").split()[:WORDS]
        phrases = [_quoted(word) for word in words if _has_token(word)]
        if words and _has_token(words[-1]):
            phrases[-1] += "*"
        given = [json_data.storable(phrase).replace("\0", " ").strip() for phrase in exact][:WORDS]
        phrases += [_quoted(phrase) for phrase in given if _has_token(phrase)]
        words += [phrase for phrase in given if phrase]
        if not words:
            return None
        return cls(tuple(words), " ".join(phrases), tuple(word for word in words if not _has_token(word)))

    def indexed(self, table: str = "search") -> tuple[str, list[str]]:
        """A condition on `search`, or on what it is called in the query, and its values."""
        conditions, values = [], []
        if self.match:
            conditions.append(f"{table}.search MATCH ?")
            values.append(self.match)
        for sign in self.signs:
            conditions.append(f"instr({table}.text, ?)")
            values.append(sign)
        return " AND ".join(conditions), values

    def rows(self) -> tuple[str, list[str]]:
        """A condition on a row of `task` that is not indexed, and its values; compressed results are left out."""
        conditions, values = [], []
        for word in self.words:
            forms = _forms(word)
            conditions.append("(" + " OR ".join(f"instr({_DOCUMENT}, lower(?))" for _ in forms) + ")")
            values += forms
        return " AND ".join(conditions), values


def _quoted(word: str) -> str:
    """`word` as FTS5 takes it, none of it syntax."""
    return '"' + word.replace('"', '""') + '"'


def _has_token(word: str) -> bool:
    """Whether FTS5's tokenizer finds anything in it."""
    return any(unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "Co" for c in word)


def _forms(word: str) -> list[str]:
    """How a word may stand in a row: as JSON writes it too; in other cases, since SQLite's `lower` knows ASCII only."""
    cases = [word] if word.isascii() else [word, word.lower(), word.upper(), word.title()]
    return list(dict.fromkeys(form for case in cases for form in (case, json.dumps(case, ensure_ascii=False)[1:-1])))


def document(
    name: str, error: bytes | None, *columns: str | bytes | None
) -> str:  # fmt: skip
    """The searchable text of a task: name, error, and the strings, keys and numbers of its JSON columns.

    The columns may be cut off; bytes are a compressed result. At most `TEXT_LIMIT` bytes of UTF-8.
    """
    texts = [name]
    if error is not None:
        texts.append(error.decode(errors="ignore"))
    seen: set[str] = set()  # effective inputs repeat the inputs, and lists of objects their keys
    room = TEXT_LIMIT
    for column in columns:
        for piece in _pieces(_plain(column)):
            if piece in seen:
                continue
            seen.add(piece)
            texts.append(piece)
            room -= len(piece) + 1
            if room <= 0:
                break
    text = json_data.storable("\n".join(texts).replace("\0", " "))
    return text.encode()[:TEXT_LIMIT].decode(errors="ignore")


def _plain(column: str | bytes | None) -> str:
    """The beginning of a JSON column's text."""
    if column is None:
        return ""
    if isinstance(column, str):
        return column
    try:
        return zlib.decompressobj().decompress(column, TEXT_LIMIT).decode(errors="ignore")
    except zlib.error:  # a damaged result is no reason to leave out the rest of the run
        return ""


def _pieces(text: str) -> Iterator[str]:
    for found in _PIECE.finditer(text):
        piece = found[1] if found[1] is not None else found[2]
        if "\\" in piece:
            with suppress(ValueError):  # cut off inside an escape: as it stands
                piece = json.loads(f'"{piece}"')
        if piece:
            yield piece


class Indexer:
    """Keeps the index up: runs that ended are indexed in the background, in slices, the newest first.

    Made on the store's loop. What another process indexes at the same time does no harm: both write the same.
    """

    def __init__(self, store: Store, is_busy: Callable[[], bool] = lambda: False) -> None:
        """While `is_busy()` says that tasks run, only a slice is done now and then: they go first."""
        self._store = store
        self._is_busy = is_busy
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Index what waits, then whenever `notify` says that a run has ended."""
        self._wake.set()
        self._task = asyncio.get_running_loop().create_task(self._work(), name="indexer")

    def notify(self) -> None:
        """A run has ended or was imported; O(1)."""
        self._wake.set()

    async def stop(self) -> None:
        """End at once; a run that is half indexed is done again at the next start. Safe to repeat."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(REST)  # what ends together is indexed together
            try:
                await self._mend()
                await self.catch_up()
            except TaskError:  # no write of the index can be refused but for the index's own damage
                self._store.writer.index_is_damaged = True
                self._wake.set()
            except (TaskdeckError, sqlite3.Error):
                logger.exception("indexing for the search failed; it is tried again when the next run ends")

    async def _mend(self) -> None:
        """Make the index anew where it could not be written for its own damage; the runs themselves are sound."""
        if self._store.writer.index_is_damaged:
            logger.warning("the search index is damaged and is made anew")
            await self._store.writer.commit(statements.new_index())
            self._store.writer.index_is_damaged = False

    async def catch_up(self) -> int:
        """Index all runs that have ended and are not indexed; how many. Runs that end meanwhile may be left out."""
        await self._store.writer.flush()
        before, count = 2**62, 0
        while True:
            runs = list(
                await self._store.rows(
                    "SELECT seq, id, ended_at FROM run INDEXED BY run_unindexed WHERE indexed = 0 AND seq < ?"
                    f" AND ended_at IS NOT NULL AND deleting = 0 ORDER BY seq DESC LIMIT {RUNS}",
                    (before,),
                )
            )
            if not runs:
                return count
            await self._index(runs)
            before, count = runs[-1][0], count + len(runs)

    async def _index(self, runs: list[Any]) -> None:
        """Write the rows of some runs; a small run shares a transaction with its neighbours."""
        writes: list[Write] = []
        size = 0
        for run_seq, run_id, ended_at in runs:
            place, task_seq = 0, -1
            while rows := list(await self._store.rows(_ROWS, (run_id, task_seq))):
                for task_seq, *columns in rows:
                    text = document(*columns)
                    writes.append(statements.index_task(run_seq, ended_at, place, task_seq, text))
                    place += 1
                    size += len(text)
                    if len(writes) >= SLICE_ROWS or size >= SLICE_TEXT:
                        await self._commit(writes)
                        writes, size = [], 0
            writes += statements.indexed(run_seq, ended_at, place)
        await self._commit(writes)

    async def _commit(self, writes: list[Write]) -> None:
        await self._store.writer.commit(writes)
        await asyncio.sleep(REST if self._is_busy() else 0)
