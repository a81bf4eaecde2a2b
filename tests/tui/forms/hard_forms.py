"""Small forms, each of one hard thing that people write in schemas, with instances that a person must be able to enter.

What the real schemas lack or have rarely: nested unions, names without a character, null in every place, the ends of
tuples, numbers that floats cannot hold.
"""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import Any

from tests.tui.forms.schemas import TREE, fields


def needed(schema: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**schema, "required": list(names)}


def kind(name: str, **properties: Any) -> dict[str, Any]:
    """A branch that its `kind` tells."""
    return needed(fields(kind={"const": name}, **properties), "kind", *properties)


TEXT, WHOLE, NUMBER, YES = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}
OR_NULL = {"type": ["string", "null"]}
PORT = needed(fields(name=TEXT, port=WHOLE), "name", "port")


def many(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def named(values: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values, **more}


INNER = {"oneOf": [many(WHOLE), kind("in", z=YES)]}
NESTED = {"oneOf": [
    {"title": "A", "oneOf": [kind("a1", p=TEXT), kind("a2", q=INNER)]},
    many({"oneOf": [TEXT, kind("b", r={"type": ["number", "null"]})]}),
]}
MAYBE = {"anyOf": [kind("a", x=WHOLE), many(TEXT), {"type": "null"}]}
SUM = {"$ref": "#/$defs/e", "$defs": {"e": {"oneOf": [WHOLE, needed(fields(op={"enum": ["+", "-"]}, args=many({"$ref": "#/$defs/e"}, minItems=2)), "op", "args")]}}}

HARD: dict[str, tuple[Any, list[Any]]] = {
    "nested unions": (fields(u=NESTED), [{"u": {"kind": "a1", "p": ""}}, {"u": {"kind": "a2", "q": {"kind": "in", "z": False}}}, {"u": ["x", {"kind": "b", "r": None}, ""]}]),
    "a required union that may be null": (needed(fields(u=MAYBE), "u"), [{"u": None}, {"u": {"kind": "a", "x": 1}}]),
    "a list of unions that may be null": (fields(l=many(MAYBE)), [{"l": [None, {"kind": "a", "x": 1}, ["y"]]}]),
    "scalars of more kinds": (
        fields(a={"type": ["string", "integer", "boolean", "null"]}, b={"anyOf": [TEXT, NUMBER]}),
        [{"a": "1", "b": 1.5}, {"a": True, "b": "true"}, {"a": None, "b": '"x"'}, {"a": "null", "b": ""}],
    ),
    "secrets of other kinds": (fields(token={"type": ["string", "integer"]}, password={}), [{"token": 5, "password": {"a": 1}}, {"token": "5", "password": "123"}]),
    "a constant that may be null": (needed(fields(c={"anyOf": [{"const": 5}, {"type": "null"}]}), "c"), [{"c": None}]),
    "an object of a constant": (fields(o=needed(fields(kind={"const": "k"}, x=TEXT), "kind")), [{"o": {"kind": "k"}}]),
    "names without a character": (named(WHOLE), [{"": 1, "a": 2, "b": 3}, {"a": 1, "": 2}]),
    "objects without a name": (fields(m=named(fields(n=WHOLE))), [{"m": {"": {"n": 1}, "x": {}}}]),
    "patterns of names": ({**fields(name=TEXT), "patternProperties": {"^x-": WHOLE, "^l-": many(TEXT)}, "additionalProperties": False}, [{"name": "a", "x-1": 1, "l-1": ["p", "q"]}]),
    "patterns in a list": (fields(l=many({**fields(a=TEXT), "patternProperties": {"^x-": WHOLE}})), [{"l": [{"a": "1", "x-a": 2}, {"x-b": 3}]}]),
    "a branch that takes more": (fields(u={"oneOf": [{**needed(fields(a=TEXT), "a"), "additionalProperties": WHOLE}, TEXT]}), [{"u": {"a": "x", "n": 1}}]),
    "objects that forbid nothing": (fields(o=fields(a=TEXT)), [{"o": {"a": "x", "more": 1}, "else": [1, {"a": None}]}]),
    "evaluated nowhere": ({"allOf": [fields(a=TEXT)], "properties": {"b": WHOLE}, "unevaluatedProperties": YES}, [{"a": "x", "b": 1, "c": True}]),
    "lists of lists": (fields(m=many(many(many(WHOLE)))), [{"m": [[[1, 2], []], [], [[3]]]}]),
    "lists of objects of lists": (fields(g=many(fields(h=many(PORT)))), [{"g": [{"h": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]}, {"h": [{"name": "c", "port": 3}]}]}]),
    "a map of lists of maps": (fields(m=named(many(named(TEXT)))), [{"m": {"a": [{"x": "1"}, {}], "b": []}}]),
    "items that are owed": (fields(l=many(fields(a=TEXT, b={"const": 1}), minItems=2)), [{"l": [{"a": "x"}, {"a": "y", "b": 1}, {}]}]),
    "a tuple with a constant": (fields(t={"type": "array", "prefixItems": [{"const": "sum"}, WHOLE], "items": False}), [{"t": ["sum", 3]}, {"t": ["sum"]}, {"t": []}]),
    "a tuple with more behind it": (fields(p={"type": "array", "prefixItems": [TEXT, YES], "items": NUMBER}), [{"p": ["x", False, 1.50, -2]}]),
    "a sum of sums": (SUM, [{"op": "+", "args": [1, {"op": "-", "args": [2, 3]}]}]),
    "a tree of itself": (TREE, [{"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}, {"name": "d", "children": []}]}]),
    "null above fields": (
        fields(o=needed({"type": ["object", "null"], "properties": {"k": {"const": 1}, "x": WHOLE}}, "k"), l={"type": ["array", "null"], "items": TEXT}, m=named(OR_NULL)),
        [{"o": None, "l": None, "m": {"a": None, "b": ""}}, {"o": {"k": 1, "x": 2}, "l": []}],
    ),
    "null, unset, empty": (
        fields(a=TEXT, b=OR_NULL, c={"type": ["boolean", "null"]}, d=many({}), e={}, f=fields(x=TEXT)),
        [{}, {"a": "", "b": None, "c": None, "d": [None, "", 0, False, [], {}], "e": None}, {"b": "", "c": False, "e": "null", "f": {}}],
    ),
    "numbers": (
        fields(i=WHOLE, n=NUMBER, a={}, s=TEXT, e={"anyOf": [TEXT, NUMBER]}),
        [{"i": 10**40, "n": -0.000001, "a": 12345678901234567890123, "s": "1e400", "e": "1e400"}, {"i": -1, "n": 1e300, "a": "1e400", "s": "007"}],
    ),
    "moments": (
        fields(d={**OR_NULL, "format": "date"}, t=many({**TEXT, "format": "time"}), w=named({**TEXT, "format": "date-time"}), x={"anyOf": [{**TEXT, "format": "date"}, WHOLE]}),
        [{"d": "2024-02-29", "t": ["00:00:00Z", "23:59:59.123+05:30"], "w": {"a": "2026-03-04T12:30:00-09:30"}, "x": "2026-01-01"}, {"d": None, "x": 20260101}],
    ),
    "conditions": (
        {**fields(m={"enum": ["a", "b"]}), "if": {"properties": {"m": {"const": "a"}}, "required": ["m"]}, "then": needed({"properties": {"x": many(WHOLE)}}, "x"), "else": needed({"properties": {"y": OR_NULL}}, "y")},
        [{"m": "a", "x": []}, {"m": "b", "y": None}, {"y": ""}],
    ),
    "dependents": ({**fields(card=TEXT), "dependentSchemas": {"card": needed({"properties": {"addr": needed(fields(zip={"type": ["string", "integer"]}), "zip")}}, "addr")}}, [{"card": "1", "addr": {"zip": "12"}}]),
    "several of a list": (
        fields(s=many({"enum": [f"o{at}" for at in range(30)]}, uniqueItems=True), t={"type": ["array", "null"], "uniqueItems": True, "items": {"enum": [1, None, "1", True]}}),
        [{"s": ["o7", "o1", "o10"], "t": ["1", None, 1, True]}, {"s": [], "t": None}],
    ),
    "odd choices": (
        fields(a={"enum": ["", None, 0, False, "0", "a b", {"x": 1}, [1]]}, c={"enum": ["a", "ab", "abc", "b", "ba", "c"]}, d={"enum": ["only"]}, e={"oneOf": [{"const": at, "title": "same"} for at in range(7)]}),
        [{"a": "", "c": "a", "e": 3}, {"a": None, "d": "only"}, {"a": False}, {"a": [1], "c": "ba"}],
    ),
    "odd texts": (
        fields(a=TEXT, b={**TEXT, "contentMediaType": "text/plain"}, c={**TEXT, "format": "file-path"}, d=many(TEXT), e={}),
        [{"a": "\t\x1b[0m\u202ex", "c": "/a\nb", "d": [" ", "a\nb"], "e": "a\nb"}, {"a": " x ", "b": "{\n  1: [/x]\n}", "c": "", "d": [""]}],
    ),
    "secrets by their name": (fields(headers=named(TEXT)), [{"headers": {"Authorization": "Bearer x", "X-A": ""}}]),
    "names from a list": ({**named({"anyOf": [WHOLE, many(WHOLE)]}), "propertyNames": {"enum": ["one", "two"]}}, [{"two": [1], "one": 2}]),
    "odd names of fields": (fields(**{"a.b": fields(**{"": WHOLE}), "": TEXT, "[/x]": YES}), [{"a.b": {"": 1}, "": "", "[/x]": True}]),
    "what is folded": (
        fields(old={**TEXT, "deprecated": True}, **{f"f{at}": {**TEXT, "x-group": f"g{at // 10}"} for at in range(50)}),
        [{"old": "1", "f0": "a", "f33": "c"}],
    ),
}
