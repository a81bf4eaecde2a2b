"""The one draft of a console: its states, its file, what is saved of it. It outlives the screen that shows it."""

from __future__ import annotations

from engine.flow_file import id_of
from tui.draft import Draft
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

    @property
    def draft(self) -> Draft:
        return self.edits.now

    @property
    def source(self) -> Source:
        """What is known of the present draft's file."""
        return self._files.get(self.edits.path) or Source()

    @property
    def is_saved(self) -> bool:
        """Whether nothing would be lost with the draft: a file has all of it, or it is empty."""
        return self.draft == self._saved or self.draft == Draft()

    @property
    def flow_id(self) -> str:
        """By what it is launched where it says no id itself: the name of its file."""
        return id_of(self.edits.path) if self.edits.path else ID

    def open(self, draft: Draft, source: Source, words: str, *, is_saved: bool) -> None:
        """Put another draft on the desk; undo brings the former one back."""
        if source.path:
            self._files[source.path] = source
        self.edits.take(draft, None, words, source.path)
        if is_saved:
            self._saved = draft
        self.selected = draft.items[0].key if draft.items else None

    def written(self, draft: Draft, source: Source) -> None:
        """A file has all of `draft` now."""
        self._files[source.path] = source
        self._saved = draft
        if draft == self.draft:
            self.edits.named(source.path)

    def state(self) -> tuple[KeptDraft, int]:
        """The present state and its number, to be kept."""
        return KeptDraft(self.draft, self.source, self.is_saved), self.shelf.next_number()
