"""What holds only for some values, drawn live: if/then/else, dependent schemas, and branches told by a field beside.

RJSF's usual form of the last is a `oneOf` whose branches give one property other constants, while the property itself
stands beside the `oneOf`: that is no choice of a branch but a field, and the rest follows what is picked there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT
from tui.forms.merged import Merged, Merger, Rule, Schema, both
from tui.forms.references import Unresolved

Test = Callable[[Any, Any], bool]
"""Whether a value satisfies a sub-schema of this document."""

ROUNDS = 8
"""A condition's part may bring conditions of its own, so many times."""
KEPT = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """A value's schema with the parts that hold. `hidden` are the properties of parts that do not; `because` says, by
    the name of a property that a condition requires, what set it off."""

    merged: Merged
    hidden: frozenset[str] = frozenset()
    because: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """A union that the property `name` tells: for each branch the values of it that ask for the branch."""

    name: str
    branches: tuple[tuple[tuple[Any, ...], Merged], ...]


@dataclass(slots=True)
class Conditions:
    """Applies conditions; equal outcomes of one schema give the same object."""

    merger: Merger
    _known: dict[tuple[int, tuple[int, ...]], tuple[Merged, Grown]] = field(default_factory=dict)
    _prepared: dict[int, tuple[Merged, Merged, tuple[_Told, ...]]] = field(default_factory=dict)
    _joined: dict[tuple[int, int], tuple[Any, Any, Grown]] = field(default_factory=dict)

    def grown(self, merged: Merged, value: Any, test: Test) -> Grown:
        """`merged` for `value`; raises `Unresolved` where a part that holds cannot be followed."""
        found = self._join(merged, None)
        for _ in range(ROUNDS):
            step = self._step(found.merged, value, test)
            if step is None:
                break
            found = self._join(found, step)
        return found

    def _join(self, found: Merged | Grown, step: Grown | None) -> Grown:
        """One after the other; the same object for the same two, so that nodes can be kept by it."""
        key = (id(found), id(step))
        known = self._joined.get(key)
        if known is None:
            if isinstance(found, Merged):
                made = Grown(found)
            else:
                assert step is not None
                named = step.merged.schema.get("properties")
                hidden = (found.hidden | step.hidden).difference(named if isinstance(named, Mapping) else ())
                made = Grown(step.merged, hidden, {**step.because, **found.because})
            if len(self._joined) > KEPT:
                self._joined.clear()
            known = self._joined[key] = (found, step, made)
        return known[2]

    def _step(self, merged: Merged, value: Any, test: Test) -> Grown | None:
        bare, told = self._prepare(merged)
        if bare is merged:
            return None
        outcome = [self._holds(rule, value, test) for rule in merged.rules]
        outcome += [self._branch(each, value) for each in told]
        key = (id(merged), tuple(outcome))
        known = self._known.get(key)
        if known is None:
            if len(self._known) > KEPT:
                self._known.clear()
            known = self._known[key] = (merged, self._made(bare, merged.rules, told, outcome))
        return known[1]

    def _holds(self, rule: Rule, value: Any, test: Test) -> int:
        if rule.has is not None:
            return int(isinstance(value, dict) and rule.has in value)
        return int(test(rule.when, {} if value is ABSENT else value))

    def _branch(self, told: _Told, value: Any) -> int:
        given = value.get(told.name, ABSENT) if isinstance(value, dict) else ABSENT
        for at, (values, _) in enumerate(told.branches):
            if given is not ABSENT and any(strict_json.equal(given, each) for each in values):
                return at
        return -1

    def _prepare(self, merged: Merged) -> tuple[Merged, tuple[_Told, ...]]:
        """`merged` without its conditions, and its unions that a property tells."""
        known = self._prepared.get(id(merged))
        if known is None:
            told: list[_Told] = []
            unions = []
            for union in merged.unions:
                found = self._told(merged.schema, union[1])
                if found is None:
                    unions.append(union)
                else:
                    told.append(found)
            bare = merged
            if told or merged.rules:
                schema = merged.schema
                for each in told:
                    schema = _with_choice(schema, each)
                bare = Merged(schema, tuple(unions), (), merged.sections)
            if len(self._prepared) > KEPT:
                self._prepared.clear()
            known = self._prepared[id(merged)] = (merged, bare, tuple(told))
        return known[1], known[2]

    def _told(self, schema: Schema, branches: tuple[Any, ...]) -> _Told | None:
        named = schema.get("properties")
        if not isinstance(named, Mapping) or len(branches) < 2:
            return None
        try:
            flats = [self.merger.merged(branch) for branch in branches]
        except Unresolved:
            return None
        first = flats[0].schema.get("properties")
        for name in first if isinstance(first, Mapping) else ():
            if name not in named:
                continue
            values = [self._constants(flat, name) for flat in flats]
            whole = [value for each in values for value in each]
            if all(values) and not any(
                strict_json.equal(one, two) for at, one in enumerate(whole[:200]) for two in whole[:at]
            ):
                return _Told(
                    name, tuple((tuple(v), _without(flat, name)) for v, flat in zip(values, flats, strict=True))
                )
        return None

    def _constants(self, flat: Merged, name: str) -> list[Any]:
        named = flat.schema.get("properties")
        inner = named.get(name) if isinstance(named, Mapping) else None
        try:
            schema = self.merger.merged(inner).schema
        except Unresolved:
            return []
        if "const" in schema:
            return [schema["const"]]
        given = schema.get("enum")
        return given if isinstance(given, list) else []

    def _made(self, bare: Merged, rules: tuple[Rule, ...], told: tuple[_Told, ...], outcome: list[int]) -> Grown:
        merged, hidden = bare, set[str]()
        because: dict[str, str] = {}
        for rule, holds in zip(rules, outcome, strict=False):
            on, off = (rule.part, rule.other) if holds else (rule.other, rule.part)
            hidden.update(self._names(off))
            part = self.merger.merged(on)
            for name in _required(part):
                because.setdefault(name, _reason(rule, bool(holds)))
            merged = both(merged, part)
        for each, branch in zip(told, outcome[len(rules) :], strict=True):
            for at, (values, part) in enumerate(each.branches):
                if at != branch:
                    hidden.update(_named(part))
                    continue
                said = " or ".join(fields.brief(value, 30) for value in values[:3])
                for name in _required(part):
                    because.setdefault(name, f"{each.name} is {said}")
                merged = both(merged, part)
        return Grown(merged, frozenset(hidden), {name: why for name, why in because.items() if why})

    def _names(self, part: Any) -> set[str]:
        """The properties that a part which does not hold would draw, those of its own conditions too."""
        found: set[str] = set()
        waiting, left = [part], 50
        while waiting and left:
            left -= 1
            try:
                flat = self.merger.merged(waiting.pop())
            except Unresolved:
                continue
            found.update(_named(flat))
            waiting.extend(each for rule in flat.rules for each in (rule.part, rule.other) if each is not None)
            waiting.extend(branch for _, branches in flat.unions for branch in branches)
        return found


