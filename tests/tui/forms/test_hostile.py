"""Schemas and data that nobody should write: a message, never a crash, a hang or lost text (forms.md 0, 2.5)."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tui.forms.driver import open_all
from tui.forms.model import ABSENT, Form, Path
from tui.forms.strict_json import dump

NAMES = st.sampled_from(["a", "b", "c", "$ref", "__proto__", "items", "type", "", "a.b", "api_key", "[/x]", "\x1b]0;x"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([0.5, 1.0, 1e300, float("nan"), float("inf"), 10**30]),
    st.sampled_from(["", "a", "b", "x\ny", "\ud800", "2026-03-04", "•••", "[/x]", "\x1b[0m", "1"]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null", "nonsense"])
REFS = st.sampled_from(
    ["#", "#/$defs/a", "#/$defs/b", "#/properties/a", "#a", "http://[x", "https://example.org/x", "item", "#/$defs/%zz"]
)


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    named = st.dictionaries(NAMES, inner, max_size=3)
    listed = st.lists(inner, min_size=1, max_size=3)
    names = st.lists(NAMES, max_size=2)
    known: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, max_size=3),
        "properties": named,
        "required": names | st.booleans(),
        "additionalProperties": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "(", "^(a+)+$"]), inner, max_size=2),
        "propertyNames": inner,
        "items": inner | listed,
        "prefixItems": listed,
        "minItems": st.integers(-1, 3),
        "uniqueItems": st.booleans(),
        "enum": st.lists(VALUES, max_size=3),
        "const": VALUES,
        "default": VALUES,
        "oneOf": listed,
        "anyOf": listed,
        "allOf": listed,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "dependentRequired": st.dictionaries(NAMES, names, max_size=2),
        "dependentSchemas": named,
        "dependencies": st.dictionaries(NAMES, inner | names, max_size=2),
        "$ref": REFS,
        "$defs": named,
        "$id": st.sampled_from(["item", "http://x/y", "#a", "http://[x"]),
        "$anchor": st.just("a"),
        "title": st.sampled_from(["T", "[/x]", 5]),
        "readOnly": st.booleans(),
        "nullable": st.booleans(),
        "minimum": st.integers(-2, 2) | st.just("x"),
        "multipleOf": st.sampled_from([0, 0.01, 2]),
        "pattern": st.sampled_from(["^(a+)+$", "(", "a"]),
        "format": st.sampled_from(["date", "regex", "password", "nonsense"]),
        "discriminator": st.just({"propertyName": "a", "mapping": {"x": "#/$defs/a"}}),
        "ui:order": names,
        "enumNames": st.lists(st.text(max_size=2), max_size=2),
    }
    pairs = [st.tuples(st.just(name), strategy) for name, strategy in known.items()]
    return st.lists(st.one_of(pairs), max_size=6).map(dict)


SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.just({}) | st.builds(lambda kind: {"type": kind}, TYPES) | VALUES, _keywords, max_leaves=8
)
PATHS = st.lists(NAMES | st.integers(-1, 3), max_size=3).map(tuple)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "set",
                "unset",
                "null",
                "choose",
                "add",
                "rename",
                "remove",
                "move",
                "undo",
                "redo",
                "open",
                "enter",
                "load",
            ]
        ),
        st.integers(0, 30),
        PATHS,
        VALUES,
        st.integers(-1, 3),
        NAMES,
    ),
    max_size=8,
)


def _edit(form: Form, what: str, path: Path, value: Any, number: int, name: str) -> None:
    match what:
        case "set":
            form.set(path, value)
        case "unset":
            form.unset(path)
        case "null":
            form.set_null(path)
        case "choose":
            form.choose(path, number)
        case "add":
            form.add(path, name if number else None)
        case "rename":
            form.rename(path, name)
        case "remove":
            form.remove(path)
        case "move":
            form.move(path, number)
        case "undo":
            form.undo()
        case "redo":
            form.redo()
        case "open":
            form.open(path)
        case "enter":
            form.enter(path, dump(value, None))
        case "load":
            form.load_text(dump(value))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(SCHEMAS, st.just(ABSENT) | VALUES, EDITS)
def test_no_schema_no_instance_and_no_edit_makes_a_form_raise(schema: Any, value: Any, edits: list[Any]) -> None:
    form = Form(schema, value)
    first = form.instance
    open_all(form, 3)
    for what, at, path, given_value, number, name in edits:
        rows = form.rows()
        target = rows[at % len(rows)].path if rows and number >= 0 else path
        _edit(form, what, target, given_value, number, name)
        form.rows()
    assert isinstance(form.problems, list)
    form.payload, form.text(), form.strangers(), form.gone, form.notes
    while form.can_undo:
        form.undo()
    assert dump(form.instance) == dump(first) or form.instance is first
