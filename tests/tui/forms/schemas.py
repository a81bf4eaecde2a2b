"""Schemas of our own, one for each thing of the table in forms.md 1.2, with instances that fit and some that do not."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """`invalid` are (instance, path of a problem)."""

    name: str
    schema: Any
    valid: tuple[Any, ...]
    invalid: tuple[tuple[Any, tuple[str | int, ...]], ...] = ()


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
            "required": ["name"],
        }
    },
    "$ref": "#/$defs/node",
}

SHAPES = {
    "oneOf": [
        {
            "title": "Circle",
            "type": "object",
            "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}},
            "required": ["kind", "r"],
        },
        {
            "type": "object",
            "properties": {"kind": {"const": "box"}, "w": {"type": "number"}, "h": {"type": "number"}},
            "required": ["kind", "w"],
            "additionalProperties": False,
        },
        {"type": "array", "items": {"type": "number"}},
        {"type": "string"},
    ]
}

SAMPLES = (
    Sample("texts", fields(a={"type": "string", "minLength": 2, "maxLength": 4}), ({"a": "ab"}, {}), (({"a": ""}, ("a",)),)),
    Sample("empty text", fields(a={"type": "string"}), ({"a": ""},)),
    Sample("numbers", fields(a={"type": "integer"}, b={"type": "number"}), ({"a": 0, "b": -1.5}, {"a": 1.0}), (({"a": 1.5}, ("a",)),)),
    Sample("bounds", fields(a={"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01}), ({"a": 19.99},), (({"a": 0}, ("a",)),)),
    Sample("booleans", {**fields(a={"type": "boolean"}), "required": ["a"]}, ({"a": False},), (({}, ("a",)),)),
    Sample("enums", fields(a={"enum": ["x", 1, True, None, {"b": [1]}]}), tuple({"a": v} for v in ("x", 1, True, None, {"b": [1]})), (({"a": "y"}, ("a",)),)),
    Sample("titled constants", fields(a={"oneOf": [{"const": 1, "title": "One"}, {"const": 2, "title": "Two"}]}), ({"a": 2},), (({"a": 3}, ("a",)),)),
    Sample("constants", {**fields(a={"const": 0}, b={"const": False}), "required": ["a"]}, ({"a": 0}, {"a": 0, "b": False}), (({"b": False}, ("a",)), ({"a": False}, ("a",)))),
    Sample("null only", fields(a={"type": "null"}, b={"enum": [None]}), ({"a": None, "b": None}, {})),
    Sample("nullable", fields(a={"type": ["string", "null"]}, b={"anyOf": [{"type": "integer"}, {"type": "null"}]}, c={"type": "string", "nullable": True}, d={"type": ["object", "null"], "properties": {"x": {"type": "integer"}}}), ({"a": None, "b": None, "c": None, "d": None}, {"a": "", "b": 1, "d": {"x": 1}}, {})),
    Sample("scalars of more types", fields(a={"type": ["string", "integer", "boolean"]}, b={"anyOf": [{"type": "number"}, {"enum": ["auto"]}]}), ({"a": "1", "b": "auto"}, {"a": 1, "b": 1.5}, {"a": True})),
    Sample("open enum", fields(a={"anyOf": [{"enum": ["small", "big"]}, {"type": "string"}]}), ({"a": "small"}, {"a": "other"})),
    Sample("lists", fields(a={"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}), ({"a": ["x"]}, {}), (({"a": []}, ("a",)), ({"a": [1]}, ("a", 0)))),
    Sample("lists of lists", fields(a={"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}), ({"a": [[1, 2], [], [3]]}, {"a": []})),
    Sample("lists of objects", fields(a={"type": "array", "items": {**fields(n={"type": "integer"}, t={"type": "string"}), "required": ["n"]}}), ({"a": [{"n": 1}, {"n": 2, "t": "x"}]},), (({"a": [{}]}, ("a", 0, "n")),)),
    Sample("sets", fields(a={"type": "array", "uniqueItems": True, "items": {"enum": ["r", "w", "x"]}}), ({"a": ["x", "r"]}, {"a": []}), (({"a": ["r", "r"]}, ("a", 1)),)),
    Sample("tuples", fields(a={"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": {"type": "boolean"}}), ({"a": ["x", 1, True, False]}, {"a": ["x"]}), (({"a": [1]}, ("a", 0)),)),
    Sample("closed tuples", fields(a={"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}), ({"a": ["x", 1]}, {"a": []})),
    Sample("draft-07 tuples", {"$schema": "http://json-schema.org/draft-07/schema#", **fields(a={"type": "array", "items": [{"type": "string"}], "additionalItems": {"type": "integer"}})}, ({"a": ["x", 1, 2]},)),
    Sample("draft-04", {"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://x/y", **fields(a={"type": "number", "minimum": 0, "exclusiveMinimum": True})}, ({"a": 1},), (({"a": 0}, ("a",)),)),
    Sample("nested objects", {**fields(o=fields(p=fields(q={"type": "string"}))), "required": ["o"]}, ({"o": {}}, {"o": {"p": {"q": "x"}}}), (({}, ("o",)),)),
    Sample("maps", fields(a={"type": "object", "additionalProperties": {"type": "integer"}}, b={"type": "object"}), ({"a": {"x": 1, "": 2}, "b": {"any": [1, {"thing": None}]}}, {"a": {}})),
    Sample("maps of objects", fields(a={"type": "object", "additionalProperties": fields(n={"type": "integer"})}), ({"a": {"x": {"n": 1}, "y": {}}},)),
    Sample("patterns of names", {**fields(a={"type": "string"}), "patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False}, ({"a": "1", "x-y": 2},), (({"b": 1}, ("b",)), ({"x-y": "2"}, ("x-y",)))),
    Sample("names", {"type": "object", "propertyNames": {"enum": ["one", "two"]}, "additionalProperties": {"type": "integer"}}, ({"two": 2},), (({"three": 3}, ("three",)),)),
    Sample("unions", fields(s=SHAPES), ({"s": {"kind": "circle", "r": 1}}, {"s": {"kind": "box", "w": 1, "h": 2}}, {"s": [1, 2]}, {"s": "text"}, {}), (({"s": {"kind": "box"}}, ("s", "w")), ({"s": 5}, ("s",)))),
    Sample("lists of unions", {"type": "array", "items": SHAPES}, ([{"kind": "circle", "r": 1}, "x", [1], {"kind": "box", "w": 1}], [])),
    Sample("a union at the root", {"anyOf": [{**fields(a={"type": "string"}), "required": ["a"]}, {**fields(b={"type": "integer"}), "required": ["b"]}]}, ({"a": "x"}, {"b": 1}), (({"b": "x"}, ("b",)),)),
    Sample("a union beside properties", {**fields(n={"type": "integer"}), "oneOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"properties": {"b": {"type": "string"}}, "required": ["b"]}]}, ({"n": 1, "a": "x"}, {"b": "x"})),
    Sample("unions in unions", fields(u={"anyOf": [{"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, {"type": "object", "additionalProperties": {"type": "string"}}]}), ({"u": "x"}, {"u": ["x"]}, {"u": {"k": "v"}})),
    Sample("two unions", {"allOf": [{"oneOf": [{**fields(a={"type": "integer"}), "required": ["a"]}, {**fields(b={"type": "integer"}), "required": ["b"]}]}, {"oneOf": [{**fields(c={"type": "integer"}), "required": ["c"]}, {**fields(d={"type": "integer"}), "required": ["d"]}]}]}, ({"a": 1, "d": 2}, {"b": 1, "c": 2})),
    Sample("branches that only demand", {**fields(a={"type": "string"}, b={"type": "string"}), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, ({"a": "x"}, {"b": "x"}), (({}, ()),)),
    Sample("maps of unions", {"type": "object", "additionalProperties": SHAPES}, ({"x": "text", "y": {"kind": "box", "w": 1}, "z": []},)),
    Sample("a union in a condition of a branch", {"type": "object", "additionalProperties": {"oneOf": [{"type": "string"}, {**fields(t={"enum": ["a", "b"]}), "if": {"properties": {"t": {"const": "a"}}, "required": ["t"]}, "then": {"anyOf": [{"properties": {"x": {"type": "integer"}}, "required": ["x"]}, {"properties": {"y": {"type": "array", "items": {"type": "string"}}}, "required": ["y"]}]}}]}}, ({"j": {"t": "a", "y": ["z"]}, "k": {"t": "b"}, "l": "s"},)),
    Sample("types as a list", fields(a={"type": ["string", "array", "object"], "items": {"type": "string"}, "properties": {"k": {"type": "integer"}}}), ({"a": "x"}, {"a": ["x"]}, {"a": {"k": 1}})),
    Sample("discriminator", {"$defs": {"Cat": fields(pet={"type": "string"}, lives={"type": "integer"}), "Dog": {**fields(pet={"type": "string"}, bark={"type": "string"}), "required": ["bark"]}}, **fields(p={"discriminator": {"propertyName": "pet", "mapping": {"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}}, "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]})}, ({"p": {"pet": "dog", "bark": "w"}}, {"p": {"pet": "cat", "lives": 9}})),
    Sample("if then else", {**fields(m={"enum": ["GET", "POST"]}), "if": {"properties": {"m": {"const": "POST"}}, "required": ["m"]}, "then": {"properties": {"body": {"type": "string"}}, "required": ["body"]}, "else": {"properties": {"q": {"type": "integer"}}}}, ({"m": "POST", "body": "x"}, {"m": "GET", "q": 1}, {}), (({"m": "POST"}, ("body",)),)),
    Sample("several ifs", {**fields(m={"enum": ["a", "b"]}), "allOf": [{"if": {"properties": {"m": {"const": "a"}}, "required": ["m"]}, "then": {"properties": {"x": {"type": "integer"}}, "required": ["x"]}}, {"if": {"properties": {"m": {"const": "b"}}, "required": ["m"]}, "then": {"properties": {"y": {"type": "boolean"}}, "required": ["y"]}}]}, ({"m": "a", "x": 1}, {"m": "b", "y": True}), (({"m": "b", "x": 1}, ("y",)),)),
    Sample("dependents", {**fields(card={"type": "string"}, address={"type": "string"}), "dependentRequired": {"card": ["address"]}, "dependentSchemas": {"address": {"properties": {"city": {"type": "string"}}, "required": ["city"]}}}, ({}, {"card": "1", "address": "x", "city": "y"}), (({"card": "1"}, ("address",)),)),
    Sample("dependencies told by a field", {"$schema": "http://json-schema.org/draft-07/schema#", **fields(p={"enum": ["no", "one", "more"]}), "dependencies": {"p": {"oneOf": [{"properties": {"p": {"enum": ["no"]}}}, {"properties": {"p": {"enum": ["one"]}, "age": {"type": "number"}}, "required": ["age"]}, {"properties": {"p": {"enum": ["more"]}, "rid": {"type": "boolean"}}, "required": ["rid"]}]}}}, ({"p": "no"}, {"p": "one", "age": 6}, {"p": "more", "rid": False}, {}), (({"p": "one"}, ("age",)),)),
    Sample("allOf", {"allOf": [fields(a={"type": "string"}), {"properties": {"a": {"minLength": 2}, "b": {"type": "integer"}}, "required": ["b"]}]}, ({"a": "xy", "b": 1},), (({"a": "x", "b": 1}, ("a",)),)),
    Sample("groups", {"$defs": {"io": {"title": "Input", **fields(i={"type": "string", "format": "file-path"}), "required": ["i"]}, "more": {"title": "More", **fields(n={"type": "integer"})}}, "allOf": [{"$ref": "#/$defs/io"}, {"$ref": "#/$defs/more"}]}, ({"i": "x.csv", "n": 1},), (({"n": 1}, ("i",)),)),
    Sample("references", {"$id": "http://x/root.json", "$defs": {"port": {"$anchor": "port", "type": "integer"}, "item": {"$id": "item.json", "$defs": {"n": {"type": "boolean"}}, **fields(on={"$ref": "#/$defs/n"})}}, **fields(a={"$ref": "#port"}, b={"$ref": "item.json"}, c={"$ref": "item.json#/$defs/n"}, d={"$ref": "http://x/root.json#/$defs/port"})}, ({"a": 1, "b": {"on": True}, "c": False, "d": 2},), (({"b": {"on": 1}}, ("b", "on")),)),
    Sample("recursion", TREE, ({"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}, {"name": "d", "children": []}]},), (({"name": "a", "children": [{}]}, ("children", 0, "name")),)),
    Sample("odd names", fields(**{"$ref": {"type": "string"}, "__proto__": {"type": "integer"}, "items": {"type": "boolean"}, "a.b": {"type": "string"}, "": {"type": "string"}, "constructor": {"type": "number"}, "properties": fields(type={"type": "string"})}), ({"$ref": "x", "__proto__": 1, "items": True, "a.b": "y", "": "z", "constructor": 1, "properties": {"type": "t"}},)),
    Sample("formats", fields(d={"type": "string", "format": "date"}, t={"type": "string", "format": "time"}, z={"type": "string", "format": "date-time"}, u={"type": "string", "format": "uri"}, p={"type": "string", "format": "file-path"}), ({"d": "2026-03-04", "t": "12:30:00Z", "z": "2026-03-04T12:30:00Z", "u": "https://example.org", "p": "/tmp/x"},), (({"d": "04.03.2026"}, ("d",)),)),
    Sample("long texts", fields(q={"type": "string", "contentMediaType": "application/sql"}, n={"type": "string"}), ({"q": "select\n1", "n": "a\nb"},)),
    Sample("secrets", fields(api_key={"type": "string"}, n={"type": "string", "writeOnly": True}, h={"type": "object"}), ({"api_key": "k", "n": "s", "h": {"Authorization": "Bearer x"}},)),
    Sample("anything", fields(a={}, b=True), ({"a": {"x": [1]}, "b": [True]}, {"a": 1, "b": None}, {"a": "text"})),
    Sample("no schema at all", True, (1, "x", None, [1], {"a": 1}, {})),
    Sample("never", fields(a=False, b={"type": "string"}), ({"b": "x"},), (({"a": 1}, ("a",)),)),
    Sample("scalars at the root", {"type": "integer", "minimum": 1}, (5,), ((0, ()),)),
    Sample("other inputs", fields(a={"type": "string"}), ({"a": "x", "more": {"b": [1]}, "n": None},)),
    Sample("what is demanded and not declared", {"type": "object", "required": ["a"]}, ({"a": [1]}, {"a": "x", "b": 1}), (({}, ("a",)),)),
    Sample("the number of entries", {"type": "object", "minProperties": 1, "maxProperties": 2}, ({"a": 1},), (({}, ()),)),
    Sample("not and contains", fields(a={"type": "string", "not": {"const": "x"}}, b={"type": "array", "contains": {"type": "integer"}}), ({"a": "y", "b": ["x", 1]},), (({"a": "x"}, ("a",)), ({"b": []}, ("b",)))),
    Sample("unevaluated", {**fields(a={"type": "string"}), "allOf": [{"properties": {"b": {"type": "integer"}}}], "unevaluatedProperties": False}, ({"a": "x", "b": 1},), (({"c": 1}, ("c",)),)),
    Sample("read only", {**fields(id={"type": "string", "readOnly": True}, a={"type": "string"})}, ({"id": "1", "a": "x"},)),
    Sample("defaults", {**fields(a={"type": "string", "default": "x"}, b={"type": "integer", "default": "no"}, c={"type": "string", "default": None}), "required": ["a"]}, ({"a": "x"}, {"a": "y", "b": 1}), (({}, ("a",)),)),
    Sample("a remote reference", fields(a={"$ref": "https://example.org/never.json"}, b={"type": "string"}), ({"a": {"x": 1}, "b": "y"},)),
    Sample("untyped properties", {"properties": {"a": {"type": "integer"}}}, ({"a": 1}, [1], 12, "x", None)),
)
