"""What every executor that ships keeps to: a form can be drawn from it, and the catalogue loads fast."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import executors
from engine import BaseTask, Loader
from engine.loader import Folder
from engine.schema import is_secret
from executors.page import shipped

SHIPPED = {executor.id: executor for executor in shipped()}
"""All of them, found as the docs find them."""

OPEN = frozenset({"aggregate_results", "assert", "transform"})
"""These take what their dependencies returned (3.5), so they cannot refuse what they did not declare."""

HEAVY = ("httpx", "psutil", "textual", "rich", "jsonschema", "jmespath", "regex", "smtplib", "sqlite3", "tempfile")

LOAD = f"""
import sys, time
import engine
began = time.perf_counter()
for name in sys.argv[1:]:
    __import__("executors." + name)
print((time.perf_counter() - began) * 1000)
print(*sorted(set({HEAVY}) & set(sys.modules)))
"""


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in schema.get("properties", {}).items():
        yield name, field
        inner = field.get("items") if field.get("type") == "array" else field
        yield from ((f"{name}.{below}", one) for below, one in fields(inner or {}))


@pytest.fixture(params=SHIPPED)
def executor(request: pytest.FixtureRequest) -> BaseTask:
    return SHIPPED[request.param](inputs={})


def test_id_is_the_file_name_and_it_says_what_it_is(executor: BaseTask) -> None:
    """Rules 1.2, 1.3."""
    assert executor.id == type(executor).__module__.rpartition(".")[2].rstrip("_")  # assert is a word of Python
    assert executor.name and executor.description and tuple(executor.tags)


def test_schema_is_valid_and_each_field_is_explained(executor: BaseTask) -> None:
    schema = executor.get_input_schema()
    assert all(field.get("title") and field.get("description") for field in schema["properties"].values())
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    for name, field in fields(schema):
        assert field.get("title") and field.get("description"), name
        if "default" in field:
            Draft202012Validator(field).validate(field["default"])


def test_unknown_inputs_are_refused_but_for_results_of_dependencies(executor: BaseTask) -> None:
    valid = next(iter(executor.examples), {})
    accepts = Draft202012Validator(executor.get_input_schema()).is_valid({**valid, "no-such-field": 1})
    assert accepts == (executor.id in OPEN)


def test_examples_fit_the_schema(executor: BaseTask) -> None:
    """Rule 1.3."""
    examples = list(executor.examples)
    assert examples
    for example in examples:
        Draft202012Validator(executor.get_input_schema()).validate(example)


def test_no_schema_needs_a_choice_of_branches(executor: BaseTask) -> None:
    """A field of one kind is simpler than a union; conditions by another field's value are drawn."""
    text = json.dumps(executor.get_input_schema())
    assert not [word for word in ("oneOf", "anyOf", "allOf", "$ref") if word in text]


def test_secrets_are_marked(executor: BaseTask) -> None:
    for name, field in fields(executor.get_input_schema()):
        if is_secret(name, {}):
            assert field.get("writeOnly") is True, name


async def test_a_dry_run_has_a_result_of_json(executor: BaseTask) -> None:
    for example in executor.examples:
        result = executor.get_demo_result(dict(example))
        json.dumps(result, allow_nan=False)
        assert result["demo"] is True and result["status"] == "completed"


def test_loading_them_is_fast_and_loads_nothing_heavy() -> None:
    names = [executor.__module__.rpartition(".")[2] for executor in SHIPPED.values()]
    run = subprocess.run([sys.executable, "-c", LOAD, *names], capture_output=True, text=True, check=True, cwd=".")
    took, heavy = run.stdout.splitlines()
    assert heavy == ""
    assert float(took) < 1000  # an anti-freeze guard; most of it is asyncio, which the engine needs anyway


def test_each_runs_again_from_its_kept_source_as_in_a_process_of_its_own() -> None:
    folder = Folder(Path(executors.__path__[0]), "shipped")
    for spec in (Loader([folder]).reconcile() or Loader([]).catalogue).executors.values():
        source = spec.source()
        assert source is not None
        assert Loader([]).revive(spec.version, source, spec.id).version == spec.version, spec.id
