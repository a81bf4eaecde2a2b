"""Errors as words at the field where a person mends them: forms.md 2.4, behaviour.md 4.2."""

from __future__ import annotations

from typing import Any

import pytest

from engine.schema import SchemaProblem, compile
from engine.schema_words import path_text, value_text


def lines(schema: Any, instance: Any) -> list[str]:
    return [str(problem) for problem in compile(schema).problems(instance)]


def one(schema: Any, instance: Any) -> str:
    (problem,) = compile(schema).problems(instance)
    return problem.text


def test_a_problem_reads_as_path_and_words() -> None:
    assert str(SchemaProblem(("a", "b", 2, "c"), "is required", "required")) == "a.b[2].c: is required"
    assert str(SchemaProblem((), "must be an object", "type")) == "must be an object"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("naïve", 0), "naïve[0]"),
        (("a b", "c.d", ""), '"a b"."c.d".""'),
        ((3,), "[3]"),
        (("x-y", "1a"), 'x-y."1a"'),
    ],
)
def test_paths(path: tuple[str | int, ...], text: str) -> None:
    assert path_text(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("en", "en"),
        ("1", '"1"'),
        ("true", '"true"'),
        ("", '""'),
        (" x", '" x"'),
        (1.0, "1"),
        (None, "null"),
        ([1], "[1]"),
    ],
)
def test_values_are_told_apart(value: Any, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("schema", "instance", "text"),
    [
        ({"type": "integer"}, "x", "must be a whole number"),
        ({"type": ["string", "null"]}, 1, "must be text or empty (null)"),
        ({"type": "integer", "nullable": True}, "x", "must be a whole number or empty (null)"),
        ({"type": ["array", "object"]}, 1, "must be a list or an object"),
        ({"enum": ["en", "es"]}, "x", "must be one of en, es"),
        ({"enum": list("abcdefgh")}, "x", "must be one of a, b, c, d, e … (8)"),
        ({"enum": ["a"]}, "x", "must be a"),
        ({"const": 3}, "x", "must be 3"),
        ({"minimum": 1, "maximum": 300}, 900, "must be 1 to 300"),
        ({"minimum": 1, "maximum": 300}, 0, "must be 1 to 300"),
        ({"minimum": 1}, 0, "must be at least 1"),
        ({"exclusiveMinimum": 0, "maximum": 1}, 2, "must be more than 0 and at most 1"),
        ({"minimum": 3, "exclusiveMinimum": True}, 3, "must be more than 3"),
        ({"multipleOf": 5}, 3, "must be a multiple of 5"),
        ({"multipleOf": 1}, 1.5, "must be a whole number"),
        ({"minLength": 3}, "ab", "has 2 of at least 3 characters"),
        ({"maxLength": 10}, "a" * 12, "has 12 of at most 10 characters"),
        ({"minLength": 1}, "", "must not be empty"),
        ({"minItems": 1}, [], "needs at least 1 item"),
        ({"maxItems": 2}, [1, 2, 3], "has 3, needs at most 2 items"),
        ({"minProperties": 2}, {"a": 1}, "has 1, needs at least 2 entries"),
        ({"pattern": "^x"}, "a", "does not match ^x"),
        ({"pattern": "^x", "examples": ["xy"]}, "a", "does not match ^x, e.g. xy"),
        ({"pattern": "^x", "x-errorMessage": "begins with x"}, "a", "begins with x"),
        ({"pattern": "^x", "patternErrorMessage": "begins with x"}, "a", "begins with x"),
        ({"minimum": 1, "errorMessage": {"minimum": "one or more, please"}}, 0, "one or more, please"),
        ({"format": "date"}, "x", "must be a date like 2026-03-04"),
        ({"not": {"const": 0}}, 0, "must not be 0"),
        ({"not": {"required": ["a"]}}, {"a": 1}, "must not have a"),
        ({"contains": {"const": 1}}, [2], "needs at least one item of the kind the schema asks for"),
        ({"prefixItems": [{}], "items": False}, [1, 2], "has too many items, at most 1"),
    ],
)
def test_words(schema: Any, instance: Any, text: str) -> None:
    assert one(schema, instance) == text


