"""Every row of a form, those in closed sections too: what the search for fields looks through."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from tui.forms.instance import ABSENT, Path
from tui.forms.rows import Row
from tui.forms.view import View

DEEPEST = 8
"""Levels that are opened where nothing stands yet; data is followed as far as rows go."""


@dataclass(slots=True)
class _OpenView(View):
    """All sections open; recursion only as far as there is data."""

    def _is_open(self, path: Path, kind: str, value: Any, required: bool, recursive: bool) -> bool:
        if value is not ABSENT and value is not None:
            return True
        return not recursive and len(path) <= DEEPEST


def every_row(view: View, schema: Any, value: Any, most: int) -> list[Row]:
    """At most `most` rows, top to bottom, as `view` would draw them with everything open; nothing is opened by it."""
    opened = _OpenView(view.resolver, view.checker, view.ready, view.marks)
    return list(islice(opened.rows(schema, value), most))
