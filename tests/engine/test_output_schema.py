"""What executors say of inputs and results: output schemas, dry runs, pydantic models (behaviour.md 1.3, 4.4)."""

from __future__ import annotations

from typing import Any

import pytest

from engine import BaseTask, Engine, ExecutableTask, TaskTreeNode, executor_register
from tests.engine.support import ended, finish

RESULT: dict[str, Any] = {
    "type": "object",
    "properties": {"total": {"type": "integer", "minimum": 0}, "unit": {"type": "string"}},
    "required": ["total"],
    "additionalProperties": False,
}


async def warnings(engine: Engine, task: Any) -> list[str]:
    return [line.text for line in await engine.log(task.id) if line.stream == "engine"]


# ── output schemas ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def gives(register) -> None:
    """Executors that return their input `give`, with an output schema."""

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return inputs["give"]

    register("gives", execute, output_schema=RESULT)
    register("counts", execute, output_schema={"type": "integer"})


async def test_4_4_a_result_that_fits_its_schema_is_nothing_to_speak_of(gives, run, engine: Engine) -> None:
    task = await run("gives", {"give": {"total": 3, "unit": "m"}})
    assert task.status == "completed" and await warnings(engine, task) == []
    assert task.result["status"] == "completed"  # what the base class adds is no violation either
    assert await warnings(engine, await run("counts", {"give": 5})) == []


@pytest.mark.parametrize(
    ("give", "words"),
    [({"total": -1}, ["total"]), ({"unit": 3}, ["total", "unit"]), ({"total": 1, "more": 2}, ["more"]), ([1], [""])],
)
async def test_4_4_a_result_that_does_not_fit_is_a_warning_and_no_failure(
    gives, run, engine: Engine, give: Any, words: list[str]
) -> None:
    task = await run("gives", {"give": give})
    assert task.status == "completed" and task.error is None
    said = await warnings(engine, task)
    assert len(said) == len(words)
    for line in said:
        assert line.startswith("warning: the result does not fit the output schema: ")
    assert all(any(word in line for line in said) for word in words)


async def test_4_4_a_failure_is_not_held_against_the_output_schema(gives, run, engine: Engine) -> None:
    task = await run("gives", {"give": {"status": "failed", "error": "e"}})
    assert task.status == "failed" and await warnings(engine, task) == []


async def test_4_4_an_output_schema_that_is_none_is_a_problem_and_the_executor_runs(register, run, engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"x": 1}

    register("odd", execute, output_schema={"type": "nonsense"})
    assert any("output schema" in problem.text for problem in engine.catalogue.problems)
    task = await run("odd")
    assert task.status == "completed" and await warnings(engine, task) == []


async def test_4_4_get_output_schema_may_be_a_method_of_any_executor(run, engine: Engine) -> None:
    @executor_register()
    class Own(ExecutableTask):
        id = "own"
        name = "Own"
        description = ""

        def get_output_schema(self) -> dict[str, Any]:
            return {"type": "object", "required": ["x"]}

        async def execute(self, inputs: dict[str, Any]) -> Any:
            return {"y": 1}

    task = await run("own")
    assert task.status == "completed" and len(await warnings(engine, task)) == 1


# ── dry runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def real() -> list[str]:
    """The executors whose execute was called."""
    return []


@pytest.fixture
def dry(register, real: list[str]) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        real.append(self.id)
        return {"real": True}

    async def demo_async(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"greeting": f"demo {inputs['name']}"}

    def demo(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"greeting": f"demo {inputs['name']}", "times": inputs["times"]}

    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "times": {"type": "integer", "default": 2}},
        "required": ["name"],
    }
    register("greets", execute, schema, get_demo_result=demo)
    register("greets_async", execute, schema, get_demo_result=demo_async)
    register("plain", execute)
    register("fails", execute, get_demo_result=lambda self, inputs: {"status": "failed", "error": "demo of a failure"})


async def test_1_3_a_dry_run_shows_the_demo_result_and_executes_nothing(dry, engine: Engine, real: list[str]) -> None:
    task = await engine.launch("greets", {"name": "Ann"}, dry_run=True)
    assert await ended(engine, task.run_id) == "completed"
    assert task.result["greeting"] == "demo Ann" and task.result["times"] == 2  # defaults are filled as in a real one
    other = await engine.launch("greets_async", {"name": "Ann"}, dry_run=True)
    await ended(engine, other.run_id)
    assert other.result["greeting"] == "demo Ann"
    plain = await engine.launch("plain", {"a": 1}, dry_run=True)
    await ended(engine, plain.run_id)
    assert plain.result == {"status": "completed", "demo": True, "inputs": {"a": 1}}
    assert real == []


