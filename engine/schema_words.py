"""jsonschema's errors as words for a person, each at the field where it is mended (forms.md 2.4)."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.schema_nodes import Path

_ORDER = {
    kind: rank
    for rank, kinds in enumerate(
        (
            ("required",),
            ("type",),
            ("const", "enum"),
            ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
            ("minItems", "maxItems", "minProperties", "maxProperties"),
            ("pattern",),
            ("format",),
        )
    )
    for kind in kinds
}
"""Which problem of one field is told: the first in this order (forms.md 2.4)."""
SHOWN = 5
"""Values of an enum that are named before only the count is."""
VALUE_WIDTH = 40
"""Characters of one value that are shown."""

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "empty (null)",
}
_FORMATS = {
    "date": "a date like 2026-03-04",
    "date-time": "a date and time like 2026-03-04T12:30:00Z",
    "time": "a time like 12:30:00Z",
    "duration": "a duration like PT1H30M",
    "email": "an e-mail address like ann@example.org",
    "idn-email": "an e-mail address like ann@example.org",
    "hostname": "a host name like www.example.org",
    "idn-hostname": "a host name like www.example.org",
    "ipv4": "an IPv4 address like 192.0.2.1",
    "ipv6": "an IPv6 address like 2001:db8::1",
    "uri": "a whole address like https://example.org/a",
    "uri-reference": "an address like https://example.org/a or /a",
    "uri-template": "an address with places like /users/{id}",
    "uuid": "a UUID like 123e4567-e89b-42d3-a456-426614174000",
    "regex": "a regular expression",
    "json-pointer": "a JSON pointer like /a/0",
    "relative-json-pointer": "a relative JSON pointer like 1/a",
    "color": "a colour like #ff8800 or red",
}
_PLAIN_NAME = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One violation, at the field where a person mends it.

    `path` leads there from the root, `()` is the root itself; a missing input is named by its own path. `text` is words
    for a person ("is required", "must be 1 to 300") and holds foreign text. `kind` is the JSON Schema keyword, or
    "false" where a `false` schema stands, or "unchecked" where the check had to stop.
    """

    path: Path
    text: str
    kind: str

    def __str__(self) -> str:
        return f"{path_text(self.path)}: {self.text}" if self.path else self.text


def path_text(path: Path) -> str:
    """The path as `a.b[2].c`; names that are no plain words in double quotes: `a."b c"`."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            name = step if _PLAIN_NAME.fullmatch(step) else json.dumps(step, ensure_ascii=False)
            out += f".{name}" if out else name
    return out


def value_text(value: Any) -> str:
    """One JSON value in few characters; text stands bare unless it would read as something else."""
    if isinstance(value, str):
        text = value
        if not value or value != value.strip() or not value.isprintable() or ", " in value or _reads_as_json(value):
            text = json.dumps(value, ensure_ascii=False)
    else:
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            text = type(value).__name__
    return text if len(text) <= VALUE_WIDTH else text[: VALUE_WIDTH - 1] + "…"


def _reads_as_json(text: str) -> bool:
    return text in ("true", "false", "null") or re.fullmatch(r"-?[0-9][0-9.eE+-]*", text) is not None


def problems(errors: Iterable[Any], instance: Any) -> list[SchemaProblem]:
    """The errors of jsonschema as problems: one a path, in the order in which `instance` reads.

    What is missing comes after what is there.
    """
    first: dict[Path, SchemaProblem] = {}
    for error in errors:
        for problem in _told(error, (), None):
            known = first.get(problem.path)
            if known is None or _rank(problem) < _rank(known):
                first[problem.path] = problem
    if len(first) < 2:
        return list(first.values())
    places = _Places(instance)
    return sorted(first.values(), key=lambda problem: places.of(problem.path))


def _rank(problem: SchemaProblem) -> int:
    return _ORDER.get(problem.kind, len(_ORDER))


class _Places:
    """Where each path stands in the instance, as numbers that sort."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._numbers: dict[int, dict[str, int]] = {}

    def of(self, path: Path) -> tuple[int, ...]:
        found: list[int] = []
        here = self._instance
        for step in path:
            if isinstance(here, dict):
                numbers = self._numbers.get(id(here))
                if numbers is None:
                    numbers = self._numbers[id(here)] = {name: i for i, name in enumerate(here)}
                found.append(numbers.get(str(step), len(numbers)))
                here = here.get(step)
            elif isinstance(here, (list, tuple)) and isinstance(step, int) and step < len(here):
                found.append(step)
                here = here[step]
            else:
                found.append(0)
                here = None
        return tuple(found)


