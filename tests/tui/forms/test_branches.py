"""Conditions and unions: drawn live, a draft for each branch, the branch told by the data (forms.md 1.2, 1.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.forms.reading import AUTH, problems, row
from tui.forms.model import Form

# --- what a condition takes away ---------------------------------------------------------------------------------

REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {"method": {"enum": ["GET", "POST"]}},
    "if": {"properties": {"method": {"const": "POST"}}, "required": ["method"]},
    "then": {"properties": {"body": {"type": "string"}}, "required": ["body"]},
}


def test_a_field_that_goes_away_is_kept_in_memory_and_not_sent() -> None:
    form = Form({**REQUEST, "unevaluatedProperties": False}, {"method": "POST", "body": "x"})
    assert row(form, "body").because == "method is POST"
    form.set(("method",), "GET")
    assert ("body",) not in [item.path for item in form.rows()]
    assert form.payload == {"method": "GET"} and form.gone == [("body",)]
    assert form.problems == [], "what is not drawn holds no launch"
    form.set(("method",), "POST")
    assert form.instance == {"method": "POST", "body": "x"} == form.payload and row(form, "body").text == "x"


def test_what_was_loaded_beside_a_condition_is_shown_and_sent() -> None:
    form = Form(REQUEST, {"method": "GET", "body": "x"})
    assert row(form, "body").keyed and form.problems == [] and form.payload == {"method": "GET", "body": "x"}


def test_a_field_told_by_another_needs_no_chooser() -> None:
    schema = {
        "type": "object",
        "properties": {"auth": {"type": "string"}},
        "oneOf": [
            {"properties": {"auth": {"const": "none"}}},
            {"properties": {"auth": {"const": "basic"}, "user": {"type": "string"}}, "required": ["user"]},
        ],
    }
    form = Form(schema)
    assert [item.kind for item in form.drawn()] == ["choice"] and row(form, "auth").options[1] == ("basic", "basic")
    form.set(("auth",), "basic")
    assert row(form, "user").required and problems(form) == {("user",): "is required"}


# --- unions, more of them ----------------------------------------------------------------------------------------


def test_what_stands_beside_a_union_stays_and_the_rest_is_suggested() -> None:
    branch = {"type": "object", "properties": {"url": {"type": "string"}, "a": {"type": "integer"}}}
    other = {"type": "object", "properties": {"url": {"type": "string"}, "b": {"type": "string"}}, "required": ["b"]}
    form = Form({"type": "object", "properties": {"n": {"type": "integer"}}, "oneOf": [branch, other]})
    form.choose((), 0)
    form.set(("n",), 1)
    form.set(("url",), "u")
    form.set(("a",), 2)
    form.choose((), 1)
    assert form.instance == {"n": 1}, "nothing of the other branch is taken by itself"
    assert row(form, "url").suggestion == "u" and row(form, "url").state == "absent"
    form.set(("n",), 5)
    form.choose((), 0)
    assert form.instance == {"n": 5, "url": "u", "a": 2}, "the draft comes back, what stands beside is as it is"


def test_only_the_chosen_branch_speaks() -> None:
    form = Form(AUTH)
    form.choose(("auth",), 0)
    form.set(("auth", "user"), 5)
    assert problems(form) == {("auth", "user"): "must be text"}
    form.choose(("auth",), 2)
    form.set(("auth",), 5)
    assert problems(form) == {("auth",): "must be text"}


def test_typing_never_changes_the_branch() -> None:
    def demanding(title: str, name: str) -> dict[str, Any]:
        return {"title": title, "properties": {name: {"type": "string"}}, "required": [name]}

    schema = {"anyOf": [demanding("A", "a"), demanding("B", "b")]}
    form = Form(schema, {"a": "x"})
    assert row(form).chosen == 0
    form.unset(("a",))
    form.add((), "b")
    form.set(("b",), "y")
    assert row(form).chosen == 0


@pytest.mark.parametrize(
    ("value", "branch"),
    [({"kind": "b"}, 1), ({"kind": "b", "x": "wrong"}, 1), ({"kind": "a", "y": 1}, 0), ([1], 2), ("x", 3)],
)
def test_the_branch_is_told_by_the_data(value: Any, branch: int) -> None:
    def named(kind: str) -> dict[str, Any]:
        inner = {"kind": {"enum": [kind]}, "x": {"type": "integer"}}
        return {"type": "object", "properties": inner, "required": ["kind", "x"]}

    form = Form({"anyOf": [named("a"), named("b"), {"type": "array"}, {"type": "string"}]}, value)
    assert row(form).chosen == branch


def test_constants_of_a_new_object_are_not_forgotten() -> None:
    inner = {"type": "object", "properties": {"v": {"const": 2}, "n": {"type": "string"}}, "required": ["v"]}
    form = Form({"type": "object", "properties": {"o": inner, "l": {"type": "array", "items": inner}}})
    form.set(("o", "n"), "x")
    form.add(("l",))
    assert form.instance == {"o": {"v": 2, "n": "x"}, "l": [{"v": 2}]}
    form.undo()
    form.undo()
    assert form.instance == {}


def test_a_union_may_be_null_and_comes_back() -> None:
    schema = {"oneOf": [{"type": "object", "properties": {"k": {"const": 1}}}, {"type": "array"}, {"type": "null"}]}
    form = Form({"type": "object", "properties": {"u": schema}})
    form.choose(("u",), 0)
    assert row(form, "u").nullable and row(form, "u").branches == ["1", "list"]
    form.set_null(("u",))
    assert form.instance == {"u": None} and form.problems == [] and row(form, "u").state == "null"
    form.choose(("u",), 0)
    assert form.instance == {"u": {}}


@pytest.mark.parametrize(
    ("branches", "value", "path", "words"),
    [
        ([{"type": "integer"}, {"enum": ["off", "on"]}, {"type": "array"}], "bad", (), "must be one of off, on"),
        (
            [
                {"type": "object", "properties": {"var": {}}, "required": ["var"], "additionalProperties": False},
                {"type": "object", "properties": {"op": {"enum": ["+", "*"]}, "args": {}}, "required": ["op", "args"]},
            ],
            {"op": "-", "args": []},
            ("op",),
            "must be one of +, *",
        ),
        ([{"not": {}}, {"additionalProperties": {"type": "string"}}], {"a": 1}, ("a",), "must be text"),
    ],
    ids=["a constant of its type", "most required keys", "not what takes nothing"],
)
def test_a_value_that_fits_no_branch_is_told_by_the_likest(
    branches: list[Any], value: Any, path: tuple[str, ...], words: str
) -> None:
    form = Form({"type": "object", "properties": {"u": {"anyOf": branches}}}, {"u": value})
    assert problems(form) == {("u", *path): words}
