from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from engine import BaseTask, ExecutableTask, executor_register, function_executor
from engine.executor import DEFAULT_REGISTRY, Registration, collecting, constructor
from engine.spec import from_registry


class Plain(BaseTask):
    id = "plain"
    name = "Plain"
    description = "d"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return {"x": 1}


def test_1_1_the_guides_package_name_means_this_engine() -> None:
    code = (
        "import aipartnerupflow as a, engine as e\n"
        "from aipartnerupflow import BaseTask, ExecutableTask, executor_register, TaskManager, create_session\n"
        "assert all(getattr(a, n) is getattr(e, n) for n in e.__all__), 'not the same'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_1_4_the_decorator_returns_the_class_with_and_without_parentheses() -> None:
    assert executor_register(Plain) is Plain
    assert executor_register(override=True)(Plain) is Plain
    assert "plain" in from_registry(DEFAULT_REGISTRY).executors


def test_1_4_a_second_class_with_the_id_is_refused_naming_both_and_the_first_stays() -> None:
    executor_register(Plain)

    class Second(Plain):
        pass

    with pytest.raises(ValueError, match=r"Second.*test_executor\.py.*Plain.*test_executor\.py"):
        executor_register(Second)
    assert DEFAULT_REGISTRY.registrations["plain"].cls is Plain
    executor_register(override=True)(Second)
    assert DEFAULT_REGISTRY.registrations["plain"].cls is Second


def test_1_4_what_is_no_executor_is_refused_naming_class_and_file() -> None:
    with pytest.raises(TypeError, match=r"Stranger.*test_executor\.py"):

        @executor_register()
        class Stranger:
            pass

    with pytest.raises(ValueError, match=r"Nameless.*test_executor\.py"):

        @executor_register()
        class Nameless(BaseTask):
            async def execute(self, inputs: dict[str, Any]) -> Any:
                return None

    with pytest.raises(TypeError, match="no execute"):

        @executor_register()
        class Idle(BaseTask):
            id = "idle"


def test_1_4_under_the_loader_a_class_is_only_marked() -> None:
    marked: list[Registration] = []
    token = collecting.set(marked)
    try:
        executor_register(Plain)
    finally:
        collecting.reset(token)
    assert [m.id for m in marked] == ["plain"] and "plain" not in DEFAULT_REGISTRY.registrations


def test_1_2_the_id_may_be_a_property() -> None:
    @executor_register()
    class Propertied(ExecutableTask):
        @property
        def id(self) -> str:
            return "propertied"

        async def execute(self, inputs: dict[str, Any]) -> Any:
            return None

    assert from_registry(DEFAULT_REGISTRY).executors["propertied"].name == "propertied"


def test_1_5_the_constructor_takes_inputs_by_name_by_place_or_not_at_all() -> None:
    class Named(Plain):
        def __init__(self, inputs: dict[str, Any] | None = None, **kwargs: Any) -> None:
            self.seen = inputs

    class Placed(Plain):
        def __init__(self, given: dict[str, Any]) -> None:
            self.seen = given

    class Bare(Plain):
        def __init__(self) -> None:
            self.seen = "nothing"

    made = [constructor(cls)({"a": 1}) for cls in (Named, Placed, Bare)]
    assert [m.seen for m in made] == [{"a": 1}, {"a": 1}, "nothing"]  # type: ignore[attr-defined]


def test_1_5_inputs_never_overwrite_attributes() -> None:
    hostile = {"name": "x", "id": "y", "description": "z", "tags": 1, "inputs": 2, "user_id": "root"}
    made = constructor(Plain)(hostile)
    assert (made.id, made.name, made.description) == ("plain", "Plain", "d")
    assert made.user_id is None and made.inputs is hostile  # type: ignore[attr-defined]


async def test_4_4_a_direct_call_says_completed_too() -> None:
    assert await Plain().execute({}) == {"x": 1, "status": "completed"}


async def test_4_4_a_dict_with_an_error_is_not_called_completed() -> None:
    class Bad(Plain):
        async def execute(self, inputs: dict[str, Any]) -> Any:
            return {"error": "no"}

    assert await Bad().execute({}) == {"error": "no"}


def test_1_3_defaults_of_the_base_class() -> None:
    made = Plain()
    assert made.get_input_schema() == {"type": "object"}
    assert (made.task, made.task_id, made.is_cancelled()) == (None, None, False)
    made.log("nobody listens")
    made.report_progress(0.5)


def test_1_6_a_schema_is_derived_from_annotations_and_defaults() -> None:
    @function_executor("add", "Adds")
    def add(a: int, b: list[float], note: str | None = None, times: int = 2) -> dict[str, Any]:
        return {"sum": a}

    assert add(1, []) == {"sum": 1}
    spec = from_registry(DEFAULT_REGISTRY).executors["add"]
    assert spec.schema["required"] == ["a", "b"]
    assert spec.schema["properties"]["a"] == {"type": "integer"}
    assert spec.schema["properties"]["b"] == {"type": "array", "items": {"type": "number"}}
    assert spec.schema["properties"]["note"] == {"type": ["string", "null"]}
    assert spec.schema["properties"]["times"] == {"type": "integer", "default": 2}