# -- one error ---------------------------------------------------------------------------------------------------------


def _told(error: Any, base: Path, outer: dict[str, Any] | None) -> Iterator[SchemaProblem]:
    """The problems that one error stands for: itself, or those of the best branch of a union."""
    notes = {**(outer or {}), **vars(error)} if outer else vars(error)
    path = (*base, *error.path)
    kind = str(error.validator or "false")
    if kind in ("anyOf", "oneOf") and error.context:
        shared = {key: notes[key] for key in ("because", "condition", "label") if key in notes}
        yield from _union(error, path, kind, shared)
        return
    text = notes.get("why") or _custom(error, kind) or _words(error, path, kind)
    if "label" in notes:
        text = f"{notes['label']}: {text}"
    reason = notes.get("because") or ("condition" in notes and _reason(*notes["condition"]))
    yield SchemaProblem(path, f"{text} because {reason}" if reason else text, kind)


def _custom(error: Any, kind: str) -> str:
    """The schema author's own message for this keyword, or ""."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    given = schema.get("errorMessage")
    if isinstance(given, dict):
        given = given.get(kind)
    if not isinstance(given, str) and kind in ("pattern", "format"):
        given = schema.get("x-errorMessage", schema.get("patternErrorMessage") if kind == "pattern" else None)
    return given if isinstance(given, str) else ""


def _words(error: Any, path: Path, kind: str) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    value, instance = error.validator_value, error.instance
    match kind:
        case "required":
            return "is required"
        case "type":
            return _type_words([value] if isinstance(value, str) else value, schema)
        case "enum":
            return _choice_words(value)
        case "const":
            return f"must be {value_text(value)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _range_words(schema)
        case "multipleOf":
            return "must be a whole number" if value == 1 else f"must be a multiple of {value_text(value)}"
        case "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties":
            return _size_words(kind, value, len(instance))
        case "pattern":
            return _pattern_words(value, schema)
        case "format":
            return f"must be {_FORMATS.get(value, value)}"
        case "additionalProperties" | "unevaluatedProperties":
            return _unknown_words(path, schema)
        case "not":
            return _not_words(value)
        case "oneOf":
            return _several_words(value, vars(error).get("fitting", ()))
        case _:
            return _other_words(kind, value, schema)


def _type_words(types: Sequence[str], schema: dict[str, Any]) -> str:
    wanted = list(dict.fromkeys(types))
    if (schema.get("nullable") is True or schema.get("x-nullable") is True) and "null" not in wanted:
        wanted.append("null")
    if "number" in wanted and "integer" in wanted:
        wanted.remove("integer")
    wanted.sort(key=lambda each: each == "null")
    return f"must be {_or([_TYPES.get(each, each) for each in wanted])}"


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _choice_words(values: Sequence[Any]) -> str:
    shown = [value_text(value) for value in values[:SHOWN]]
    if len(values) > SHOWN:
        return f"must be one of {', '.join(shown)} … ({len(values)})"
    return f"must be one of {', '.join(shown)}" if len(shown) > 1 else f"must be {shown[0] if shown else 'absent'}"


def _range_words(schema: dict[str, Any]) -> str:
    """Both ends, whichever was broken; draft-04 has `exclusiveMinimum: true` beside `minimum`."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is True:
        low, above = None, low
    if below is True:
        high, below = None, high
    above, below = (None if isinstance(bound, bool) else bound for bound in (above, below))
    if above is not None and low is not None:  # the stricter one speaks
        low, above = (low, None) if low > above else (None, above)
    if below is not None and high is not None:
        high, below = (high, None) if high < below else (None, below)
    if low is not None and high is not None:
        return f"must be {value_text(low)} to {value_text(high)}"
    ends = [
        f"{word} {value_text(bound)}"
        for word, bound in (("at least", low), ("more than", above), ("at most", high), ("less than", below))
        if bound is not None
    ]
    return f"must be {' and '.join(ends)}"