async def test_1_3_a_dry_run_validates_and_may_fail(dry, engine: Engine, real: list[str]) -> None:
    task = await engine.launch("greets", {}, dry_run=True)
    assert await ended(engine, task.run_id) == "failed" and task.error_type == "validation_error"
    task = await engine.launch("fails", {}, dry_run=True)
    assert await ended(engine, task.run_id) == "failed" and task.error == "demo of a failure"
    assert real == []


async def test_1_3_a_tree_is_run_dry_as_a_whole_and_stays_so(dry, engine: Engine, real: list[str]) -> None:
    first = engine.new_task("greets", inputs={"name": "Ann"})
    second = engine.new_task("plain", dependencies=[first.id], params={"retries": 1})
    run_id = await engine.submit(TaskTreeNode(first, [TaskTreeNode(second)]), dry_run=True)
    assert await ended(engine, run_id) == "completed"
    assert second.result["inputs"][first.id]["greeting"] == "demo Ann"
    stored = await engine.store.task(second.id)
    assert stored is not None and stored.params == {"retries": 1, "dry_run": True}
    await engine.rerun(first.id)
    await ended(engine, run_id)
    assert real == []


async def test_1_3_without_the_flag_it_is_real(dry, engine: Engine, real: list[str]) -> None:
    await finish(engine, engine.new_task("greets", inputs={"name": "Ann"}))
    assert real == ["greets"]


async def test_1_3_an_executor_of_the_bare_interface_is_run_dry_too(engine: Engine) -> None:
    @executor_register()
    class Bare(ExecutableTask):
        id = "bare"
        name = "Bare"
        description = ""

        async def execute(self, inputs: dict[str, Any]) -> Any:
            raise AssertionError("executed")

    task = await engine.launch("bare", {"a": 1}, dry_run=True)
    assert await ended(engine, task.run_id) == "completed"
    assert task.result == {"status": "completed", "demo": True, "inputs": {"a": 1}}


# ── pydantic models ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_1_3_whatever_gives_a_json_schema_is_one(register, run, engine: Engine) -> None:
    class Model:
        @classmethod
        def model_json_schema(cls) -> dict[str, Any]:
            return {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"n": inputs["n"]}

    register("modelled", execute, Model, output_schema=Model)
    assert (await run("modelled", {"n": "x"})).error_type == "validation_error"
    task = await run("modelled", {"n": 3})
    assert task.status == "completed" and await warnings(engine, task) == []


async def test_1_3_a_pydantic_model_is_an_input_schema(register, run, engine: Engine) -> None:
    import pydantic

    inner = pydantic.create_model("Place", city=(str, ...), zip=(str, "00000"))
    model = pydantic.create_model(
        "Order",
        amount=(int, pydantic.Field(ge=1, le=9)),
        place=(inner, ...),
        tags=(list[str], []),
        note=(str | None, None),
        token=(pydantic.SecretStr | None, None),
    )
    result = pydantic.create_model("Receipt", total=(int, ...))
    seen: list[Any] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append(inputs)
        return {"total": inputs["amount"]} if inputs["amount"] < 5 else {"total": "many"}

    register("orders", execute, model, output_schema=result)
    spec = engine.catalogue.get("orders")
    assert spec is not None and spec.schema_problem is None
    assert list(spec.schema["properties"]) == ["amount", "place", "tags", "note", "token"]
    wrong = await run("orders", {"amount": 12, "place": {}})
    assert wrong.error_type == "validation_error" and "amount" in wrong.error and "place.city" in wrong.error
    task = await run("orders", {"amount": 3, "place": {"city": "Graz"}, "token": "hunter2-token"})
    assert task.status == "completed" and await warnings(engine, task) == []
    assert seen[-1] == {
        "amount": 3,
        "place": {"city": "Graz", "zip": "00000"},
        "tags": [],
        "note": None,
        "token": "hunter2-token",
    }
    assert task.inputs["token"] == "•••"
    assert len(await warnings(engine, await run("orders", {"amount": 7, "place": {"city": "Graz"}}))) == 1
