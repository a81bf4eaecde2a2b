"""The one draft of a console: its states, its file, what is saved of it. It outlives the screen that shows it."""

from __future__ import annotations

import re

from engine.flow_file import id_of
from tui.draft import LONGEST_ID, Draft
from tui.draft_check import ID
from tui.draft_file import DraftShelf, KeptDraft, Source
from tui.draft_steps import Edits


class Desk:
    """`selected` is the task that the screen had its cursor on, by key."""

    def __init__(self, shelf: DraftShelf, kept: KeptDraft | None = None) -> None:
        self.shelf = shelf
        self.edits = Edits(kept.draft if kept else None, kept.source.path if kept else "")
        self.selected: int | None = None
        self._files: dict[str, Source] = {kept.source.path: kept.source} if kept and kept.source.path else {}
        self._saved: Draft | None = self.draft if kept is None or kept.is_saved else None
        self._kept = KeptDraft(self.draft, self.source, self.is_saved)
        self._opened: Draft | None = None
        """The draft as it was made of a run or file, which still has it."""

    @property
    def draft(self) -> Draft:
        return self.edits.now

    @property
    def source(self) -> Source:
        """What is known of the present draft's file."""
        return self._files.get(self.edits.path) or Source()

    @property
    def is_saved(self) -> bool:
        """Whether a file has all of it, or it is empty."""
        return self.draft == self._saved or self.draft == Draft()

    @property
    def flow_id(self) -> str:
        """By what it is launched where it says no id itself: the name of its file, or what can be made of its own."""
        if self.edits.path:
            return id_of(self.edits.path)
        given = self.draft.head.get("id") or self.draft.head.get("name") or ""
        words = re.sub(r"[^A-Za-z0-9]+", "_", str(given)).strip("_").lower()
        return words[:LONGEST_ID] or ID

    @property
    def loses_nothing(self) -> bool:
        """Whether another draft may take its place unasked."""
        return self.is_saved or self.draft == self._opened

    def open(self, draft: Draft, source: Source, words: str, *, is_saved: bool) -> None:
        """Put another draft on the desk; undo brings the former one back."""
        if source.path:
            self._files[source.path] = source
        self.edits.take(draft, None, words, source.path)
        self._opened = draft
        if is_saved:
            self._saved = draft
        self.selected = draft.items[0].key if draft.items else None

    def written(self, draft: Draft, source: Source) -> None:
        """A file has all of `draft` now."""
        self._files[source.path] = source
        self._saved = draft
        if draft == self.draft:
            self.edits.named(source.path)

    def state(self) -> tuple[KeptDraft, int] | None:
        """The present state and its number, to be kept; None where it is kept: another console may have a newer one."""
        state = KeptDraft(self.draft, self.source, self.is_saved)
        if state == self._kept:
            return None
        self._kept = state
        return state, self.shelf.next_number()