def _size_words(kind: str, limit: Any, size: int) -> str:
    least = kind.startswith("min")
    if size == 0 and limit == 1:
        return "must not be empty" if kind == "minLength" else f"needs at least 1 {_unit(kind, 1)}"
    if kind.endswith("Length"):
        return f"has {size} of at {'least' if least else 'most'} {limit} {_unit(kind, limit)}"
    return f"has {size}, needs at {'least' if least else 'most'} {limit} {_unit(kind, limit)}"


def _unit(kind: str, count: Any) -> str:
    one, many = {"L": ("character", "characters"), "I": ("item", "items"), "P": ("entry", "entries")}[kind[3]]
    return one if count == 1 else many


def _pattern_words(pattern: Any, schema: dict[str, Any]) -> str:
    examples = schema.get("examples")
    example = next((each for each in examples if isinstance(each, str)), None) if isinstance(examples, list) else None
    return f"does not match {pattern}" + (f", e.g. {value_text(example)}" if example is not None else "")


def _unknown_words(path: Path, schema: dict[str, Any]) -> str:
    text = "is not an input of this task" if len(path) == 1 else "is not known here"
    known = schema.get("properties")
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6) if isinstance(known, dict) else []
    return f"{text} (did you mean {close[0]}?)" if close else text


def _not_words(ruled_out: Any) -> str:
    if isinstance(ruled_out, dict):
        if "const" in ruled_out:
            return f"must not be {value_text(ruled_out['const'])}"
        if isinstance(ruled_out.get("enum"), list):
            return _choice_words(ruled_out["enum"]).replace("must be", "must not be", 1)
        if isinstance(ruled_out.get("required"), list) and ruled_out["required"]:
            return f"must not have {' and '.join(map(value_text, ruled_out['required']))}"
    return "is what the schema rules out" if ruled_out not in (True, {}) else "is not allowed here"


def _several_words(branches: Any, fitting: Iterable[int]) -> str:
    return f"fits more than one of: {', '.join(branch_label(branches[i], i) for i in fitting)}"


def _other_words(kind: str, value: Any, schema: dict[str, Any]) -> str:
    match kind:
        case "contains":
            return "needs at least one item of the kind the schema asks for"
        case "minContains" | "maxContains":
            return (
                f"needs at {'least' if kind == 'minContains' else 'most'} {value} items of the kind the schema asks for"
            )
        case "items" | "additionalItems" | "unevaluatedItems":
            first = schema.get("prefixItems", schema.get("items"))
            return f"has too many items, at most {len(first)}" if isinstance(first, list) else "must have no items"
        case _:
            return "is not allowed here" if kind == "false" else f"does not fit the schema ({kind})"


def _reason(condition: Any, holds: bool) -> str:
    """What an `if` asked, in words, or "" where it cannot be said shortly."""
    asked = condition.get("properties") if isinstance(condition, dict) else None
    said: list[str] = []
    for name, schema in (asked if isinstance(asked, dict) else {}).items():
        if not isinstance(schema, dict):
            return ""
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if not isinstance(values, list) or not values:
            return ""
        said.append(f"{name} is {'' if holds else 'not '}{_or([value_text(value) for value in values[:SHOWN]])}")
    if not said and isinstance(condition, dict) and isinstance(condition.get("required"), list):
        said = [f"{name} is {'set' if holds else 'not set'}" for name in condition["required"]]
    return (" and " if holds else " or ").join(said)


# -- unions ------------------------------------------------------------------------------------------------------------


def branch_label(branch: Any, index: int) -> str:
    """What a union's branch is called: its title, else the const of a property, else its first three names (1.4)."""
    if isinstance(branch, dict):
        if isinstance(branch.get("title"), str) and branch["title"]:
            return str(branch["title"])
        if "const" in branch:
            return value_text(branch["const"])
        properties = branch.get("properties")
        if isinstance(properties, dict) and properties:
            for schema in properties.values():
                if isinstance(schema, dict) and "const" in schema:
                    return value_text(schema["const"])
            return ", ".join(list(properties)[:3])
        if isinstance(branch.get("required"), list) and branch["required"]:
            return ", ".join(map(str, branch["required"][:3]))
        if isinstance(branch.get("type"), str):
            return _TYPES.get(branch["type"], str(branch["type"]))
        if isinstance(branch.get("$ref"), str):
            return str(branch["$ref"]).rpartition("/")[2]
    return f"form {index + 1}"


