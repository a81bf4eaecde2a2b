"""How the tests of the form read it."""

from __future__ import annotations

from typing import Any

from tui.forms.model import Form, Path, Row

AUTH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "auth": {
            "oneOf": [
                {
                    "title": "Basic",
                    "type": "object",
                    "properties": {"type": {"const": "basic"}, "user": {"type": "string"}},
                    "required": ["type", "user"],
                },
                {
                    "type": "object",
                    "properties": {"type": {"const": "key"}, "key": {"type": "string"}},
                    "required": ["type", "key"],
                },
                {"type": "string"},
            ]
        }
    },
}


def row(form: Form, *path: str | int) -> Row:
    found = next((row for row in form.rows() if row.path == path), None)
    assert found is not None, [row.path for row in form.rows()]
    return found


def problems(form: Form) -> dict[Path, str]:
    return {problem.path: problem.text for problem in form.problems}