class TestPlaces:
    def test_what_is_missing_stands_at_its_own_path(self) -> None:
        (problem,) = compile({"properties": {"o": {"required": ["x"]}}}).problems({"o": {}})
        assert problem == SchemaProblem(("o", "x"), "is required", "required")

    def test_required_says_what_made_it_so(self) -> None:
        assert lines({"dependentRequired": {"a": ["b"]}}, {"a": 1}) == ["b: is required because a is set"]
        schema = {
            "if": {"properties": {"method": {"const": "POST"}}, "required": ["method"]},
            "then": {"required": ["body"]},
            "else": {"properties": {"body": False}},
        }
        assert lines(schema, {"method": "POST"}) == ["body: is required because method is POST"]
        assert lines(schema, {"method": "GET", "body": 1}) == ["body: is not allowed here because method is not POST"]

    def test_each_unexpected_key_is_named_with_what_may_be_meant(self) -> None:
        schema = {
            "properties": {"name": {}, "node": {"properties": {"role": {}}, "additionalProperties": False}},
            "additionalProperties": False,
        }
        assert lines(schema, {"nmae": 1, "zzz": 2, "node": {"rool": 3}}) == [
            "nmae: is not an input of this task (did you mean name?)",
            "zzz: is not an input of this task",
            "node.rool: is not known here (did you mean role?)",
        ]

    def test_a_property_that_may_not_be_is_named(self) -> None:
        assert lines({"properties": {"a": False}}, {"a": 1}) == ["a: is not allowed here"]
        assert lines({"patternProperties": {"^a": False}}, {"ab": 1}) == ["ab: is not allowed here"]

    def test_a_name_that_is_not_allowed_stands_at_the_name(self) -> None:
        assert lines({"propertyNames": {"maxLength": 2}}, {"abc": 1}) == [
            "abc: this name is not allowed: has 3 of at most 2 characters"
        ]

    def test_the_later_of_two_equal_items(self) -> None:
        assert lines({"uniqueItems": True}, ["a", "b", "b"]) == ["[2]: is the same as item 2"]

    def test_one_problem_a_field_the_first_in_the_order(self) -> None:
        schema = {
            "properties": {"a": {"format": "email", "pattern": "^x", "maxLength": 1, "enum": ["q"], "type": "string"}}
        }
        assert lines(schema, {"a": "ab"}) == ["a: must be q"]
        del schema["properties"]["a"]["enum"]
        assert lines(schema, {"a": "ab"}) == ["a: has 2 of at most 1 character"]

    def test_problems_come_in_the_order_of_the_inputs_what_is_missing_last(self) -> None:
        schema = {"required": ["z", "y"], "additionalProperties": {"type": "integer"}, "minProperties": 9}
        assert lines(schema, {"b": "x", "a": ["x"]}) == [
            "has 2, needs at least 9 entries",
            "b: must be a whole number",
            "a: must be a whole number",
            "z: is required",
            "y: is required",
        ]


AUTH = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"const": "basic"}, "user": {"type": "string"}},
            "required": ["kind", "user"],
        },
        {
            "type": "object",
            "properties": {"kind": {"const": "bearer"}, "token": {"type": "string", "minLength": 8}},
            "required": ["kind", "token"],
        },
    ]
}


class TestUnions:
    @pytest.mark.parametrize(
        ("instance", "expected"),
        [
            ({"kind": "bearer", "token": "x"}, ["auth.token: has 1 of at least 8 characters"]),
            ({"kind": "basic"}, ["auth.user: is required"]),
            ({"kind": "none"}, ["auth.kind: must be one of basic, bearer"]),
            ({}, ["auth.kind: is required"]),
            (3, ["auth: must be an object"]),
        ],
    )
    def test_only_the_branch_that_is_meant_speaks(self, instance: Any, expected: list[str]) -> None:
        assert lines({"properties": {"auth": AUTH}}, {"auth": instance}) == expected

    @pytest.mark.parametrize(
        ("branches", "instance", "text"),
        [
            (
                [{"type": "string"}, {"type": "integer"}, {"type": "null"}],
                [],
                "must be text, a whole number or empty (null)",
            ),
            ([{"const": "a", "title": "A"}, {"const": "b", "title": "B"}], "x", "must be one of a, b"),
            ([{"enum": ["auto"]}, {"type": "integer"}], "x", "must be auto or a whole number"),
            ([{"type": "integer", "minimum": 1}, {"enum": ["auto"]}], 0, "must be at least 1"),
            ([{"type": "string", "minLength": 1}, {"type": "null"}], "", "must not be empty"),
            ([{"required": ["a"]}, {"required": ["b", "c"]}], {"b": 1, "d": 1}, "needs a or c"),
            (
                [{"title": "Even", "multipleOf": 2}, {"title": "Big", "minimum": 9}],
                3,
                "matches none of 2 forms: Even, Big",
            ),
        ],
    )
    def test_branches_that_are_alike_are_told_as_one(self, branches: list[Any], instance: Any, text: str) -> None:
        assert one({"anyOf": branches}, instance) == text

    def test_more_than_one_that_fits_names_them(self) -> None:
        schema = {"oneOf": [{"title": "By name"}, {"type": "string"}, {"properties": {"x": {}, "y": {}}}]}
        assert one(schema, {}) == "fits more than one of: By name, x, y"

    def test_why_a_union_is_asked_for_is_kept(self) -> None:
        schema = {"dependentSchemas": {"on": {"anyOf": [{"properties": {"x": {"type": "integer"}}}, {"type": "null"}]}}}
        assert lines(schema, {"on": 1, "x": "y"}) == ["x: must be a whole number because on is set"]
