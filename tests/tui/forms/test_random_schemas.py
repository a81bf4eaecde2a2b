"""Well-formed random schemas with instances that were made for them: a form takes, edits and gives back all of it.

`FORM_EXAMPLES=5000 FORM_SEED=7 pytest tests/tui/forms/test_random_schemas.py` looks further than the suite does.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema

from tests.tui.forms.driver import open_all, same
from tui.forms.model import ABSENT, Form, Row
from tui.forms.strict_json import dump

EXAMPLES = int(os.environ.get("FORM_EXAMPLES", "60"))
SEED = int(os.environ.get("FORM_SEED", "1"))
EDITS = 12

NAMES = st.sampled_from(["a", "b", "c", "kind", "items", "type", "", "a.b", "api_key", "url", "headers", "é"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
FORMATS = st.sampled_from(["date", "time", "date-time", "email", "uri", "uuid", "ipv4", "password", "file-path", "x"])
PATTERNS = st.sampled_from(["^a", "^[a-z]{1,3}$", r"\d+", "^x-"])
DRAFTS = ("https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#")


def some(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of these keywords."""
    return st.fixed_dictionaries({}, optional=known)


def typed(*names: str, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A schema of one type, sometimes of null as well."""
    types = st.sampled_from([*names, *([name, "null"] for name in names)])
    return st.builds(lambda kind, more: {"type": kind, **more}, types, some(**known))


BOUND = st.integers(-5, 5)
LENGTH = st.integers(0, 3)
SCALARS = st.one_of(
    st.sampled_from([True, {}, {"type": "boolean"}, {"type": "null"}]),
    typed("integer", "number", minimum=BOUND, exclusiveMaximum=BOUND, multipleOf=st.sampled_from([1, 2, 0.1])),
    typed("string", minLength=LENGTH, maxLength=st.integers(3, 9), format=FORMATS, default=st.text(max_size=3)),
    typed("string", pattern=PATTERNS, writeOnly=st.booleans(), examples=st.lists(st.text(max_size=3), max_size=2)),
    some(enum=st.lists(VALUES, min_size=1, max_size=4), title=st.text(max_size=3)),
    some(const=VALUES, default=VALUES, readOnly=st.booleans(), deprecated=st.booleans()),
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas that hold these."""
    named = st.dictionaries(NAMES, inner, max_size=3)
    listed = st.lists(inner, min_size=1, max_size=3)
    names = st.lists(NAMES, max_size=2, unique=True)
    objects = typed(
        "object",
        properties=named,
        required=names,
        additionalProperties=inner | st.just(False),
        patternProperties=st.dictionaries(PATTERNS, inner, max_size=1),
        propertyNames=st.just({"maxLength": 4}),
        dependentRequired=st.dictionaries(NAMES, names, max_size=1),
        dependentSchemas=st.dictionaries(NAMES, inner, max_size=1),
        minProperties=st.integers(0, 1),
        unevaluatedProperties=st.just(False),
    )
    arrays = typed(
        "array",
        items=inner,
        prefixItems=listed,
        minItems=LENGTH,
        maxItems=st.integers(3, 5),
        uniqueItems=st.booleans(),
        contains=inner,
    )
    groups = some(oneOf=listed, properties=named, required=names) | some(anyOf=listed) | some(allOf=listed)
    conditions = st.fixed_dictionaries({"if": inner, "then": inner}, optional={"else": inner, "properties": named})
    return st.one_of(objects, objects, arrays, groups, conditions, some(**{"not": inner}, type=st.just("object")))


SCHEMAS = st.builds(
    lambda schema, draft, ref: _as_document(schema, draft, ref),
    st.recursive(SCALARS, nested, max_leaves=10),
    st.sampled_from([None, *DRAFTS]),
    st.booleans(),
)


def _as_document(schema: Any, draft: str | None, is_ref: bool) -> Any:
    """The schema with a draft named and, now and then, standing among the definitions."""
    if not isinstance(schema, dict):
        return schema
    if is_ref:
        schema = {"$defs": {"it": schema}, "$ref": "#/$defs/it"}
    return {"$schema": draft, **schema} if draft else schema


@cache
def _made_for(text: str) -> st.SearchStrategy[Any]:
    """Instances of the schema; one strategy a schema, for making it changes the schema that it is given."""
    try:
        made = from_schema(json.loads(text))
        made.validate()
    except Exception:  # what that library cannot read
        return VALUES
    return made | VALUES


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Any]:
    """A schema and an instance of it, or something else."""
    schema = draw(SCHEMAS)
    return schema, draw(st.just(ABSENT) | _made_for(json.dumps(schema)))


def _edited(form: Form, rows: list[Row], chance: random.Random, values: list[Any]) -> None:
    """One edit of one of the rows, such as the keys of the screen make."""
    row = chance.choice(rows)
    path, value = row.path, chance.choice(values)
    name, number = chance.choice(["a", "b", "", "new"]), chance.randrange(-1, 4)
    edits: list[Callable[[], object]] = [
        partial(form.set, path, value),
        partial(form.unset, path),
        partial(form.set_null, path),
        partial(form.choose, path, number),
        partial(form.add, path),
        partial(form.add, path, name),
        partial(form.rename, path, name),
        partial(form.remove, path),
        partial(form.move, path, number),
        partial(form.undo),
        partial(form.redo),
        partial(form.open, path),
        partial(form.close, path),
        partial(form.enter, path, str(value)),
    ]
    chance.choice(edits)()


def _looked_at(form: Form) -> list[Row]:
    """Everything that a screen asks of a form."""
    rows = form.rows()
    assert len({id(row) for row in rows}) == len(rows) > 0
    assert all(problem.text and isinstance(problem.path, tuple) for problem in form.problems)
    form.payload, form.sent, form.gone, form.notes, form.text(), form.strangers()
    return rows


@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.generate, Phase.shrink),
)
@given(cases(), st.lists(VALUES, min_size=3, max_size=3), st.integers(0, 2**16))
def test_a_form_takes_edits_and_gives_back_what_was_made_for_its_schema(
    case: tuple[Any, Any], values: list[Any], number: int
) -> None:
    schema, value = case
    before = copy.deepcopy(schema)
    form = Form(schema, value)
    if value is not ABSENT:
        assert dump(form.instance) == dump(value), "in the order of its keys"
        text = json.dumps(value)
        read = Form.from_text(schema, text)
        assert dump(read.instance) == dump(value)
        assert {problem.path for problem in read.problems} == {problem.path for problem in form.problems}
    first = form.instance
    open_all(form, 3)
    _looked_at(form)
    assert form.instance is first, "looking changes nothing"
    chance = random.Random(number)
    for _ in range(EDITS):
        _edited(form, form.rows(), chance, values)
        _looked_at(form)
    while form.can_undo:
        form.undo()
    assert form.instance is first or same(form.instance, first)
    while form.can_redo:
        form.redo()
    _looked_at(form)
    assert schema == before
