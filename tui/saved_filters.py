"""Filters of the history that are kept: under names, and the lines that were typed last.

They lie where presets lie, in the store, under an id that no executor can have. No Textual in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import TaskError

if TYPE_CHECKING:
    from tui.late_engine import LateEngine

OWNER = ""
"""An executor's id is never empty."""
WORDS, RECENT = "words", "recent"


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A name and the words that it stands for; both are foreign text."""

    name: str
    words: str


class SavedFilters:
    """Asks the engine, on its thread; awaited beside the screen."""

    def __init__(self, thread: LateEngine) -> None:
        self._thread = thread

    async def all(self) -> list[SavedFilter]:
        """By name."""
        kept = await self._thread.ask(self._thread.engine.presets.all(OWNER))
        return [SavedFilter(each.name, str(each.inputs.get(WORDS, ""))) for each in kept]

    async def save(self, name: str, words: str) -> None:
        """Keep `words` under a name, in the place of what it stood for. Raises `TaskError` for a name that is none."""
        if not words.strip():
            raise TaskError("there is no filter to save", "Type one first")
        presets = self._thread.engine.presets
        await self._thread.ask(presets.save(OWNER, name, {WORDS: words.strip()}, overwrite=True, schema={}))

    async def remove(self, name: str) -> None:
        await self._thread.ask(self._thread.engine.presets.remove(OWNER, name))

    async def recent(self) -> list[str]:
        """The lines that were typed last, newest first."""
        draft = await self._thread.ask(self._thread.engine.presets.draft(OWNER))
        found = draft.inputs.get(RECENT) if draft is not None else None
        return [line for line in found if isinstance(line, str)] if isinstance(found, list) else []

    async def keep_recent(self, lines: list[str]) -> None:
        await self._thread.ask(self._thread.engine.presets.keep_draft(OWNER, {RECENT: lines}, schema={}))
