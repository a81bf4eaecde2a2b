"""What stands among the rows: sections, deprecated fields, ends of lists, pages, and choices of several."""

from __future__ import annotations

from typing import Any

from tests.tui.form_scenes import SCENES, schema
from tests.tui.forms.test_widgets import line_of, lines_of
from tests.tui.launch_driver import dialog
from tui.forms.choice import ChoiceScreen
from tui.forms.folds import WINDOW, Fold, listed
from tui.forms.heads import AddLine, FoldLine, MoreLine
from tui.forms.model import Form
from tui.forms.widgets import RowWidget

TEXT = {"type": "string"}


# --- sections ----------------------------------------------------------------------------------------------------


async def test_sections_have_headings_that_fold() -> None:
    async with dialog(SCENES["sections"].schema, {"source": "a.csv"}) as driven:
        picture = driven.picture()
        places = [picture.index(title) for title in ("Input and output", "Tuning", "Delivery")]
        assert places == sorted(places) and "1 set of 2" in picture
        driven.screen.query(FoldLine).first().focus()
        await driven.press("enter")
        assert "Source" not in driven.picture() and "Input and output" in driven.picture()
        await driven.press("right")
        assert "Source" in driven.picture()


async def test_a_problem_in_a_folded_section_is_counted_and_reached() -> None:
    async with dialog(SCENES["sections"].schema, {"threads": 1}) as driven:
        driven.screen.query(FoldLine).first().focus()
        await driven.press("left")
        assert "Source" not in driven.picture()
        assert "1 ✗" in driven.picture(), "the heading has the count"
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and driven.focused == ("source",), "what is hidden never blocks in silence"


async def test_deprecated_fields_are_put_by_unless_they_are_set() -> None:
    async with dialog(SCENES["sections"].schema, {"source": "x", "older": 3}) as driven:
        assert "Deprecated (1)" in driven.picture() and "Older" in driven.picture()
        assert "deprecated" in line_of(driven, "older")
        assert not [w for w in driven.screen.query(RowWidget) if w.row.path == ("old",)]
        fold = next(line for line in driven.screen.query(FoldLine) if line.fold.is_deprecated)
        fold.focus()
        await driven.press("space")
        assert driven.row("old").row.deprecated
        await driven.focus("old")
        await driven.press("x")
        assert driven.form.instance["old"] == "x" and driven.focused == ("old",), "it stays under the fingers"


def test_a_long_form_begins_with_what_is_to_be_seen_to() -> None:
    parts = [
        {
            "title": f"Part {part}",
            **schema(("p0_0",) if not part else (), **{f"p{part}_{at}": TEXT for at in range(10)}),
        }
        for part in range(6)
    ]
    form = Form({"type": "object", "allOf": parts}, {"p0_0": "x", "p3_1": "y"})
    folds: dict[Any, bool] = {}
    entries = listed(form.drawn(), folds, set())
    assert [entry.is_open for entry in entries if isinstance(entry, Fold)] == [True, False, False, True, False, False]
    form.unset(("p3_1",))
    again = listed(form.drawn(), folds, set())
    assert len(again) == len(entries), "nothing folds away while it is edited"


# --- lists and maps ----------------------------------------------------------------------------------------------


async def test_the_end_of_a_list_adds_to_it_until_no_more_fits() -> None:
    fields = schema((), pair={"type": "array", "items": {"type": "integer"}, "maxItems": 2}, name=TEXT)
    async with dialog(fields, {"pair": [1]}) as driven:
        await driven.focus("pair", 0)
        await driven.press("tab")
        assert isinstance(driven.app.focused, AddLine)
        await driven.press("enter", *"7")
        assert driven.form.instance == {"pair": [1, 7]}
        assert "2 items are the most" in driven.picture()
        await driven.press("tab")
        assert driven.focused == ("name",), "what takes no more takes no focus"


async def test_ctrl_n_and_a_paste_on_the_end_of_a_list_are_for_the_list() -> None:
    async with dialog(schema((), tags={"type": "array", "items": TEXT}), {"tags": ["a"]}) as driven:
        driven.screen.query(AddLine).first().focus()
        await driven.press("ctrl+n", *"b")
        assert driven.form.instance == {"tags": ["a", "b"]}
        driven.screen.query(AddLine).first().focus()
        await driven.pilot.pause()
        await driven.paste("c\nd")
        assert driven.form.instance == {"tags": ["a", "b", "c", "d"]}


