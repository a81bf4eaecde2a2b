"""Schemas and data without measure: each answers at once, and what was not checked is not called valid (forms.md 2.5).

The times are guards against freezing and no measures; they are the processor's, so that a busy machine fails nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tui.forms.model import ABSENT, Form

GUARD = 3.0
"""Seconds that everything a screen asks of a form after one edit may take together."""
TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
SLOW = {"type": "string", "pattern": "^(a+)+$"}


def chain(count: int, link: Callable[[str], Any], last: Any) -> dict[str, Any]:
    """Definitions of which each refers to the next."""
    named = {f"d{at}": link(f"#/$defs/d{at + 1}") for at in range(count)}
    return {"$defs": {**named, f"d{count}": last}, "$ref": "#/$defs/d0"}


def nested(levels: int, wrap: Callable[[Any], Any], inner: Any) -> Any:
    for _ in range(levels):
        inner = wrap(inner)
    return inner


def listed(items: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "array", "items": items}}}


FIELDS = [
    {"properties": {f"k{at}_{branch}": TEXT}, "required": [f"k{at}_{branch}"]}
    for at in range(12)
    for branch in range(8)
]
NEED = {"type": "object", "required": ["z"]}
MONSTERS: dict[str, tuple[Any, Any]] = {
    "many numbers": (listed(WHOLE), {"a": list(range(400_000))}),
    "many numbers of no type": ({"type": "object", "properties": {"a": {}}}, {"a": list(range(400_000))}),
    "many texts": (listed(TEXT), {"a": [f"s{at}" for at in range(200_000)]}),
    "many entries": ({"type": "object", "additionalProperties": TEXT}, {f"k{at}": "v" for at in range(100_000)}),
    "many unions": (
        listed({"oneOf": [{"properties": {"k": {"const": at}, "z": TEXT}, "required": ["z"]} for at in range(50)]}),
        {"a": [{"k": at % 50} for at in range(2_000)]},
    ),
    "a text of 1 MB": ({"type": "object", "properties": {"a": TEXT}}, {"a": "x" * 1_000_000}),
    "a pattern that backtracks": ({"properties": {"a": SLOW}}, {"a": "a" * 1_000_000 + "b"}),
    "many patterns that backtrack": (
        {"patternProperties": {f"^(a+)+{at}$": TEXT for at in range(50)}},
        {"a" * 30 + str(at): "x" for at in range(50)},
    ),
    "5,000 fields": ({"type": "object", "properties": {f"p{at}": TEXT for at in range(5_000)}}, ABSENT),
    "a choice of 10,000": ({"properties": {"a": {"enum": list(range(10_000))}}}, {"a": 9_999}),
    "half of 10,000 choices": (
        {"properties": {"a": {"type": "array", "uniqueItems": True, "items": {"enum": list(range(10_000))}}}},
        {"a": list(range(0, 10_000, 2))},
    ),
    "10,000 constants": ({"properties": {"a": {"oneOf": [{"const": at} for at in range(10_000)]}}}, {"a": 9}),
    "a schema of 1,000 levels": (nested(1_000, lambda inner: {"properties": {"a": inner}}, TEXT), {"a": {}}),
    "data of 1,000 levels": ({"properties": {"a": {"$ref": "#"}}}, nested(1_000, lambda inner: {"a": inner}, 1)),
    "2,000 references": (chain(2_000, lambda ref: {"$ref": ref}, TEXT), "x"),
    "a reference to itself": ({"$ref": "#"}, {"a": 1}),
    "itself twice": ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, {"a": 1}),
    "parts that double": (chain(30, lambda ref: {"allOf": [{"$ref": ref}, {"$ref": ref}]}, NEED), {"a": 1}),
    "branches that double": (chain(30, lambda ref: {"anyOf": [{"$ref": ref}, {"$ref": ref}]}, NEED), {"a": 1}),
    "branches that double, empty": (chain(30, lambda ref: {"anyOf": [{"$ref": ref}, {"$ref": ref}]}, NEED), ABSENT),
    "objects that double": (
        chain(40, lambda ref: {"properties": {"l": {"$ref": ref}, "r": {"$ref": ref}}, "required": ["l", "r"]}, TEXT),
        ABSENT,
    ),
    "a product of unions": ({"allOf": [{"oneOf": FIELDS[at * 8 : at * 8 + 8]} for at in range(12)]}, {"k0_0": "x"}),
    "300 conditions": (
        {
            "properties": {"a": TEXT},
            "allOf": [
                {"if": {"properties": {"a": {"const": f"c{at}"}}}, "then": {"properties": {f"b{at}": TEXT}}}
                for at in range(300)
            ],
        },
        {"a": "c7"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MONSTERS)
def test_a_monster_answers_at_once(name: str) -> None:
    schema, value = MONSTERS[name]
    Form(schema).prepare()  # the screen compiles large schemas beside its loop
    began = time.process_time()
    form = Form(schema, value)
    form.rows(), form.problems, form.sent, form.gone
    form.set(("a",) if isinstance(value, dict) else (), 5)
    form.rows(), form.problems
    form.undo()
    assert form.instance == value or value is ABSENT
    assert time.process_time() - began < GUARD


def test_what_was_not_checked_in_time_is_no_valid_input_and_a_check_in_full_knows() -> None:
    form = Form(listed(WHOLE), {"a": [*range(2_000_000)]})
    assert form.is_unchecked and [(problem.path, problem.kind) for problem in form.problems] == [((), "unchecked")]
    checked = form.snapshot()
    checked.check_in_full()
    form.take_check(checked)
    assert form.problems == [] and not form.is_unchecked
    form.set(("a",), [*range(2_000_000), "x"])
    assert form.is_unchecked, "what was found before says nothing of what stands there now"
    form.take_check(checked)
    assert form.is_unchecked


def test_a_check_that_is_put_off_is_said_until_it_is_done() -> None:
    form = Form(listed(WHOLE), {"a": [1]})
    form.put_off_check()
    assert form.is_unchecked
    checked = form.snapshot()
    checked.check_in_full()
    form.take_check(checked)
    assert form.problems == []


def test_a_value_that_no_row_holds_is_held_and_stays_whole() -> None:
    schema = {"properties": {"text": TEXT, "any": {}, "secret": {"type": "string", "writeOnly": True}}}
    value = {"text": "x" * 20_000, "any": list(range(20_000)), "secret": "s" * 20_000}
    form = Form(schema, value)
    rows = {row.name: row for row in form.rows()[1:]}
    assert [rows[name].held for name in value] == ["20,000 characters", "20,000 items", "20,000 characters"]
    assert [rows[name].kind for name in value] == ["text", "any", "secret"]
    assert all(len(row.text) < 17_000 for row in rows.values()) and form.instance == value == form.sent
    form.set(("text",), "short")
    row = form.row(("text",))
    assert row is not None and (row.held, row.text) == ("", "short")
