"""What every executor that ships keeps to: a form can be drawn from it, and the catalogue loads fast."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine import BaseTask

SHIPPED = {
    "approve": "Approve",
    "hello": "Hello",
    "command": "Command",
    "http_request": "HttpRequest",
    "system_info": "SystemInfo",
    "file_read": "FileRead",
    "data_processor": "DataProcessor",
    "wait": "Wait",
    "aggregate_results": "AggregateResults",
}

LOAD = """
import sys, time
import engine
began = time.perf_counter()
for name in sys.argv[1:]:
    __import__("executors." + name)
print((time.perf_counter() - began) * 1000)
print(*sorted({"httpx", "psutil", "textual", "rich", "jsonschema"} & set(sys.modules)))
"""


def shipped(executor_id: str) -> type[BaseTask]:
    found: type[BaseTask] = getattr(importlib.import_module(f"executors.{executor_id}"), SHIPPED[executor_id])
    return found


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in schema.get("properties", {}).items():
        yield name, field
        yield from ((f"{name}.{inner}", one) for inner, one in fields(field))


@pytest.fixture(params=SHIPPED)
def executor(request: pytest.FixtureRequest) -> BaseTask:
    return shipped(request.param)(inputs={})


def test_id_is_the_file_name_and_it_says_what_it_is(executor: BaseTask) -> None:
    """Rules 1.2, 1.3."""
    assert executor.id == type(executor).__module__.rpartition(".")[2]
    assert executor.name and executor.description and tuple(executor.tags)


def test_schema_is_valid_and_each_field_is_explained(executor: BaseTask) -> None:
    schema = executor.get_input_schema()
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    for name, field in fields(schema):
        assert field.get("title") and field.get("description"), name
        if "default" in field:
            Draft202012Validator(field).validate(field["default"])


def test_unknown_inputs_are_refused_but_for_results_of_dependencies(executor: BaseTask) -> None:
    """Rule 3.5: aggregate_results receives what it did not declare."""
    valid = next(iter(executor.examples), {})
    accepts = Draft202012Validator(executor.get_input_schema()).is_valid({**valid, "no-such-field": 1})
    assert accepts == (executor.id == "aggregate_results")


def test_examples_fit_the_schema(executor: BaseTask) -> None:
    """Rule 1.3."""
    examples = list(executor.examples)
    assert examples
    for example in examples:
        Draft202012Validator(executor.get_input_schema()).validate(example)


def test_the_first_form_can_draw_each_schema(executor: BaseTask) -> None:
    """No unions and no conditions, which the first form does not draw."""
    text = json.dumps(executor.get_input_schema())
    assert not [word for word in ("oneOf", "anyOf", "allOf", '"if"', "$ref") if word in text]


def test_loading_them_is_fast_and_loads_nothing_heavy() -> None:
    run = subprocess.run([sys.executable, "-c", LOAD, *SHIPPED], capture_output=True, text=True, check=True, cwd=".")
    took, heavy = run.stdout.splitlines()
    assert heavy == ""
    assert float(took) < 500  # an anti-freeze guard; it is below 50 on an idle machine
