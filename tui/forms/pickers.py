"""What F4 brings to a row: a calendar, the folders of the disk, a fresh UUID."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from tui.forms.model import Form
from tui.forms.path_editor import base_of, wants_folder
from tui.forms.rows import Row
from tui.screens.calendar import CalendarScreen
from tui.screens.pick_path import PathScreen

FILE_FORMATS = frozenset({"file-path", "file-path-pattern"})

Picker = CalendarScreen | PathScreen


def picker_for(row: Row, form: Form, text: str) -> Picker | str | None:
    """The screen that picks the row's text, or that text itself; None where the row has neither."""
    if row.kind in ("date", "datetime"):
        return CalendarScreen(row.label, row.kind, text, datetime.now().astimezone())
    if row.kind == "path":
        wants = "folder" if wants_folder(row) else "file" if row.format in FILE_FORMATS else ""
        return PathScreen(row.label, text, base_of(form, row), wants)
    return str(uuid4()) if row.kind == "text" and row.format == "uuid" else None