def _named(flat: Merged) -> set[str]:
    named = flat.schema.get("properties")
    return set(named) if isinstance(named, Mapping) else set()


def _required(flat: Merged) -> list[str]:
    given = flat.schema.get("required")
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []


def _without(flat: Merged, name: str) -> Merged:
    """The branch without the property that tells it, which is drawn beside."""
    named = {key: value for key, value in flat.schema["properties"].items() if key != name}
    return replace(flat, schema={**flat.schema, "properties": named})


def _with_choice(schema: Schema, told: _Told) -> Schema:
    """`schema` where the telling property offers what its branches know, unless it says so itself."""
    named = schema["properties"]
    own = named[told.name]
    if isinstance(own, Mapping) and not {"enum", "const", "oneOf", "anyOf", "$ref", "allOf"}.isdisjoint(own):
        return schema
    if not isinstance(own, Mapping):
        own = {}
    values = [value for each, _ in told.branches for value in each]
    return {**schema, "properties": {**named, told.name: {**own, "enum": values}}}


def _reason(rule: Rule, holds: bool) -> str:
    """What set a rule off, in words, or "" where it cannot be said shortly."""
    if rule.has is not None:
        return f"{rule.has} is set"
    asked = rule.when.get("properties") if isinstance(rule.when, Mapping) else None
    said: list[str] = []
    for name, schema in asked.items() if isinstance(asked, Mapping) else ():
        values = [schema["const"]] if isinstance(schema, Mapping) and "const" in schema else None
        if values is None and isinstance(schema, Mapping) and isinstance(schema.get("enum"), list):
            values = schema["enum"][:3]
        if not values:
            return ""
        said.append(f"{name} is {'' if holds else 'not '}{' or '.join(fields.brief(value, 30) for value in values)}")
    return (" and " if holds else " or ").join(said)
