"""From a registered class to a spec: whatever the class does, it stays listed and its fault is told (rule 4.3)."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, ClassVar

import pytest

from engine.catalogue import ExecutorSpec, Problem
from engine.executor import BaseTask, ExecutableTask, Registration, Registry
from engine.spec import describe, from_registry


class Plain(BaseTask):
    """What it does, in one line.

    And more.
    """

    id = "plain"

    def execute(self, inputs: dict[str, Any]) -> Any:
        return {}


def ask(cls: type[ExecutableTask], **more: Any) -> tuple[ExecutorSpec, Problem | None]:
    return describe(Registration(cls, "the_id", **more), origin="user", version="abc", file="/x/file.py", line=7)


def test_what_is_not_said_falls_back() -> None:
    spec, problem = ask(Plain)
    assert problem is None
    assert (spec.name, spec.description) == ("the_id", "What it does, in one line.")
    assert (spec.version, spec.file, spec.line, spec.origin) == ("abc", "/x/file.py", 7, "user")
    assert spec.schema == {"type": "object"} and spec.schema_problem is None


def test_all_that_is_said_is_taken() -> None:
    class Full(Plain):
        name = "Full"
        description = "Says all"
        tags = ("a", "b")
        examples = ({"n": 1}, "prose")  # type: ignore[assignment]
        timeout = 3
        inputs_schema: ClassVar[Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}

    def before(executor: Any, task: Any, inputs: Any) -> None: ...

    spec, problem = ask(Full, pre_hook=before)
    assert problem is None
    assert (spec.name, spec.description, spec.tags, spec.policy.timeout) == ("Full", "Says all", ("a", "b"), 3.0)
    assert spec.examples == ({"n": 1},)
    assert spec.schema["properties"]["n"] == {"type": "integer"}
    assert spec.pre_hook is before and spec.factory is Full


def test_properties_and_other_types_become_text() -> None:
    class Odd(Plain):
        name = 5
        tags = "one"

        @property
        def description(self) -> str:
            return "from a property"

    spec, _ = ask(Odd)
    assert (spec.name, spec.description, spec.tags) == ("5", "from a property", ("one",))


def test_the_constructor_may_take_inputs_or_nothing() -> None:
    """Rule 1.5."""

    class Nothing(Plain):
        def __init__(self) -> None:
            super().__init__()

    class Positional(Plain):
        def __init__(self, given: dict[str, Any]) -> None:
            super().__init__(given)

    for cls in (Nothing, Positional):
        assert ask(cls)[1] is None


@pytest.mark.parametrize("error", [ValueError("no schema today"), SystemExit(3), KeyboardInterrupt()])
def test_a_schema_that_raises_leaves_the_executor_listed(error: BaseException) -> None:
    """Rule 4.3."""

    class Raises(Plain):
        def get_input_schema(self) -> dict[str, Any]:
            raise error

    spec, problem = ask(Raises)
    assert spec.schema == {"type": "object"}
    assert problem is not None and problem.executor_id == "the_id" and "the_id" in problem.text
    assert spec.schema_problem is not None and type(error).__name__ in spec.schema_problem
    assert type(error).__name__ in problem.text and type(error).__name__ in problem.traceback


@pytest.mark.parametrize(
    "schema", [{"type": "strange"}, {"type": "object", "properties": 3}, None, 5, [], {"x": {1, 2}}]
)
def test_an_invalid_schema_leaves_the_executor_listed(schema: Any) -> None:
    """Rule 4.3."""

    class Invalid(Plain):
        def get_input_schema(self) -> Any:
            return schema

    spec, problem = ask(Invalid)
    assert spec.schema_problem and problem is not None and problem.line == 7
    assert spec.schema == {"type": "object"}


def test_an_async_schema_is_told() -> None:
    class Async(Plain):
        async def get_input_schema(self) -> dict[str, Any]:  # type: ignore[override]
            return {}

    spec, problem = ask(Async)
    assert problem is not None and "async" in problem.text and spec.schema_problem


def test_a_class_without_instances_is_listed_with_its_problem() -> None:
    class Never(Plain):
        name = "Never made"

        def __init__(self) -> None:
            raise RuntimeError("needs a database")

    spec, problem = ask(Never)
    assert spec.id == "the_id" and spec.name == "Never made"
    assert problem is not None and "RuntimeError: needs a database" in problem.text
    assert spec.schema_problem is not None and "needs a database" in spec.schema_problem


def test_attributes_that_raise_do_not_hide_the_rest() -> None:
    class Hostile(Plain):
        timeout = "5"  # type: ignore[assignment]

        @property
        def name(self) -> str:
            raise SystemExit("no name")

        @property
        def tags(self) -> tuple[str, ...]:  # type: ignore[override]
            raise GeneratorExit

    spec, problem = ask(Hostile)
    assert (spec.name, spec.tags, spec.policy.timeout) == ("the_id", (), None)
    assert spec.schema_problem is None and problem is not None and "no name" in problem.text


def test_a_timeout_that_is_none_is_told() -> None:
    class Timeless(Plain):
        timeout = -1

    spec, problem = ask(Timeless)
    assert spec.policy.timeout is None and problem is not None and "seconds" in problem.text


def test_a_pydantic_model_class_is_a_schema() -> None:
    """Rule 1.3; the class is known by its method, so pydantic itself is not needed."""

    class Model:
        @classmethod
        def model_json_schema(cls) -> dict[str, Any]:
            return {"type": "object", "properties": {"n": {"type": "integer"}}}

    class Declared(Plain):
        inputs_schema = Model

    class Returned(Plain):
        def get_input_schema(self) -> Any:
            return Model

    for cls in (Declared, Returned):
        spec, problem = ask(cls)
        assert problem is None and "n" in spec.schema["properties"]


def test_later_changes_of_the_schema_do_not_reach_the_spec() -> None:
    class Shared(Plain):
        inputs_schema: ClassVar[Any] = {"type": "object", "properties": {}}

    spec, _ = ask(Shared)
    Shared.inputs_schema["properties"]["late"] = {}
    assert "late" not in spec.schema["properties"]


def test_a_script_s_registry_becomes_a_catalogue() -> None:
    """Rule 1.4."""
    registry = Registry()
    registry.add(Registration(Plain, "plain", file=__file__, line=3))

    class Broken(Plain):
        def get_input_schema(self) -> dict[str, Any]:
            raise ValueError("x")

    registry.add(Registration(Broken, "broken", file=__file__, line=4))
    catalogue = from_registry(registry)
    assert list(catalogue.executors) == ["plain", "broken"] and catalogue.epoch == registry.epoch
    assert catalogue.executors["plain"].origin == "script" and len(catalogue.executors["plain"].version) == 64
    assert [problem.executor_id for problem in catalogue.problems] == ["broken"]


def test_start_up_needs_neither_watchfiles_nor_jsonschema() -> None:
    code = (
        "import sys, engine.watcher, engine.loader, engine.spec\n"
        "print([name for name in ('watchfiles', 'jsonschema', 'anyio', 'textual') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
