"""Input schemas: checking, defaults and secrets. The one door to all of it; forms and runs use the same code.

Importing this costs nothing: jsonschema comes with the first `compile`. References are resolved inside the schema
only, nothing is ever fetched (forms.md section 0, finding 4).
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

from engine.errors import TaskdeckError
from engine.json_data import NotJson, decode, encode
from engine.repair import imports
from engine.schema_defaults import with_defaults
from engine.schema_nodes import Local, Node, Path, children, levels, walk
from engine.schema_words import SchemaProblem, path_text, value_text
from engine.schema_words import problems as in_words
from engine.secrets import MASK, is_secret, mask
from engine.verdicts import verdicts

__all__ = ["MASK", "Checker", "Path", "SchemaError", "SchemaProblem", "compile", "is_secret", "mask", "path_text"]

KEPT = 256
"""Checkers that are kept; the least used goes first."""
LEVELS = 100
"""Schemas inside each other that are read; more is refused."""
SHOWN = 2000
"""Errors of one instance that are put in words; the rest is one line."""
FALLBACK = ("2020-12", "draft-07", "draft-04")
"""The drafts tried, in this order, on a schema that names none (forms.md 2.3)."""
COMPILE_TIME = 30.0
"""Seconds that reading a schema may take: 1 MB takes two, and it is read off the loop."""
JUDGED = 300
"""Inputs that are filled inside one default to see whether it fits."""
TRIED = 64
"""Defaults that are tried one by one where all of them together would break inputs that hold without."""
_BINDING = frozenset(
    {
        *("allOf", "anyOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas", "dependencies"),
        *("maxProperties", "propertyNames", "patternProperties", "unevaluatedProperties"),
    }
)
"""Keywords by which a default can break what it does not stand in."""
_DIALECTS = {
    "json-schema.org/draft/2020-12/schema": "2020-12",
    "json-schema.org/draft/2019-09/schema": "2019-09",
    "json-schema.org/draft-07/schema": "draft-07",
    "json-schema.org/draft-06/schema": "draft-06",
    "json-schema.org/draft-04/schema": "draft-04",
    "json-schema.org/schema": "2020-12",
}


class SchemaError(TaskdeckError):
    """The schema itself is wrong: the message says where and what; `path` leads there in the schema (4.3)."""

    def __init__(self, text: str, path: Path = ()) -> None:
        super().__init__(f"the schema is not valid at {path_text(path)}: {text}" if path else f"the schema {text}")
        self.path = path


def compile(schema: Any) -> Checker:
    """The checker of a schema (an object, True or False), kept by content: equal schemas share one.

    Costs a few microseconds for a kept schema, some milliseconds for a new one. Later changes to `schema` do not reach
    the checker. Raises `SchemaError`.
    """
    if isinstance(schema, Mapping) and not isinstance(schema, dict):
        schema = dict(schema)
    if not isinstance(schema, (dict, bool)):
        raise SchemaError(f"must be an object, true or false, not {type(schema).__name__}")
    try:
        return _compile(encode(schema))
    except NotJson as error:
        raise SchemaError(f"is not JSON at {error}") from None
    except RecursionError:
        raise SchemaError("is nested too deep") from None
    except SchemaError:
        raise
    except Exception as error:  # schemas are foreign, and the libraries trust them
        raise SchemaError(f"cannot be read: {type(error).__name__}: {error}") from error


def accepted(schema: Any) -> Any:
    """A copy of a schema that `compile` takes; jsonschema is only imported where that was not seen before.

    Raises `SchemaError`.
    """
    given = dict(schema) if isinstance(schema, Mapping) else schema
    try:
        text = encode(given)
    except (NotJson, RecursionError):
        return compile(schema).schema  # it has the words
    if isinstance(given, (dict, bool)) and verdicts.knows("schema", text):
        return decode(text)
    copy = compile(given).schema
    verdicts.found_good("schema", text)
    return copy


class Checker:
    """A compiled schema. Immutable; any thread may use it.

    `schema` is equal to what was given. `draft` is the draft it is read as: "2020-12", "2019-09", "draft-07",
    "draft-06" or "draft-04". `note` says what a person should know about that reading ("read as draft-07, no $schema
    given"), or is "".
    """

    __slots__ = (
        "_any_object",
        "_binding",
        "_defaults",
        "_filler",
        "_fits",
        "_levels",
        "_start",
        "_unfit",
        "_validator",
        "draft",
        "note",
        "schema",
    )

    def __init__(self, schema: Any, draft: str, note: str, validator: Any) -> None:
        from engine import schema_keywords, schema_watch

        self.schema = schema
        self.draft = draft
        self.note = note
        self._validator = validator
        self._start = schema_watch.start
        self._fits = schema_keywords.fits
        self._filler = Local(schema)
        self._levels = levels(schema)
        self._defaults = '"default"' in encode(schema)
        self._binding = self._defaults and any(not _BINDING.isdisjoint(node) for _, node in walk(schema))
        self._unfit: frozenset[int] | None = None
        self._any_object = schema == {"type": "object"}

    def is_valid(self, instance: Any, ignore: Collection[str] = (), *, seconds: float | None = None) -> bool:
        """Whether there is no problem; some 10 µs for a schema of two fields. Never raises.

        False where `seconds` are not enough to tell.
        """
        if self._any_object:  # of executors that have no schema
            return isinstance(instance, dict)
        if ignore:
            instance = _without(instance, ignore)
        self._start(self._levels, seconds)
        try:
            return bool(self._validator.is_valid(instance))
        except Exception:  # problems() has the words for it
            return False

    def problems(
        self, instance: Any, ignore: Collection[str] = (), *, seconds: float | None = None
    ) -> list[SchemaProblem]:
        """Every violation, one a path, in the order in which the instance reads (4.2). Never raises.

        `ignore` are keys of the instance's top level that are left out (3.5). What cannot be checked (too deep, too
        slow, a keyword that fails) is a problem too, of the kind "unchecked"; `seconds` is the longest that the whole
        check may take, without them it takes as long as the instance is large.
        """
        if ignore:
            instance = _without(instance, ignore)
        return self._problems(self._validator, instance, seconds)

    def part_fits(self, part: Any, instance: Any, *, seconds: float | None = None) -> bool:
        """Whether `instance` fits `part`, a sub-schema of this schema: its `$ref`s are those of the whole.

        False where the part is no schema, and where `seconds` are not enough to tell. Never raises.
        """
        self._start(self._levels, seconds)
        try:
            return bool(self._part(part).is_valid(instance))
        except Exception:  # a part is as foreign as the whole
            return False

    def part_problems(self, part: Any, instance: Any, *, seconds: float | None = None) -> list[SchemaProblem]:
        """What `problems` says of `instance` by a sub-schema of this schema. Never raises."""
        try:
            validator = self._part(part)
        except Exception:
            return []
        return self._problems(validator, instance, seconds)

    def _part(self, part: Any) -> Any:
        if isinstance(part, Mapping):
            part = {key: value for key, value in part.items() if key != "$schema"}  # as in `_compile`
        return self._validator.evolve(schema=part)

    def _problems(self, validator: Any, instance: Any, seconds: float | None) -> list[SchemaProblem]:
        self._start(self._levels, seconds)
        errors: list[Any] = []
        left = ""
        try:
            for error in validator.iter_errors(instance):
                if len(errors) == SHOWN:
                    left = f"has more problems than the first {SHOWN} shown"
                    break
                errors.append(error)
        except Exception as error:
            left = _unchecked(error)
        try:
            found = in_words(errors, instance)
        except Exception as error:  # words read foreign schemas and values as well
            found, left = [], _unchecked(error)
        return [*found, SchemaProblem((), left, "unchecked")] if left else found

    @property
    def fills(self) -> bool:
        """Whether `with_defaults` may fill anything."""
        return self._defaults

    def with_defaults(self, instance: Any) -> Any:
        """A copy of `instance` with absent properties filled from `default`, nested ones too (4.1).

        Inside objects and lists that are there, through local `$ref`, allOf and "X or null". Defaults never make valid
        inputs invalid: one that breaks its own schema is not filled (forms flag it), nor is one
        that only breaks a rule of the whole (`if`, `dependentRequired`, ...). Never raises, never changes `instance`.
        """
        if not self._defaults and type(instance) is dict and not any(map(_is_container, instance.values())):
            return dict(instance)  # nothing to fill and nothing that is shared: the usual no-op
        skip = self._unfit_defaults()
        used: list[int] = []
        self._start(self._levels)  # patterns are tried against its clock
        filled = with_defaults(self._filler, instance, self._pattern_fits, skip, used)
        if used and self._binding and not self.is_valid(filled) and self.is_valid(instance):
            return self._filled_in_turn(instance, skip, used)
        return filled

    def default_fits(self, node: Any) -> bool:
        """Whether the `default` of a sub-schema fits that sub-schema itself, filled with the defaults inside it."""
        if not isinstance(node, dict) or "default" not in node:
            return True
        return self._takes_default(node, frozenset())

    def _takes_default(self, node: Node, skip: frozenset[int]) -> bool:
        given = node["default"]
        if self.part_fits(node, given):
            return True
        if not _is_container(given):
            return False
        filled = with_defaults(self._filler, given, self._pattern_fits, skip, schemas=[node], most=JUDGED)
        return self.part_fits(node, filled)

    def _unfit_defaults(self) -> frozenset[int]:
        """The nodes of `schema` whose default breaks its own node; found at the first fill. Inner ones come first."""
        if self._unfit is None:
            found: frozenset[int] = frozenset()
            nodes = [node for _, node in walk(self.schema) if "default" in node] if self._defaults else []
            for node in reversed(nodes):
                if not self._takes_default(node, found):
                    found |= {id(node)}
            self._unfit = found
        return self._unfit

    def _filled_in_turn(self, instance: Any, skip: frozenset[int], used: list[int]) -> Any:
        """`instance`, which is valid, with each default in turn that leaves it valid."""
        turns = list(dict.fromkeys(used))
        refused = frozenset(turns)
        filled = with_defaults(self._filler, instance, self._pattern_fits, skip | refused)
        for one in turns[:TRIED]:
            tried = with_defaults(self._filler, instance, self._pattern_fits, skip | (refused - {one}))
            if self.is_valid(tried):
                refused -= {one}
                filled = tried
        return filled

    def _pattern_fits(self, pattern: str, name: str) -> bool:
        try:
            return self._fits(pattern, name)
        except Exception:  # too slow or no pattern: such a property has its problem already
            return False


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple))


def _without(instance: Any, keys: Collection[str]) -> Any:
    return {k: v for k, v in instance.items() if k not in keys} if isinstance(instance, dict) else instance


def _unchecked(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "could not be checked: nested too deep, or the schema refers to itself without end"
    if type(error).__name__ == "Unchecked":
        return str(error)
    return f"could not be checked: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


@lru_cache(maxsize=KEPT)
def _compile(text: str) -> Checker:
    if "engine.schema_drafts" not in sys.modules:
        with imports.one():  # a library below jsonschema changes sys.meta_path, which is no attempt's doing
            import_module("engine.schema_drafts")
    from engine import schema_drafts, schema_watch

    schema_watch.start(seconds=COMPILE_TIME)
    copy = decode(text)  # the validator's own, adapted below
    if levels(copy) > LEVELS:
        raise SchemaError(f"is nested more than {LEVELS} deep")
    notes = _tidied(copy)
    draft, note = _draft(copy)
    if note:
        notes.insert(0, note)
    for _, node in walk(copy):
        node.pop("$schema", None)  # or a node with its own would fall back to the plain library's class
    nullable = any(node.get("nullable") is True or node.get("x-nullable") is True for _, node in walk(copy))
    notes += _without_lost_references(copy, draft)
    return Checker(decode(text), draft, "; ".join(notes), schema_drafts.validator(copy, draft, nullable))


def _tidied(schema: Any) -> list[str]:
    """Drop in place what is no schema of any draft but is often met: `required: true` inside a property."""
    found: list[str] = []
    for path, node in walk(schema):
        if isinstance(node.get("required"), bool):
            del node["required"]
            found.append(path_text(path) or "the top")
    return [f"`required` at {', '.join(found[:3])} is no list and ignored"] if found else []


def _draft(schema: Any) -> tuple[str, str]:
    """The draft a schema is read as, and a note where that is not as it says. Raises SchemaError when none fits."""
    given = schema.get("$schema") if isinstance(schema, dict) else None
    tried: tuple[str, ...]
    if given is None:
        tried, why = FALLBACK, "no $schema given"
    else:
        known = _DIALECTS.get(given.partition("://")[2].rstrip("#")) if isinstance(given, str) else None
        tried = (known,) if known else FALLBACK
        why = "" if known else "its $schema is not known"
    failures: list[SchemaError] = []
    for draft in tried:
        failure = _fault(schema, draft)
        if failure is None:
            return draft, f"read as {draft}, {why}" if why and (draft != FALLBACK[0] or given is not None) else ""
        failures.append(failure)
    raise max(failures, key=lambda failure: len(failure.path))  # the draft that came furthest knows best


def _fault(schema: Any, draft: str) -> SchemaError | None:
    """What is wrong with the schema as one of this draft."""
    from engine import schema_drafts, schema_watch

    if isinstance(schema, bool):
        return None if draft != "draft-04" else SchemaError("must be an object")
    bare = {key: value for key, value in schema.items() if key != "$schema"}
    try:
        found = in_words(islice(schema_drafts.schema_validator(draft).iter_errors(bare), 50), bare)
    except schema_watch.Unchecked as error:
        return SchemaError(str(error))
    if not found:
        return None
    there: Any = bare
    try:
        for step in found[0].path:
            there = there[step]
        given = "" if isinstance(there, (dict, list)) else f", not {value_text(there)}"
    except (LookupError, TypeError):  # what is missing is named by a path that is not there
        given = ""
    return SchemaError(found[0].text + given, found[0].path)


def _without_lost_references(schema: Any, draft: str) -> list[str]:
    """Take out, in place, each reference that leads nowhere or to what is no schema; a note for each kind.

    Before 2019-09 a `$ref` hides what stands beside it, so there the whole node becomes `{}`, which is `true`.
    """
    from engine import schema_drafts

    if not isinstance(schema, dict):
        return []
    specification = schema_drafts.specification(draft)
    root = schema_drafts.known_documents().resolver_with_root(specification.create_resource(schema))
    ours = _objects(schema)
    lost: list[str] = []
    waiting: list[tuple[Node, Any]] = [(schema, root)]
    seen: set[int] = set()
    while waiting:
        node, resolver = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        node.pop("$schema", None)  # with it, the plain library's class would take over below this node
        if node is not schema:
            resolver = resolver.in_subresource(specification.create_resource(node))
        for keyword in ("$ref", "$dynamicRef"):
            if keyword not in node:
                continue
            there = _looked_up(resolver, node[keyword])
            if there is None:
                lost.append(str(node[keyword]))
                if draft in ("2020-12", "2019-09"):
                    del node[keyword]
                else:
                    node.clear()
            elif id(there.contents) in ours:
                waiting.append((there.contents, there.resolver))
        waiting.extend((child, resolver) for _, child in reversed(list(children(node))))
    return [f"$ref {ref} leads nowhere, so anything is taken there" for ref in dict.fromkeys(lost)]


def _looked_up(resolver: Any, ref: Any) -> Any:
    """Where a reference leads, with its own resolver; None where that is no schema."""
    try:
        there = resolver.lookup(ref)
    except Exception:  # referencing walks foreign content; whatever it meets, the reference is lost
        return None
    return there if isinstance(there.contents, (dict, bool)) else None


def _objects(value: Any) -> set[int]:
    """The ids of all objects inside a JSON value."""
    found: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            found.add(id(item))
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return found