async def test_keys_that_are_listed_are_chosen_from_a_list_without_the_used_ones() -> None:
    names = {"enum": ["cpu", "memory", "disk"]}
    fields = schema((), limits={"type": "object", "propertyNames": names, "additionalProperties": {"type": "integer"}})
    async with dialog(fields, {"limits": {"cpu": 1}}) as driven:
        driven.screen.query(AddLine).first().focus()
        await driven.press("enter", "f4")
        assert isinstance(driven.app.screen, ChoiceScreen)
        picture = driven.picture()
        assert "○ memory" in picture and "○ disk" in picture and "○ cpu" not in picture
        await driven.press(*"disk", "enter", *"5")
        assert driven.focused is not None and driven.focused[0] == "limits"
        await driven.press("tab")
        assert driven.form.instance == {"limits": {"cpu": 1, "disk": 5}}
        driven.screen.query(AddLine).first().focus()
        await driven.press("enter", "m", "right", "enter", *"2", "tab")
        assert driven.form.instance["limits"]["memory"] == 2, "a name is completed as it is typed"
        assert "every name is used" in driven.picture()


async def test_an_item_of_a_list_of_objects_is_one_line_until_it_is_opened() -> None:
    async with dialog(SCENES["lists"].schema, SCENES["lists"].inputs) as driven:
        assert "{3 set}  a.example.org, 80, •••" in line_of(driven, "servers", 0)
        assert "{1 set, 1 ✗}  443" in line_of(driven, "servers", 1)
        await driven.focus("servers", 1)
        await driven.press("enter", "tab", *"b")
        assert driven.form.instance["servers"][1] == {"port": 443, "host": "b"}


async def test_the_part_of_a_long_list_that_is_drawn_is_told() -> None:
    async with dialog(SCENES["pages"].schema, {"numbers": list(range(3000))}) as driven:
        driven.form.open(("numbers",))
        await driven.screen.pane.show()
        assert any("items 1–200 of 3,000" in line for line in lines_of(driven, "numbers"))
        driven.form.turn(("numbers",), 2900)
        await driven.screen.pane.show()
        assert any("items 2,901–3,000 of 3,000" in line for line in lines_of(driven, "numbers"))


async def test_a_very_long_form_is_drawn_in_parts() -> None:
    count = WINDOW + 100
    async with dialog(schema((), **{f"field_{at}": TEXT for at in range(count)})) as driven:
        await driven.screen.pane.view.show_all()
        more = driven.screen.query(MoreLine).first()
        assert "100 more rows below" in str(more.render())
        more.focus()
        await driven.press("enter")
        assert driven.focused == (f"field_{WINDOW}",)
        assert "more rows above" in str(driven.screen.query(MoreLine).first().render())
        await driven.press(*"x")
        assert driven.form.instance == {f"field_{WINDOW}": "x"}
        await driven.screen.pane.go(("field_0",))
        await driven.pilot.pause()
        assert driven.focused == ("field_0",), "a jump draws the part it goes to"


# --- several of a list -------------------------------------------------------------------------------------------


async def test_a_few_are_marked_by_bare_keys() -> None:
    async with dialog(SCENES["choices"].schema) as driven:
        await driven.focus("days")
        await driven.press("enter", "a")
        assert "5/5" in driven.picture()
        await driven.press("n")
        assert "0/5" in driven.picture()
        await driven.press("down", "space", "up", "space", "enter")
        assert driven.form.instance["days"] == ["tue", "mon"] and "2/5  tue, mon" in line_of(driven, "days")


async def test_many_are_filtered_and_letters_are_text() -> None:
    options = [f"a option {at}" for at in range(40)]
    fields = schema((), tags={"type": "array", "uniqueItems": True, "items": {"enum": options}})
    async with dialog(fields) as driven:
        await driven.press("enter", *"a", "space", *"1")
        assert "0/40" in driven.picture(), "letters filter"
        await driven.press("alt+a")
        assert "13/40" in driven.picture(), "all that the filter leaves"
        await driven.press("tab", "enter")
        assert len(driven.form.instance["tags"]) == 12


async def test_what_a_condition_took_away_is_named_in_the_preview() -> None:
    gate = {"if": {"properties": {"m": {"const": "POST"}}, "required": ["m"]}, "then": {"properties": {"body": TEXT}}}
    async with dialog({**schema((), m={"enum": ["GET", "POST"]}), **gate}, {"m": "POST", "body": "hello"}) as driven:
        await driven.focus("m")
        await driven.press("left")
        assert driven.form.gone == [("body",)]
        await driven.press("ctrl+l")
        assert "not sent: body" in driven.picture()


async def test_the_foot_of_the_dialog_stays_where_rows_come_in_slices() -> None:
    async with dialog(SCENES["pages"].schema, {"numbers": list(range(3000))}, size=(120, 36)) as driven:
        await driven.screen.pane.view.show_all()
        await driven.pilot.pause(0.2)
        assert "ctrl+r launch" in driven.picture()
