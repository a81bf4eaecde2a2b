"""The editor of a path: one line whose last name is completed while it is typed, and that says what is there."""

from __future__ import annotations

import os

from textual.suggester import Suggester, SuggestionReady

from tui.forms import paths
from tui.forms.editors import AsideChanged, LineInput
from tui.forms.instance import get
from tui.forms.model import Form
from tui.forms.rows import Row
from tui.text import safe_text

FOLDER_FORMATS = frozenset({"directory-path"})
FOLDER_NAMES = ("_dir", "cwd", "working_dir")
BESIDE = ("cwd", "working_dir")
"""Inputs beside a path that say where relative ones begin."""


class PathInput(LineInput):
    """→ at the end takes the ghost; the disk is asked on a thread, and about the latest text alone."""

    def __init__(self, row: Row, *, revealed: bool = False) -> None:
        self._said = ("", "")
        super().__init__(row, revealed=revealed)
        self.suggester = PathSuggester(self)

    @property
    def aside(self) -> str:
        """What is said below: what the path leads to."""
        text, said = self._said
        return safe_text(said) if text == self.value else ""

    def looked(self, text: str, said: str) -> None:
        """Take what the disk says about `text`."""
        if text == self.value and self._said != (text, said):
            self._said = (text, said)
            self.post_message(AsideChanged())


class PathSuggester(Suggester):
    """Completes the path in an editor: one look at a time, and after it another where the text is not the same."""

    def __init__(self, editor: PathInput) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._editor = editor
        self._is_looking = False

    async def get_suggestion(self, value: str) -> str | None:
        """Sends what it finds itself: by then the text may be another one than `value`."""
        if self._is_looking:
            return None
        self._is_looking = True
        try:
            found, value = None, ""
            while self._editor.is_attached and (found is None or value != self._editor.value):
                value = self._editor.value
                found = await self._look(value)
                if found is None:
                    return None
        finally:
            self._is_looking = False
        if found is not None and self._editor.is_attached:
            self._editor.looked(value, found[1])
            self._editor.post_message(SuggestionReady(value, found[0]))
        return None

    async def _look(self, text: str) -> tuple[str, str] | None:
        row = self._editor.row
        forms = (getattr(node, "form", None) for node in self._editor.ancestors)
        form = next((form for form in forms if isinstance(form, Form)), None)
        base, only = base_of(form, row), wants_folder(row)
        return await paths.beside(lambda: paths.look(text, base, folders_only=only))


def wants_folder(row: Row) -> bool:
    """Whether only a folder fits."""
    return row.format in FOLDER_FORMATS or (not row.format and row.name.endswith(FOLDER_NAMES))


def base_of(form: Form | None, row: Row) -> str:
    """Where relative paths begin: in the folder that an input beside this one names, else in the console's own."""
    here = os.getcwd()
    for name in BESIDE if form is not None and row.name not in BESIDE else ():
        given = get(form.instance, (*row.path[:-1], name)) if form is not None else None
        if isinstance(given, str) and paths.is_local(given):
            return paths.absolute(given, here)
    return here
