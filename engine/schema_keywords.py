"""The checks of single keywords, hardened, in the shape that jsonschema asks for (forms.md section 0, finding 5).

Imported when the first schema is compiled, since it imports jsonschema. Differences to the plain library: `pattern`
has a time limit and reads ECMA's `$`, `\\d`, `(?<n>)` and `\\p{L}`; `multipleOf` counts in decimals; `uniqueItems` and
`enum` compare by hash; formats are always checked; `nullable` allows null; `dependencies` is read in every draft; each
error stands at the place where a person mends it; a check that takes too long or goes too deep ends with `Unchecked`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import regex
from jsonschema import ValidationError
from jsonschema.exceptions import FormatError
from referencing.jsonschema import lookup_recursive_ref

from engine.schema_nodes import Node
from engine.schema_watch import LATE, Errors, Keyword, left, look, walk, watch

PATTERN_TIME = 0.05
"""Seconds that one pattern may take on one text."""
FORMAT_LENGTH = 10_000
"""Characters up to which a format is read; some readers are quadratic. Longer texts break every format but these."""
_LONG_FORMATS = frozenset({"uri", "uri-reference", "iri", "iri-reference", "json-pointer"})

CHOICES_KEPT = 200
"""Lists of an `enum` that are kept as sets."""


def same(value: Any) -> Any:
    """A hashable that is equal for values that JSON Schema calls equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, dict):
        return (dict, frozenset((key, same(inner)) for key, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return (list, tuple(same(inner) for inner in value))
    return value


@lru_cache(maxsize=512)
def compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern as JSON Schema means it (ECMA 262): `$` only at the very end, `\\d` only 0 to 9."""
    out: list[str] = []
    inside = False  # a character class
    chars = iter(pattern)
    for char in chars:
        if char == "\\":
            escaped = next(chars, "")
            digits = "0-9" if inside else "[0-9]"
            out.append(digits if escaped == "d" else char + escaped)
            continue
        if char == "[":
            inside = True
        elif char == "]":
            inside = False
        out.append(r"\Z" if char == "$" and not inside else char)
    return regex.compile("".join(out))


def fits(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text. Raises TimeoutError, at once where it was too slow in this check."""
    if pattern in watch.slow:
        raise TimeoutError
    seconds = min(PATTERN_TIME, left())
    if seconds <= 0:
        raise TimeoutError
    try:
        return compiled(pattern).search(text, timeout=seconds) is not None
    except TimeoutError:
        watch.slow.add(pattern)
        raise


def remark(error: ValidationError, **words: Any) -> ValidationError:
    """`error` with notes for schema_words; of two notes of one kind the inner one stays.

    `why`: its own words. `label`: what goes before them. `because`: what set it off, in words; `condition`: the same as
    (the `if` schema, whether it holds). `branch`: the index of the union's branch it is from. `fitting`: all that fit.
    """
    notes = vars(error)
    for key, value in words.items():
        notes.setdefault(key, value)
    return error


def _late(error: Exception, path: tuple[str | int, ...] = ()) -> ValidationError:
    why = LATE if isinstance(error, TimeoutError) else f"could not be checked: {error}"
    return remark(ValidationError("late", path=path), why=why)


# -- values ------------------------------------------------------------------------------------------------------------


def _type(validator: Any, types: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(types, str):
        if not validator.is_type(instance, types):
            yield ValidationError("type")
    elif not any(validator.is_type(instance, each) for each in types):
        yield ValidationError("type")


def _enum(validator: Any, values: Any, instance: Any, schema: Any) -> Errors:
    if same(instance) not in _choices(values):
        yield ValidationError("enum")


def _choices(values: Any) -> Any:
    """The values of an `enum` in a form that answers at once; long ones are asked for each item of a list."""
    known = watch.choices.get(id(values))
    if known is None:
        made = {same(value) for value in values}
        if len(watch.choices) >= CHOICES_KEPT:
            watch.choices.clear()
        known = watch.choices[id(values)] = (values, made)  # the list keeps its identity taken
    return known[1]


def _const(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    if same(value) != same(instance):
        yield ValidationError("const")


def _exact(number: Any) -> Fraction:
    """The number as it is written: 0.01 is one hundredth, not the nearest binary fraction."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _multiple_of(validator: Any, step: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "number") or not step:
        return
    try:
        failed = _exact(instance) % _exact(step) != 0
    except (ValueError, ArithmeticError):  # NaN, Infinity
        failed = True
    if failed:
        yield ValidationError("multipleOf")


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "string"):
        return
    try:
        if not fits(pattern, instance):
            yield ValidationError("pattern")
    except (TimeoutError, regex.error) as error:
        yield _late(error)


def _format(validator: Any, name: Any, instance: Any, schema: Any) -> Errors:
    known = validator.format_checker
    if not isinstance(instance, str) or name not in known.checkers:
        return
    if len(instance) > FORMAT_LENGTH and name not in _LONG_FORMATS:
        yield ValidationError("format")
        return
    try:
        known.check(instance, name)
    except FormatError:
        yield ValidationError("format")
    except Exception:  # the readers of single formats raise whatever they like; all of it means "no"
        yield ValidationError("format")


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Errors:
    if not wanted or not validator.is_type(instance, "array"):
        return
    first: dict[Any, int] = {}
    for index, item in enumerate(instance):
        walk()
        known = first.setdefault(same(item), index)
        if known != index:
            yield remark(ValidationError("uniqueItems", path=(index,)), why=f"is the same as item {known + 1}")


# -- objects -----------------------------------------------------------------------------------------------------------


def _required(validator: Any, names: Any, instance: Any, schema: Any) -> Errors:
    if validator.is_type(instance, "object"):
        for name in names:
            if name not in instance:
                yield ValidationError("required", path=(name,))


def _properties(validator: Any, properties: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "object"):
        return
    for name, inner in properties.items():
        if name not in instance:
            continue
        if inner is False:  # descend() would lose the name
            yield remark(ValidationError("false", path=(name,)), why="is not allowed here")
        else:
            yield from validator.descend(instance[name], inner, path=name, schema_path=name)


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "object"):
        return
    for pattern, inner in patterns.items():
        for name, value in instance.items():
            try:
                if not fits(pattern, name):
                    continue
            except (TimeoutError, regex.error) as error:
                yield _late(error, (name,))
                continue
            if inner is False:
                yield remark(ValidationError("false", path=(name,)), why="is not allowed here")
            else:
                yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _covered(patterns: Iterable[str], name: str) -> bool:
    """Whether patternProperties speak of `name`; a pattern that cannot be tried has its own error already."""
    for pattern in patterns:
        try:
            if fits(pattern, name):
                return True
        except (TimeoutError, regex.error):
            return True
    return False


def _additional_properties(validator: Any, rest: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "object") or rest is True:
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", ())
    for name, value in instance.items():
        if name in known or (patterns and _covered(patterns, name)):
            continue
        if rest is False:
            yield ValidationError("additionalProperties", path=(name,))
        else:
            yield from validator.descend(value, rest, path=name)


def _evaluated(validator: Any, instance: Node, schema: Any) -> set[str]:
    """The names that `schema` speaks of, through every part of it that applies to this instance."""
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", ())) & instance.keys()
    patterns = schema.get("patternProperties", ())
    found.update(name for name in instance if patterns and _covered(patterns, name))
    if "additionalProperties" in schema or "unevaluatedProperties" in schema:
        return set(instance)  # each is covered; what is wrong with it has its own error
    for inner, each in _applied(validator, instance, schema):
        found |= _evaluated(inner, instance, each)
    return found


def _applied(validator: Any, instance: Any, schema: Node) -> Iterator[tuple[Any, Any]]:
    """(validator, sub-schema) for all that `schema` says of the same instance, where the instance fits it."""
    if "$recursiveRef" in schema:
        there = lookup_recursive_ref(validator._resolver)
        yield validator.evolve(schema=there.contents, _resolver=there.resolver), there.contents
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            look()
            there = validator._resolver.lookup(schema[keyword])
            yield validator.evolve(schema=there.contents, _resolver=there.resolver), there.contents
    applied = [each for keyword in ("allOf", "anyOf", "oneOf") for each in schema.get(keyword, ())]
    if isinstance(instance, dict):
        for keyword in ("dependentSchemas", "dependencies"):
            applied += [each for name, each in schema.get(keyword, {}).items() if name in instance]
    if "if" in schema:
        holds = validator.evolve(schema=schema["if"]).is_valid(instance)
        applied += [schema["if"], schema.get("then" if holds else "else")]
    for each in applied:
        if isinstance(each, dict) and validator.evolve(schema=each).is_valid(instance):
            yield validator, each


def _unevaluated_properties(validator: Any, rest: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "object") or rest is True:
        return
    others = {key: value for key, value in schema.items() if key != "unevaluatedProperties"}
    known = _evaluated(validator, instance, others)
    for name, value in instance.items():
        if name in known:
            continue
        if rest is False:
            yield ValidationError("unevaluatedProperties", path=(name,))
        else:
            yield from validator.descend(value, rest, path=name)


def _evaluated_items(validator: Any, instance: Any, schema: Any) -> set[int]:
    """The indexes that `schema` speaks of, as `_evaluated` does for names."""
    if not isinstance(schema, dict):
        return set()
    items = schema.get("items")
    if "unevaluatedItems" in schema or (items is not None and not isinstance(items, list)):
        return set(range(len(instance)))
    if isinstance(items, list) and "additionalItems" in schema:
        return set(range(len(instance)))
    first = items if isinstance(items, list) else schema.get("prefixItems", ())
    found = set(range(min(len(first), len(instance))))
    if "contains" in schema and validator.META_SCHEMA.get("$schema", "").find("2020-12") > 0:  # not so in 2019-09
        fitting = validator.evolve(schema=schema["contains"])
        found.update(i for i, item in enumerate(instance) if fitting.is_valid(item))
    for inner, each in _applied(validator, instance, schema):
        found |= _evaluated_items(inner, instance, each)
    return found


def _unevaluated_items(validator: Any, rest: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "array") or rest is True:
        return
    others = {key: value for key, value in schema.items() if key != "unevaluatedItems"}
    known = _evaluated_items(validator, instance, others)
    for index, item in enumerate(instance):
        if index in known:
            continue
        if rest is False:
            yield remark(ValidationError("unevaluatedItems", path=(index,)), why="is not allowed here")
        else:
            yield from validator.descend(item, rest, path=index)


def _property_names(validator: Any, names: Any, instance: Any, schema: Any) -> Errors:
    if not validator.is_type(instance, "object"):
        return
    for name in instance:
        for error in validator.descend(name, names):
            error.path.appendleft(name)
            yield remark(error, label="this name is not allowed")


def _dependent(validator: Any, dependents: Any, instance: Any, schema: Any) -> Errors:
    """dependentRequired, dependentSchemas and the older `dependencies`, which is both."""
    if not validator.is_type(instance, "object"):
        return
    for name, wanted in dependents.items():
        if name not in instance:
            continue
        if isinstance(wanted, str):
            wanted = [wanted]
        if isinstance(wanted, list):
            errors: Iterable[ValidationError] = [
                ValidationError("required", path=(each,), validator="required")
                for each in wanted
                if each not in instance
            ]
        else:
            errors = validator.descend(instance, wanted, schema_path=name)
        for error in errors:
            yield remark(error, because=f"{name} is set")


# -- combinations ------------------------------------------------------------------------------------------------------


def _any_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Errors:
    context: list[ValidationError] = []
    for index, branch in enumerate(branches):
        errors = list(validator.descend(instance, branch, schema_path=index))
        if not errors:
            return
        context += (remark(error, branch=index) for error in errors)
    yield ValidationError("anyOf", context=context)


def _one_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Errors:
    context: list[ValidationError] = []
    fitting: list[int] = []
    for index, branch in enumerate(branches):
        errors = list(validator.descend(instance, branch, schema_path=index))
        if not errors:
            fitting.append(index)
        context += (remark(error, branch=index) for error in errors)
    if not fitting:
        yield ValidationError("oneOf", context=context)
    elif len(fitting) > 1:
        yield remark(ValidationError("oneOf"), fitting=fitting)


def _if(validator: Any, condition: Any, instance: Any, schema: Any) -> Errors:
    holds = condition is not False and validator.evolve(schema=condition).is_valid(instance)
    branch = "then" if holds else "else"
    if branch in schema:
        for error in validator.descend(instance, schema[branch], schema_path=branch):
            yield remark(error, condition=(condition, holds))


def or_null(check: Keyword) -> Keyword:
    """A keyword that lets null pass where `nullable` or `x-nullable` (OpenAPI) stands beside it."""

    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[ValidationError]:
        if instance is None and (schema.get("nullable") is True or schema.get("x-nullable") is True):
            return ()
        return check(validator, value, instance, schema)

    return checked


HARDENED: dict[str, Keyword] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "multipleOf": _multiple_of,
    "pattern": _pattern,
    "format": _format,
    "uniqueItems": _unique_items,
    "required": _required,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "unevaluatedProperties": _unevaluated_properties,
    "unevaluatedItems": _unevaluated_items,
    "propertyNames": _property_names,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent,
    "dependencies": _dependent,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "if": _if,
}
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