def _union(error: Any, path: Path, kind: str, notes: dict[str, Any]) -> Iterator[SchemaProblem]:
    """The best branch's problems at their fields; where no branch is best, one problem at the union itself."""
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(vars(inner).get("branch", -1), []).append(inner)
    ranked = sorted(branches.values(), key=_distance)
    best = _distance(ranked[0])
    if best[0] or (best[1] and len(ranked) > 1):
        merged = _one_place(ranked, path)
        if merged is not None:
            text = _custom(error, kind) or merged.text
            reason = notes.get("because") or ("condition" in notes and _reason(*notes["condition"]))
            yield SchemaProblem(merged.path, f"{text} because {reason}" if reason else text, merged.kind)
            return
    tied = [branch for branch in ranked if _distance(branch) == best]
    if len(tied) > 1 or best[0]:
        yield from _none_fits(error, path, kind, tied)
        return
    for inner in ranked[0]:
        yield from _told(inner, path, notes)


def _distance(errors: Sequence[Any]) -> tuple[bool, bool, int, int]:
    """How far a branch is from fitting: wrong type here, wrong mark of the branch, how many errors, how shallow."""
    return (
        any(not each.path and _wrong_type(each) for each in errors),
        any(len(each.path) < 2 and each.validator in ("const", "enum") for each in errors),
        len(errors),
        -max(len(each.path) for each in errors),
    )


def _wrong_type(error: Any) -> bool:
    """Whether the value is of a wrong type for this branch as a whole; a union in it says so if all of its own do."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        found: dict[int, bool] = {}
        for inner in error.context:
            index = vars(inner).get("branch", -1)
            found[index] = found.get(index, False) or (not inner.path and _wrong_type(inner))
        return all(found.values())
    return error.validator in ("type", None)


def _one_place(branches: Sequence[Sequence[Any]], path: Path) -> SchemaProblem | None:
    """All branches fail by the type or the choice of the same one value: one sentence with all that it may be."""
    where = {tuple(each.path) for errors in branches for each in errors if each.validator in ("type", "const", "enum")}
    types: list[str] = []
    values: list[Any] = []
    for errors in branches:
        marks = [each for each in errors if each.validator in ("type", "const", "enum") and len(each.path) < 2]
        if not marks or len(where) != 1:
            return None
        for each in marks:
            given = each.validator_value
            if each.validator == "type" and not any(other.validator != "type" for other in marks):
                types.extend([given] if isinstance(given, str) else given)
            elif each.validator != "type":
                values.extend(given if each.validator == "enum" else [given])
    unique = list({value_text(value): value for value in values}.values())
    there = (*path, *where.pop())
    if not unique:
        return SchemaProblem(there, _type_words(types, {}), "type")
    text = _choice_words(unique)
    if types:
        text = f"{text} or {_type_words(types, {}).removeprefix('must be ')}"
    return SchemaProblem(there, text, "enum")


def _none_fits(error: Any, path: Path, kind: str, tied: Sequence[Sequence[Any]]) -> Iterator[SchemaProblem]:
    """Branches that are equally near: where each only lacks inputs, these; else the forms by name."""
    own = _custom(error, kind)
    if not own and all(each.validator == "required" and len(each.path) == 1 for errors in tied for each in errors):
        common = [n for n in (each.path[0] for each in tied[0]) if all(n in [e.path[0] for e in b] for b in tied)]
        if common:
            yield from (SchemaProblem((*path, name), "is required", "required") for name in dict.fromkeys(common))
            return
        sets = list(dict.fromkeys(" and ".join(str(each.path[0]) for each in errors) for errors in tied))
        yield SchemaProblem(path, f"needs {_or(sets)}", kind)
        return
    given = error.validator_value if isinstance(error.validator_value, list) else []
    labels = [branch_label(branch, i) for i, branch in enumerate(given[:SHOWN])]
    more = " …" if len(given) > SHOWN else ""
    yield SchemaProblem(path, own or f"matches none of {len(given)} forms: {', '.join(labels)}{more}", kind)
