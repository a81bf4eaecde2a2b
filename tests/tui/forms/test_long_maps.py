"""Maps of many entries are drawn in parts as lists are (forms.md 2.5); slow checks wait for a pause in the typing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.launch_driver import dialog
from tui.forms import checks
from tui.forms.model import Form
from tui.forms.view import PAGE

TEXT = {"type": "string"}
MAP = {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": TEXT}, "t": TEXT}}
COUNT = PAGE * 3
GIVEN: dict[str, Any] = {"m": {f"k{at}": "v" for at in range(COUNT)}, "t": "x"}


def names(form: Form) -> list[str]:
    return [row.name for row in form.rows() if row.path[:1] == ("m",) and len(row.path) == 2]


def test_a_long_map_is_drawn_in_parts_and_a_new_entry_is_among_them() -> None:
    form = Form(MAP, GIVEN)
    form.open(("m",))
    assert names(form) == [f"k{at}" for at in range(PAGE)]
    row = form.row(("m",))
    assert row is not None and row.page == (0, COUNT)
    form.turn(("m",), PAGE)
    assert names(form)[0] == f"k{PAGE}"
    made = form.add(("m",), "new")
    assert "new" in names(form) and form.row(made) is not None
    form.rename(made, "named")
    assert list(form.instance["m"])[-1] == "named" and "named" in names(form)
    form.undo(), form.undo()
    assert form.instance == GIVEN


async def test_the_keys_go_through_the_parts_of_a_map_and_to_problems_on_other_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for room in ("view", "pane", "field_pane", "edits", "row_lines"):
        monkeypatch.setattr(f"tui.forms.{room}.PAGE", 8)
    wrong = {"m": {**{f"k{at}": "v" for at in range(23)}, "k23": 5, "k1": 6}}
    async with dialog(MAP, wrong) as driven:
        assert driven.focused == ("m", "k1"), "the first problem"
        await driven.press("f8")
        assert driven.focused == ("m", "k23")
        await driven.press("f8")
        assert driven.focused == ("m", "k1"), "and round again"
        await driven.press("ctrl+pagedown")
        assert driven.focused == ("m", "k8")
        assert "entries 9 to 16 of 24" in driven.said("said")


async def test_a_slow_check_waits_for_a_pause_and_a_launch_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SLOW", -1.0)
    monkeypatch.setattr(checks, "PAUSE", 60.0)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "maximum": 5}}}
    async with dialog(schema, {"a": 1, "b": 9}) as driven:
        assert driven.focused == ("b",) and driven.said("count") == "1 ✗"
        await driven.focus("a")
        await driven.press("x")
        assert driven.said("count") == "1 ✗ · checking", "what is known of other fields stands"
        assert "must be at most 5" in driven.picture()
        await driven.press("backspace")
        await driven.focus("b")
        await driven.press("backspace", "4", "ctrl+r")
        assert driven.app.answers and driven.app.answers[0].inputs == {"a": 1, "b": 4}  # type: ignore[union-attr]
