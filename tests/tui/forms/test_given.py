"""Data as it was given, hints of the schema, and the limits (forms.md 1.6, 2.5, 5.2)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.tui.forms.reading import problems, row
from tui.forms.model import Form

# --- data as it was given ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1.0", "1e400", "12345678901234567890", "-0", "1.50", "1E5"])
def test_numbers_stay_as_they_were_written(text: str) -> None:
    form = Form.from_text({"type": "object", "properties": {"n": {"type": "number"}}}, f'{{"n": {text}}}')
    assert form.text() == f'{{\n  "n": {text}\n}}' and row(form, "n").text == text


@pytest.mark.parametrize(
    ("value", "words"),
    [(float("inf"), "no number"), (float("nan"), "no number"), ("a\ud800", "half a character"), ({1}, "no JSON: set")],
)
def test_what_no_json_can_hold_is_a_problem(value: Any, words: str) -> None:
    form = Form({"type": "object"}, {"n": value})
    assert words in problems(form)[("n",)]


def test_a_number_out_of_range_is_a_problem_and_kept() -> None:
    form = Form.from_text({}, "[1e400]")
    assert problems(form) == {(0,): "1e400 is too large a number"}


def test_the_rest_of_the_rows_of_a_long_list_is_a_page_away() -> None:
    form = Form({"type": "array", "items": {"type": "integer"}}, list(range(500)))
    form.open(())
    assert row(form).page == (0, 500) and len(form.rows()) == 201
    form.turn((), 400)
    assert [item.value for item in form.rows()[1:]] == list(range(400, 500))
    assert form.add(()) == (500,) and row(form, 500).state == "absent", "what is added is drawn"


def test_marks_follow_their_items() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}}
    form = Form({"type": "array", "items": inner}, [{"a": "x"}, {"a": "y"}, {"a": "z"}])
    form.open((0,))
    form.move((0,), 2)
    assert row(form, 2).is_open and not row(form, 0).is_open
    form.remove((1,))
    assert row(form, 1).is_open


def test_items_that_minitems_asks_for_are_drawn_before_they_are_there() -> None:
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 2}
    form = Form({"type": "object", "properties": {"l": schema}, "required": ["l"]})
    assert form.instance == {"l": []} and row(form, "l", 1).state == "absent"
    form.enter(("l", 1), "x")
    assert problems(form) == {("l", 0): "is required"}, "an open place is to fill, not null"
    form.enter(("l", 0), "y")
    assert form.problems == [] and form.instance == {"l": ["y", "x"]}


# --- hints, limits -----------------------------------------------------------------------------------------------


def test_hints_are_heeded() -> None:
    schema = {
        "type": "object",
        "ui:order": ["b", "*"],
        "properties": {
            "a": {"type": "string", "x-placeholder": "like this", "examples": ["x", "y"], "x-group": "First"},
            "b": {"enum": [1, 2], "enumNames": ["One", "Two"], "enumDescriptions": ["the first", "the second"]},
            "c": {"type": "string", "x-hidden": True},
            "d": {"type": "string", "x-multiline": True},
            "e": {"type": "string", "x-secret": True},
            "f": {"type": "string", "deprecated": True, "x-order": 0},
            "g": {"type": "string", "pattern": "^a$", "errorMessage": "needs an a"},
        },
    }
    form = Form(schema, {"g": "b"})
    assert [item.path[0] for item in form.drawn()] == ["b", "a", "d", "e", "g", "f"]
    assert row(form, "a").placeholder == "like this" and row(form, "a").proposals == ["x", "y"]
    assert row(form, "a").section == "First"
    assert row(form, "b").options == [("One", 1), ("Two", 2)] and row(form, "b").option_help[1] == "the second"
    assert (row(form, "d").kind, row(form, "e").kind, row(form, "f").deprecated) == ("multiline", "secret", True)
    assert problems(form) == {("g",): "needs an a"}


def test_read_only_input_is_shown_and_not_sent() -> None:
    form = Form({"type": "object", "properties": {"id": {"type": "string", "readOnly": True}}}, {"id": "7"})
    assert row(form, "id").read_only and form.instance == {"id": "7"} and form.payload == {}


def test_the_draft_that_a_schema_is_read_as_is_noted() -> None:
    form = Form({"type": "object", "properties": {"a": {"type": "array", "items": [{"type": "string"}]}}})
    form.prepare()
    assert form.notes == ["read as draft-07, no $schema given"]


def test_schemas_that_are_too_large_or_too_long_say_so() -> None:
    huge = {"type": "object", "properties": {f"f{n}": {"description": "d" * 1000} for n in range(1600)}}
    form = Form(huge, {"f1": 1})
    assert [item.kind for item in form.rows()] == ["raw"] and "larger than 1 MB" in form.rows()[0].reason
    assert "larger than 1 MB" in form.problems[0].text and form.instance == {"f1": 1}
    many = Form({"type": "object", "properties": {f"f{n}": {} for n in range(6000)}})
    assert len(many.rows()) == 5000 and any("5,000 rows" in note for note in many.notes)


def test_a_chain_of_references_ends() -> None:
    chain = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(100)}
    form = Form({"$defs": chain, "type": "object", "properties": {"a": {"$ref": "#/$defs/a0"}}})
    assert row(form, "a").kind == "raw" and "more than 64" in row(form, "a").reason


def test_deep_data_is_drawn_as_far_as_it_goes() -> None:
    deep: Any = "x"
    for _ in range(3000):
        deep = {"n": deep}
    node = {"$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}
    for schema in (node, {"type": "object"}, {}):
        form = Form(schema, deep)
        for depth in range(70):
            form.open(("n",) * depth)
        assert form.rows() and isinstance(form.problems, list) and form.payload and form.instance is deep
        form.set(("n", "n"), {})
        form.undo()
        assert form.instance is deep


def test_of_a_value_over_64_kilobytes_its_row_holds_the_beginning_and_says_how_long_it_is() -> None:
    form = Form({"type": "object", "properties": {"t": {"type": "string"}}})
    form.enter(("t",), "x" * 1_000_000)
    held = row(form, "t")
    assert held.held == "1,000,000 characters" and len(held.text) <= 64_000
    assert form.instance["t"] == "x" * 1_000_000


def test_the_largest_form_is_drawn_and_checked_between_two_keys(capsys: pytest.CaptureFixture[str]) -> None:
    """What one key costs in a form of 133 fields, printed; what it did not touch is the same row as before."""
    defs: dict[str, Any] = {}
    for group in range(12):
        named = {f"p{n}": {"type": "string", "pattern": "^x", "default": "x"} for n in range(group, 133, 12)}
        defs[f"g{group}"] = {"title": f"Group {group}", "type": "object", "properties": named}
    form = Form({"$defs": defs, "type": "object", "allOf": [{"$ref": f"#/$defs/g{n}"} for n in range(12)]})
    before = {item.path: item for item in form.rows()}
    assert len(before) == 134 and before[("p1",)].section == "Group 1" and form.problems == []
    spent = []
    for number in range(20):
        begun = time.perf_counter()
        form.set(("p6",), f"x{number}")
        form.rows()
        form.problems  # noqa: B018
        spent.append(time.perf_counter() - begun)
    with capsys.disabled():
        print(f"\n  one key in a form of 133 fields: {sorted(spent)[10] * 1000:.1f} ms")
    assert [item.path for item in form.rows() if before[item.path] is not item] == [(), ("p6",)]
