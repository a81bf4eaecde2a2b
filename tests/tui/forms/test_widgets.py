"""What a row shows of its field, and what its keys do (forms.md 1.2, 1.3, 5.2, 5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.form_scenes import SCENES, SHAPES, schema
from tests.tui.launch_driver import EVIL, SIZES, Driven, dialog
from tui.forms.choice import ChoiceScreen
from tui.forms.controls import Constant, Options, ReadOnly
from tui.forms.editors import AreaInput, LineInput
from tui.screens.launch import LaunchRequest

TEXT = {"type": "string"}


def line_of(driven: Driven, *path: str | int) -> str:
    """The first line of a row, as it stands on the screen."""
    return lines_of(driven, *path)[0]


def lines_of(driven: Driven, *path: str | int) -> list[str]:
    region = driven.row(*path).region
    return [line[region.x : region.right] for line in driven.picture().splitlines()[region.y : region.bottom]]


# --- ghosts, proposals, suggestions ------------------------------------------------------------------------------


async def test_proposals_stand_as_a_ghost_complete_what_is_typed_and_may_be_overtyped() -> None:
    async with dialog(schema((), region={**TEXT, "examples": ["eu-west-1", "us-east-1"]})) as driven:
        assert "e.g. eu-west-1" in line_of(driven, "region")
        await driven.press("right")
        assert driven.form.instance == {"region": "eu-west-1"}, "→ takes the ghost"
        await driven.press(*["backspace"] * 9)
        assert driven.form.instance == {}
        await driven.press("u", "s")
        assert "us-east-1" in line_of(driven, "region"), "the rest is drawn dim"
        assert driven.form.instance == {"region": "us"}, "but it is not taken by itself"
        await driven.press("right")
        assert driven.form.instance == {"region": "us-east-1"}
        await driven.press("x")
        assert driven.form.instance == {"region": "us-east-1x"}, "free text stays"


@pytest.mark.parametrize("key", ["alt+down", "f4"])
async def test_proposals_open_as_a_list_with_type_ahead_and_free_text(key: str) -> None:
    regions = [f"region-{at}" for at in range(30)]
    async with dialog(schema((), region={**TEXT, "examples": regions}, port={"type": "integer"})) as driven:
        await driven.press(key)
        assert isinstance(driven.app.screen, ChoiceScreen)
        await driven.press(*"17", "enter")
        assert driven.form.instance == {"region": "region-17"} and driven.focused == ("region",)
        await driven.press(key, *"elsewhere")
        assert "as it is" in driven.picture()
        await driven.press("enter")
        assert driven.form.instance == {"region": "elsewhere"}
        await driven.press(key, "escape")
        assert driven.form.instance == {"region": "elsewhere"}


async def test_free_text_in_the_list_of_a_number_is_read_as_one() -> None:
    async with dialog(schema((), port={"type": "integer", "examples": [80, 443]})) as driven:
        await driven.press("f4", *"8080", "enter")
        assert driven.form.instance == {"port": 8080}


async def test_the_default_is_a_ghost_that_right_takes() -> None:
    async with dialog(schema((), port={"type": "integer", "default": 5432}, name=TEXT)) as driven:
        assert "5432 (default)" in line_of(driven, "port") and driven.form.instance == {}
        await driven.press("right")
        assert driven.form.instance == {"port": 5432}


async def test_a_placeholder_is_shown_but_never_taken() -> None:
    async with dialog(schema((), host={**TEXT, "x-placeholder": "db.example.org"})) as driven:
        assert "db.example.org" in line_of(driven, "host")
        await driven.press("right")
        assert driven.form.instance == {}


async def test_what_another_branch_had_is_offered_and_taken_by_right() -> None:
    async with dialog(schema((), shape=SHAPES), {"shape": {"r": 1, "label": "round"}}) as driven:
        await driven.focus("shape")
        await driven.press("right")
        assert "label" not in driven.form.instance["shape"]
        assert any("round" in line and "→ takes it" in line for line in lines_of(driven, "shape", "label"))
        await driven.focus("shape", "label")
        await driven.press("right")
        assert driven.form.instance["shape"]["label"] == "round" and "→ takes it" not in driven.picture()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "boolean"}, True),
        ({"enum": ["a", "b"]}, "b"),
        ({"enum": [f"option {at}" for at in range(9)]}, "option 7"),
        ({"type": "array", "items": TEXT}, ["x"]),
        ({**TEXT, "contentMediaType": "text/plain"}, "several\nlines"),
    ],
)
async def test_suggestions_are_taken_by_right_in_every_control(field: Any, value: Any) -> None:
    branches = [
        {"title": name, **schema((own,), **{own: {"type": "integer"}, "same": field})}
        for name, own in (("A", "a"), ("B", "b"))
    ]
    async with dialog(
        {"type": "object", "properties": {"u": {"oneOf": branches}}}, {"u": {"a": 1, "same": value}}
    ) as driven:
        await driven.focus("u")
        await driven.press("right")
        await driven.focus("u", "same")
        await driven.press("right")
        assert driven.form.instance["u"]["same"] == value


# --- words around a field ----------------------------------------------------------------------------------------


async def test_the_state_stands_at_the_right_edge() -> None:
    async with dialog(SCENES["unset"].schema, {"note": None, "name": ""}) as driven:
        for name, state in (("region", "·unset"), ("note", "·null"), ("name", "·empty")):
            assert line_of(driven, name).rstrip().endswith(state), name
        edges = {line_of(driven, name).rstrip().rindex("·") for name in ("region", "note", "name", "verbose", "retry")}
        assert len(edges) == 1, "in one column"


async def test_a_counter_while_typing_and_the_excess_is_told() -> None:
    async with dialog(schema((), name={**TEXT, "maxLength": 4}, other=TEXT)) as driven:
        assert "≤4" in line_of(driven, "name")
        await driven.press("a", "é", "日")
        assert "3/4" in line_of(driven, "name"), "in code points"
        await driven.press(*"xy")
        assert "5/4" in line_of(driven, "name") and driven.form.instance == {"name": "aé日xy"}, "nothing is cut"
        await driven.press("tab")
        assert "5/4" in line_of(driven, "name"), "what is too long says so when it was left, too"
        await driven.focus("name")
        await driven.press("backspace", "tab")
        assert "≤4" in line_of(driven, "name") and "/4" not in line_of(driven, "name")


async def test_what_was_typed_is_read_and_the_reading_can_be_changed() -> None:
    async with dialog(schema((), size={"type": ["string", "integer"]}, free={})) as driven:
        assert "text or whole number" in line_of(driven, "size")
        await driven.press(*"12")
        assert driven.form.instance == {"size": 12} and "integer" in line_of(driven, "size")
        await driven.press("alt+t")
        assert driven.form.instance == {"size": "12"} and "text" in line_of(driven, "size")
        await driven.press("alt+t")
        assert driven.form.instance == {"size": 12}
        await driven.press("backspace", "backspace", *"true", "alt+t")
        assert driven.form.instance == {"size": "true"}, "what can only be text stays as it is"
        await driven.focus("free")
        for text, word in (("1.5", "number"), ("null", "null"), ("[1]", "list"), ("{}", "object"), ("false", "yes/no")):
            await driven.press(*text)
            assert word in line_of(driven, "free"), text
            await driven.press(*["backspace"] * len(text))


async def test_options_are_described_below_the_choice_and_in_the_list() -> None:
    async with dialog(SCENES["choices"].schema) as driven:
        assert any("medium: 2 cores" in line for line in lines_of(driven, "size")), "the default's while it is unset"
        await driven.press("l")
        assert any("large: 4 cores" in line for line in lines_of(driven, "size"))
        await driven.focus("colour")
        await driven.press("enter", "down", "down")
        picture = driven.picture()
        assert "Shade 2" in picture and "Red 2  #020000" in picture, "the raw value beside a label that differs"
        await driven.press("enter")
        assert "Red 2  #020000" in line_of(driven, "colour") and any("Shade 2" in x for x in lines_of(driven, "colour"))


async def test_why_a_field_is_needed_and_what_is_wrong_with_its_schema() -> None:
    async with dialog(SCENES["sections"].schema, {"source": "x", "method": "GET"}) as driven:
        assert "needed because" not in driven.picture()
        await driven.focus("method")
        await driven.press("right")
        assert any("is required because method is POST" in line for line in lines_of(driven, "body"))
        assert "Body*" in line_of(driven, "body")
    async with dialog(SCENES["sections"].schema) as driven:
        await driven.focus("method")
        await driven.press("right", "right")
        assert any("needed because method is POST" in line for line in lines_of(driven, "body")), (
            "before it is an error"
        )
    async with dialog(SCENES["unset"].schema) as driven:
        assert any("does not fit its own schema" in line for line in lines_of(driven, "weight"))


async def test_the_raw_name_stands_under_a_label_that_does_not_tell_it() -> None:
    described = {**TEXT, "description": "Where it is"}
    async with dialog(schema((), host={**described, "title": "Server"}, maxTokens=described)) as driven:
        assert lines_of(driven, "host")[1].split() == ["▌host", "Where", "it", "is"]
        assert "maxTokens" not in driven.picture()


@pytest.mark.parametrize("media", ["application/json", "text/x-yaml", "application/sql", "base64"])
async def test_a_text_of_several_lines_names_its_language(media: str) -> None:
    key = "contentEncoding" if media == "base64" else "contentMediaType"
    async with dialog(schema((), it={**TEXT, key: media})) as driven:
        assert isinstance(driven.row("it").editor, AreaInput)
        assert media.rpartition("/")[2].removeprefix("x-") in line_of(driven, "it")


async def test_help_of_a_short_screen_is_that_of_the_focused_row() -> None:
    async with dialog(SCENES["unset"].schema, size=(80, 24)) as driven:
        assert "Who it is for" in driven.picture() and "Where it runs" not in driven.picture()
        await driven.focus("region")
        await driven.pilot.pause()
        assert "Who it is for" not in driven.picture() and "Where it runs" in driven.picture()
    async with dialog(SCENES["unset"].schema, size=(120, 36)) as driven:
        assert "Who it is for" in driven.picture() and "Where it runs" in driven.picture()


async def test_help_of_a_wide_screen_stands_at_the_right() -> None:
    async with dialog(SCENES["unset"].schema, size=(170, 45)) as driven:
        assert "Who it is for" in line_of(driven, "name") and len(lines_of(driven, "name")) == 1


# --- what is not typed -------------------------------------------------------------------------------------------


async def test_what_is_read_only_is_shown_and_not_edited() -> None:
    fields = schema((), id={**TEXT, "readOnly": True}, at={"enum": ["a", "b"], "readOnly": True}, name=TEXT)
    async with dialog(fields, {"id": "x-17", "at": "b"}) as driven:
        assert isinstance(driven.row("id").editor, ReadOnly) and isinstance(driven.row("at").editor, ReadOnly)
        assert "x-17" in line_of(driven, "id") and "read only" in line_of(driven, "id")
        await driven.focus("id")
        await driven.press("x", "delete", "space")
        assert driven.form.instance == {"id": "x-17", "at": "b"}
        await driven.press("ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {})], "and never sent"


async def test_a_required_constant_takes_no_focus_unless_it_is_wrong() -> None:
    fields = schema(("kind",), kind={"const": "job"}, name=TEXT)
    async with dialog(fields) as driven:
        assert driven.focused == ("name",) and "= job" in line_of(driven, "kind")
    async with dialog(fields, {"kind": "task"}) as driven:
        assert isinstance(driven.row("kind").editor, Constant) and driven.focused == ("kind",)
        await driven.press("space")
        assert driven.form.instance == {"kind": "job"} and driven.form.problems == []


async def test_yes_or_no_with_a_default_toggles_and_can_be_unset() -> None:
    async with dialog(schema((), retry={"type": "boolean", "default": True})) as driven:
        seen = []
        for key in ("space", "space", "space", "delete"):
            await driven.press(key)
            seen.append(driven.form.instance.get("retry"))
        assert seen == [False, True, False, None]


async def test_options_that_find_no_room_in_one_line_take_several() -> None:
    async with dialog(SCENES["choices"].schema, size=(60, 24)) as driven:
        wordy = driven.row("wordy")
        assert isinstance(wordy.editor, Options) and wordy.size.height == 2
        shown = " ".join(lines_of(driven, "wordy"))
        assert all(label in shown for label in ("keep everything", "keep nothing", "ask again"))


async def test_what_is_clicked_is_picked() -> None:
    async with dialog(SCENES["choices"].schema, size=(60, 24)) as driven:
        editor = driven.row("wordy").editor
        await driven.pilot.click(editor, offset=(3, 1))
        await driven.pilot.pause()
        assert driven.form.instance["wordy"] == "keep nothing"
        await driven.pilot.click(driven.row("pet").editor, offset=(1, 0))
        await driven.pilot.pause()
        assert isinstance(driven.app.screen, ChoiceScreen)


# --- secrets -----------------------------------------------------------------------------------------------------


async def test_where_a_secret_is_kept_is_no_secret() -> None:
    async with dialog(schema((), token=TEXT, name=TEXT)) as driven:
        assert "env:NAME" in line_of(driven, "token")
        await driven.press(*"env:")
        assert "env:" not in line_of(driven, "token"), "not yet a reference"
        await driven.press(*"TOKEN")
        assert "env:TOKEN" in line_of(driven, "token") and "from env" in line_of(driven, "token")
        await driven.press("space", "x")
        assert "TOKEN" not in line_of(driven, "token"), "no reference any more"


async def test_summaries_and_lists_of_closed_things_tell_no_secret() -> None:
    marked = {"type": "string", "writeOnly": True}
    inner = schema((), user=TEXT, password=TEXT, pin={"$ref": "#/$defs/pin"})
    fields = {
        **schema((), login=inner, credentials={"type": "object", "additionalProperties": TEXT}),
        "$defs": {"pin": marked},
    }
    data = {"login": {"user": "ada", "password": "hunter2", "pin": "1234"}, "credentials": {"a": "hunter3"}}
    async with dialog(fields, data) as driven:
        await driven.focus("credentials")
        await driven.press("left")
        assert "ada, •••, •••" in line_of(driven, "login")
        assert all(secret not in driven.picture() for secret in ("hunter", "1234"))


# --- at any width ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENES)
async def test_nothing_overlaps_or_leaves_its_place(name: str) -> None:
    scene = SCENES[name]
    async with dialog(scene.schema, scene.inputs, size=(60, 20)) as driven:
        assert_all_in_place(driven, 60)
        for width, height in ((80, 24), (133, 20), (200, 50), (60, 20)):
            await driven.pilot.resize_terminal(width, height)
            await driven.press()
            assert_all_in_place(driven, width)


def assert_all_in_place(driven: Any, width: int) -> None:
    for row in driven.screen.query_one("#form-pane").query("RowWidget"):
        assert row.region.right <= width
        controls = [child.region for child in row.children]
        assert all(control in row.region or not row.region for control in controls), row
        assert len(controls) == 1 or not controls[0].overlaps(controls[1])
        drawn = row.render().split("\n")
        assert all(line.cell_length <= row.size.width for line in drawn if row.size)
        assert len(drawn) == row.size.height or not row.size


@pytest.mark.parametrize("size", SIZES)
async def test_foreign_text_reaches_no_terminal_and_is_no_markup(size: tuple[int, int]) -> None:
    scene = SCENES["foreign"]
    async with dialog(scene.schema, scene.inputs, size=size) as driven:
        picture = driven.picture()
        assert "[/x][red]a[/]" in picture and "\x1b" not in picture and "\u202e" not in picture
        await driven.focus("b")
        await driven.press("tab", "tab", "f4", "escape")
        assert EVIL not in driven.picture()


async def test_a_line_of_text_takes_no_more_than_one() -> None:
    """A ghost longer than its field is cut with a sign, not broken."""
    async with dialog(schema((), it={**TEXT, "default": "word " * 60}), size=(80, 24)) as driven:
        editor = driven.row("it").editor
        assert isinstance(editor, LineInput) and editor.size.height == 1 and "…" in line_of(driven, "it")


async def test_a_secret_that_is_picked_or_counted_is_not_drawn() -> None:
    enum = {"enum": ["eu-west", "us-east"], "writeOnly": True}
    many = {"type": "array", "uniqueItems": True, "items": {"enum": ["alpha", "beta"]}, "writeOnly": True}
    properties = {"zone": enum, "pin": {"type": "integer", "writeOnly": True}, "many": many}
    async with dialog(schema((), **properties), {"zone": "us-east", "pin": 4711, "many": ["beta"]}) as driven:
        picture = driven.picture()
        assert not any(text in picture for text in ("us-east", "4711", "beta"))
        await driven.press("enter", "down", "enter")
        assert driven.form.instance["zone"] == "us-east" and "us-east" not in driven.picture()
        await driven.focus("pin")
        await driven.press("f9")
        assert "4711" in driven.picture(), "what is typed can be seen"
