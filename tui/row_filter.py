"""The filter of the runs pane: which rows a typed text lets through. No Textual in here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.task import Task, TaskStatus
from tui.row import Row

STATUS_WORDS: Mapping[TaskStatus, tuple[str, ...]] = {
    TaskStatus.PENDING: ("pending", "queued", "waiting", "blocked"),
    TaskStatus.IN_PROGRESS: ("in_progress", "running"),
    TaskStatus.COMPLETED: ("completed", "done"),
    TaskStatus.FAILED: ("failed",),
    TaskStatus.CANCELLED: ("cancelled", "canceled"),
}
"""What may be typed for a status."""
INTERRUPTED, SKIPPED = "interrupted", "skipped"
LEAST = 3
"""Letters from which a word without a key may begin a status."""
KEYS = ("status", "executor", "user", "name", "id", "tag")
"""What may stand before a colon; with anything else there the word is searched for as it is."""
QUICK = ("", "status:failed", "status:running", "status:queued", "status:done", "status:cancelled")
"""The filters that one key goes through."""


class Word(NamedTuple):
    """One typed word: `failed`, `status:failed`, `executor:deploy`, each with `!` before it for the opposite."""

    key: str
    value: str
    negative: bool
    statuses: frozenset[TaskStatus]
    interrupted: bool
    skipped: bool

    @classmethod
    def parse(cls, text: str) -> Word | None:
        """None for a word that says nothing yet, such as `!` or `status:`."""
        negative = text.startswith("!")
        text = text.removeprefix("!").lower()
        key, colon, value = text.partition(":")
        if not colon or key not in KEYS:
            key, value = "", text
        if not value:
            return None
        starts = [part for part in value.split(",") if part] if key == "status" else [value]
        if (key and key != "status") or (not key and len(value) < LEAST):
            starts = []

        def begins(*words: str) -> bool:
            return any(word.startswith(start) for word in words for start in starts)

        statuses = frozenset(status for status, words in STATUS_WORDS.items() if begins(*words))
        return cls(key, value, negative, statuses, begins(INTERRUPTED), begins(SKIPPED))

    def matches(self, task: Task, status: TaskStatus) -> bool:
        return self._found(task, status) is not self.negative

    def _found(self, task: Task, status: TaskStatus) -> bool:
        value, key = self.value, self.key
        if key in ("", "status"):
            if status in self.statuses:
                return True
            if (self.interrupted and task.is_interrupted) or (self.skipped and task.skipped):
                return True
            if key:
                return False
            return value in task.name.lower() or value in task.id.lower() or value in task.executor_id.lower()
        if key == "executor":
            return value in task.executor_id.lower()
        if key == "user":
            return value in (task.user_id or "").lower()
        if key == "tag":
            return any(value in str(tag).lower() for tag in _tags(task))
        return value in (task.name if key == "name" else task.id).lower()


def _tags(task: Task) -> Iterable[object]:
    tags = task.params.get("tags")
    return tags if isinstance(tags, list | tuple) else ()


class RowFilter:
    """Which rows a typed text lets through: those that match every word of it, and all above them.

    Words match inside name, id and executor id, or begin a status word; `status:failed,running`, `executor:x`,
    `user:x`, `name:x`, `id:x` and `tag:x` look there only; `!` before a word turns it round.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        found = (Word.parse(word) for word in text.split())
        self._words = [word for word in found if word is not None]
        self.hits: set[Row] = set()
        self._pinned: set[Row] = set()
        self._shown: set[Row] = set()
        self._is_gathered = True

    def __bool__(self) -> bool:
        return bool(self._words)

    def narrows(self, other: RowFilter) -> bool:
        """Whether nothing matches this that does not match `other`: it was typed on, so only its hits are looked at."""
        if not other or other._pinned or not self.text.startswith(other.text):
            return False
        if len(self._words) < len(other._words):
            return False
        former, now = other._words[-1], self._words[len(other._words) - 1]
        return former.key == now.key and not any(
            word.negative or word.statuses or word.interrupted or word.skipped for word in (former, now)
        )

    def matches(self, task: Task, status: TaskStatus) -> bool:
        return all(word.matches(task, status) for word in self._words)

    def scan(self, rows: Collection[Row]) -> Iterator[None]:
        """Look at all of `rows`; it pauses now and then so that the caller may do something else."""
        words, hit = self._words, self.hits.add
        for number, row in enumerate(rows):
            for word in words:
                if not word.matches(row.task, row.seen):
                    break
            else:
                hit(row)
            if number % PAUSE == PAUSE - 1:
                yield
        self._is_gathered = False

    def keep_only(self, rows: Mapping[str, Row]) -> None:
        """Forget what is no longer among `rows`, by id: it went while the scan paused."""
        self.hits = {row for row in self.hits if rows.get(row.task.id) is row}

    def check(self, row: Row) -> bool:
        """Look at `row` again; True when that changes what is shown."""
        if not self._words:
            return False
        found = row in self._pinned or self.matches(row.task, row.seen)
        if found is (row in self.hits):
            return False
        (self.hits.add if found else self.hits.discard)(row)
        self._is_gathered = False
        return True

    def pin(self, row: Row) -> None:
        """Let `row` through whatever it is."""
        self._pinned.add(row)
        self.hits.add(row)
        self._is_gathered = False

    def forget(self, gone: set[Row]) -> None:
        self.hits -= gone
        self._pinned -= gone
        self._is_gathered = False

    def moved(self) -> None:
        """Rows stand elsewhere in the tree now."""
        self._is_gathered = False

    @property
    def shown(self) -> set[Row]:
        """The hits and all above them."""
        if not self._is_gathered:
            shown: set[Row] = set()
            for row in self.hits:
                above: Row | None = row
                while above is not None and above not in shown:
                    shown.add(above)
                    above = above.parent
            self._shown, self._is_gathered = shown, True
        return self._shown

    def keep(self, rows: Sequence[Row]) -> list[Row]:
        """Those of `rows` that are shown."""
        shown = self.shown
        return [row for row in rows if row in shown]


PAUSE = 2_000
"""Rows that are looked at between two pauses: 2 to 4 ms."""
