"""Flows as they run: references, conditions, secrets, and what follows them through restart, rerun, copy and export."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine import BaseTask, Engine, RunFilter, Settings, Task, TaskError, TaskStatus, executor_register
from engine.flow import FlowSpec, flow_of, read_flow
from engine.task import TaskTreeNode
from tests.engine.support import ended, rows, running, until


def flow(*tasks: dict[str, Any], **head: Any) -> FlowSpec:
    spec, problems = flow_of({"id": "tried", "tasks": list(tasks), **head})
    assert not problems, problems
    assert spec is not None
    return spec


def form(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


Make = Callable[..., None]


@pytest.fixture
def make(register: Any) -> Make:
    """`make("id", function, schema=...)`: an executor whose result is what the function makes of the inputs."""

    def made(id: str, function: Callable[[dict[str, Any]], Any], schema: Any = None) -> None:
        async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
            return function(inputs)

        register(id, execute, schema)

    return made


@pytest.fixture
def executors(make: Make) -> None:
    make("echo", lambda inputs: {"got": {k: v for k, v in inputs.items() if not (len(k) == 36 and "-" in k)}})
    make("five", lambda inputs: {"number": 5, "list": [1, 2], "text": "a"})
    make("fail", lambda inputs: {"status": "failed", "error": "no luck"})


@pytest.fixture
async def engine(settings: Settings, executors: None) -> AsyncIterator[Engine]:
    async with running(settings) as made:
        yield made


async def run(engine: Engine, spec: FlowSpec, **inputs: Any) -> dict[str, Task]:
    root = await engine.launch(spec, inputs)
    await ended(engine, root.run_id)
    return await tasks_of(engine, root.run_id)


async def tasks_of(engine: Engine, run_id: str) -> dict[str, Task]:
    await engine.store.writer.flush()
    found = {}
    for task in await engine.tree(run_id):
        whole = await engine.task(task.id)
        assert whole is not None
        found[str(task.params.get("flow_id") or task.name)] = whole
    return found


def got(task: Task) -> dict[str, Any]:
    assert task.status is TaskStatus.COMPLETED, task.error
    found: dict[str, Any] = task.result["got"]
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ inputs.n }}", 7),
        ("  {{ inputs.n }}\n", 7),
        ("n={{ inputs.n }}", "n=7"),
        ("{{ inputs.n }}{{ inputs.on }}", "7true"),
        ("{{ inputs.list }}", [1, {"a": None}]),
        ("l: {{ inputs.list }}", 'l: [1,{"a":null}]'),
        ("{{ inputs.absent }}", None),
        ("{{ inputs.absent || 'x' }}-{{ '{{' }}", "x-{{"),
        ("{{ tasks.five.result.number }}", 5),
        ("{{ tasks.five.result.list[-1] }}", 2),
        ("{{ tasks.*.status }}", ["completed"]),
        ("{{ {a: tasks.five.result.text, b: {c: inputs.n}} }}", {"a": "a", "b": {"c": 7}}),
        ("no braces } here", "no braces } here"),
    ],
)
async def test_3_5_a_reference_alone_keeps_its_type_and_inside_text_becomes_text(
    engine: Engine, text: str, value: Any
) -> None:
    schema = {**form(n={}, on={}, list={}, absent={})}
    spec = flow(
        {"id": "five", "executor": "five"},
        {"id": "echo", "executor": "echo", "dependencies": ["five"], "inputs": {"x": {"y": [text]}}},
        inputs_schema=schema,
    )
    done = await run(engine, spec, n=7, on=True, list=[1, {"a": None}])
    assert got(done["echo"]) == {"x": {"y": [value]}}
    assert done["echo"].inputs == {"x": {"y": [text]}}  # the row keeps the reference


async def test_3_5_what_was_filled_in_is_in_the_log(engine: Engine) -> None:
    spec = flow({"id": "echo", "executor": "echo", "inputs": {"x": "{{ inputs.n }}!"}}, inputs_schema=form(n={}))
    done = await run(engine, spec, n=3)
    first, *_ = await engine.log(done["echo"].id)
    assert first.text == "input 'x' filled in from inputs.n: \"3!\""


async def test_3_5_references_are_filled_in_before_the_inputs_are_checked(engine: Engine, make: Make) -> None:
    make("picky", lambda inputs: {"got": inputs}, schema={"type": "object", "properties": {"n": {"type": "integer"}}})
    spec = flow({"id": "a", "executor": "picky", "inputs": {"n": "{{ inputs.n }}"}}, inputs_schema=form(n={}))
    assert got((await run(engine, spec, n=3))["a"]) == {"n": 3}
    failed = (await run(engine, spec, n="three"))["a"]
    assert (failed.status, failed.error_type) == ("failed", "validation_error")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a {{ tasks.five.result.nothing }}", "input 'x': {{ tasks.five.result.nothing }} is null"),
        ("{{ length(tasks.five.result.number) }}", "input 'x': length() cannot take a value of type number"),
        ("{{ tasks.five.result.list[*].[@,@][] | [@,@,@,@,@,@] | [@,@,@,@,@,@][] | [@,@,@,@,@,@] | [@,@,@,@,@,@] "
         "| [@,@,@,@,@,@] | [@,@,@,@,@,@] | [@,@,@,@,@,@] }}", "input 'x': it makes a value that is too large"),
    ],
)  # fmt: skip
async def test_3_5_a_reference_that_cannot_be_filled_in_fails_the_task_and_says_why(
    engine: Engine, text: str, words: str
) -> None:
    spec = flow(
        {"id": "five", "executor": "five"},
        {"id": "echo", "executor": "echo", "dependencies": ["five"], "retries": 3, "inputs": {"x": text}},
    )
    failed = (await run(engine, spec))["echo"]
    assert (failed.status, failed.error_type, failed.attempt) == ("failed", "reference_error", 1)
    assert str(failed.error).startswith(words)


async def test_texts_with_braces_outside_of_a_flow_stay_as_they_are(engine: Engine) -> None:
    task = await engine.launch("echo", {"x": "{{ inputs.n }}"})
    await ended(engine, task.run_id)
    assert got((await tasks_of(engine, task.run_id))["echo"]) == {"x": "{{ inputs.n }}"}


@pytest.mark.parametrize("value", [False, 0, None, "", [], {}])
async def test_8_4_a_task_whose_condition_is_false_is_skipped_and_its_dependents_go_on(
    engine: Engine, value: Any
) -> None:
    spec = flow(
        {"id": "maybe", "executor": "five", "when": "inputs.go"},
        {"id": "after", "executor": "echo", "dependencies": ["maybe"], "inputs": {"x": "{{ tasks.maybe.status }}"}},
        inputs_schema=form(go={}),
    )
    done = await run(engine, spec, go=value)
    maybe = done["maybe"]
    assert (maybe.status, maybe.skipped, maybe.result, maybe.attempt) == ("completed", True, None, 0)
    assert maybe.progress_message == "its condition is false: inputs.go"
    assert [line.text for line in await engine.log(maybe.id)] == ["skipped: its condition is false: inputs.go"]
    assert got(done["after"]) == {"x": "completed"}
    assert done["tried"].status is TaskStatus.COMPLETED
    assert (await run(engine, spec, go="yes"))["maybe"].result["number"] == 5


async def test_8_4_a_condition_may_ask_how_an_optional_dependency_ended(engine: Engine) -> None:
    optional = [{"id": "try", "required": False}]
    spec = flow(
        {"id": "try", "executor": "fail"},
        {"id": "mend", "executor": "five", "dependencies": optional, "when": "{{ tasks.try.status == 'failed' }}"},
        {"id": "praise", "executor": "five", "dependencies": optional, "when": "tasks.try.status == 'completed'"},
    )
    done = await run(engine, spec)
    assert (done["mend"].skipped, done["praise"].skipped) == (False, True)


async def test_a_flow_whose_tasks_are_all_skipped_is_completed(engine: Engine) -> None:
    spec = flow({"id": "a", "executor": "five", "when": False}, {"id": "b", "executor": "five", "when": False})
    done = await run(engine, spec)
    assert {task.status for task in done.values()} == {"completed"}


async def test_a_launch_that_the_form_refuses_stores_nothing(engine: Engine) -> None:
    schema = {**form(n={"type": "integer"}, m={"type": "string"}), "required": ["m"]}
    with pytest.raises(TaskError) as refused:
        await engine.launch(flow({"executor": "five"}, inputs_schema=schema), {"n": "x"})
    assert "n: " in str(refused.value) and "m: " in str(refused.value)
    assert await engine.runs() == []


async def test_a_launch_of_a_flow_with_problems_is_refused_with_each_of_them(engine: Engine) -> None:
    with pytest.raises(TaskError, match="no executor named 'fiv'; did you mean five"):
        await engine.launch(flow({"executor": "fiv"}))
    assert await engine.runs() == []


async def test_options_of_a_launch_reach_the_tasks_that_say_nothing_themselves(engine: Engine) -> None:
    spec = flow({"id": "a", "executor": "five"}, {"id": "b", "executor": "five", "priority": 0, "timeout": 9})
    root = await engine.launch(spec, priority=3, params={"timeout": 50, "tags": ["x"]})
    await ended(engine, root.run_id)
    done = await tasks_of(engine, root.run_id)
    assert [(done[name].priority, done[name].params["timeout"]) for name in "ab"] == [(3, 50), (0, 9)]
    assert ("tags" in done["tried"].params, "tags" in done["a"].params) == (True, False)


async def test_8_2_the_same_key_launches_a_flow_once(engine: Engine) -> None:
    spec = flow({"executor": "five"})
    first = await engine.launch(spec, idempotency_key="k")
    assert (await engine.launch(spec, idempotency_key="k")).id == first.id
    await ended(engine, first.run_id)


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────

SECRET = {"type": "string", "x-secret": True}


class Tells(BaseTask):
    id = "tells"

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        self.log(f"given {inputs['header']}")
        assert inputs["header"] == "Bearer hunter22"
        return {"said": inputs["header"]}


async def test_8_6_a_secret_input_of_a_flow_is_stored_nowhere(engine: Engine, settings: Settings) -> None:
    executor_register()(Tells)
    spec = flow(
        {"id": "a", "executor": "tells", "inputs": {"header": "Bearer {{ inputs.key_of_it }}"}},
        {"id": "b", "executor": "echo", "dependencies": ["a"], "inputs": {"x": "{{ tasks.a.result.said }}"}},
        {"id": "c", "executor": "echo", "inputs": {"all": "{{ inputs }}", "len": "{{ length(inputs.key_of_it) }}"}},
        inputs_schema=form(key_of_it=SECRET),
    )
    done = await run(engine, spec, key_of_it="hunter22")
    assert {task.status for task in done.values()} == {"completed"}, [task.error for task in done.values()]
    assert done["a"].effective_inputs == {"header": "Bearer •••"}
    assert done["tried"].inputs == {"key_of_it": "•••"}
    assert done["a"].inputs == {"header": "Bearer {{ inputs.key_of_it }}"}
    await engine.store.writer.flush()
    for table in ("task", "log", "attempt", "run"):
        assert "hunter22" not in str(rows(settings.store, f"SELECT * FROM {table}"))


async def test_8_6_a_reference_in_a_secret_field_is_no_secret_and_survives(engine: Engine, make: Make) -> None:
    make("login", lambda inputs: {"ok": inputs["password"] == "hunter22"}, schema=form(password={"type": "string"}))
    spec = flow(
        {"id": "a", "executor": "login", "inputs": {"password": "{{ inputs.word }}"}}, inputs_schema=form(word=SECRET)
    )
    done = await run(engine, spec, word="hunter22")
    assert (done["a"].inputs, done["a"].result["ok"]) == ({"password": "{{ inputs.word }}"}, True)
    assert done["a"].effective_inputs == {"password": "•••"}


async def test_8_6_what_only_the_executor_calls_a_secret_is_not_told_by_the_log(engine: Engine, make: Make) -> None:
    make("login", lambda inputs: {"ok": inputs["password"] == "hunter22"}, schema=form(password={"type": "string"}))
    spec = flow({"id": "a", "executor": "login", "inputs": {"password": "{{ inputs.n }}"}}, inputs_schema=form(n={}))
    done = await run(engine, spec, n="hunter22")
    assert done["a"].result["ok"] is True
    assert [line.text for line in await engine.log(done["a"].id)] == [
        "input 'password' filled in from inputs.n: \"•••\""
    ]


async def test_8_6_a_lost_secret_of_a_flow_is_asked_for_by_name(engine: Engine) -> None:
    spec = flow({"id": "a", "executor": "echo", "inputs": {"x": "{{ inputs.word }}"}}, inputs_schema=form(word=SECRET))
    done = await run(engine, spec, word="hunter22")
    with pytest.raises(TaskError, match=r"needs the secret 'inputs\.word'"):
        await engine.rerun(done["a"].id)
    again = await engine.rerun(done["tried"].id, inputs={"word": "swordfish"})
    await ended(engine, again.run_id)
    second = (await tasks_of(engine, again.run_id))["a"]
    assert (second.attempt, second.status) == (2, "completed")


async def test_8_6_a_secret_given_as_a_reference_is_looked_up(engine: Engine, monkeypatch: Any) -> None:
    executor_register()(Tells)
    monkeypatch.setenv("TRIED_KEY", "hunter22")
    spec = flow(
        {"id": "a", "executor": "tells", "inputs": {"header": "Bearer {{ inputs.word }}"}},
        inputs_schema=form(word=SECRET),
    )
    done = await run(engine, spec, word="env:TRIED_KEY")
    assert done["a"].status is TaskStatus.COMPLETED, done["a"].error
    assert done["tried"].inputs == {"word": "env:TRIED_KEY"}
    monkeypatch.delenv("TRIED_KEY")
    with pytest.raises(TaskError, match="TRIED_KEY"):
        await engine.launch(spec, {"word": "env:TRIED_KEY"})


# ── what survives ────────────────────────────────────────────────────────────────────────────────────────────────────


def chain() -> FlowSpec:
    return flow(
        {"id": "five", "executor": "five"},
        {"id": "b", "executor": "echo", "dependencies": ["five"], "inputs": {"x": "{{ tasks.five.result.number }}"}},
        {
            "id": "c",
            "executor": "echo",
            "dependencies": ["b"],
            "inputs": {"x": "{{ inputs.n }} {{ tasks.b.result.got.x }}"},
        },
        inputs_schema=form(n={"type": "integer", "default": 4}),
    )


async def test_5_4_a_rerun_from_a_node_fills_its_references_in_anew(engine: Engine) -> None:
    done = await run(engine, chain())
    again = await engine.rerun(done["b"].id)
    await ended(engine, again.run_id)
    second = await tasks_of(engine, again.run_id)
    assert [second[name].attempt for name in ("five", "b", "c")] == [1, 2, 2]
    assert got(second["c"]) == {"x": "4 5"}
    edited = await engine.rerun(done["tried"].id, inputs={"n": 9})
    await ended(engine, edited.run_id)
    assert got((await tasks_of(engine, edited.run_id))["c"]) == {"x": "9 5"}
    with pytest.raises(TaskError, match="n: "):
        await engine.rerun(done["tried"].id, inputs={"n": "many"})


async def test_5_4_what_was_skipped_runs_where_its_condition_holds_in_a_rerun(engine: Engine) -> None:
    spec = flow({"id": "a", "executor": "five", "when": "inputs.go"}, inputs_schema=form(go={}))
    done = await run(engine, spec, go=False)
    again = await engine.rerun(done["tried"].id, inputs={"go": True})
    await ended(engine, again.run_id)
    second = (await tasks_of(engine, again.run_id))["a"]
    assert (second.skipped, second.attempt, second.status) == (False, 1, "completed")


async def test_5_5_a_copy_of_a_flow_runs_alike(engine: Engine) -> None:
    done = await run(engine, chain(), n=2)
    tree = await engine.copy(done["tried"].id)
    run_id = await engine.submit(tree)
    await ended(engine, run_id)
    copied = await tasks_of(engine, run_id)
    assert got(copied["c"]) == {"x": "2 5"}
    assert copied["c"].id != done["c"].id


async def test_5_5_a_task_that_is_copied_out_of_its_flow_keeps_the_inputs_of_that(engine: Engine) -> None:
    done = await run(engine, chain(), n=2)
    run_id = await engine.submit(await engine.copy(done["c"].id))
    await ended(engine, run_id)
    assert got((await tasks_of(engine, run_id))["c"]) == {"x": "2 5"}
    again = await engine.copy(run_id)
    run_id = await engine.submit(again)
    await ended(engine, run_id)
    assert got((await tasks_of(engine, run_id))["c"]) == {"x": "2 5"}


async def test_references_survive_a_restart(settings: Settings, executors: None, make: Make) -> None:
    async with running(settings) as engine:
        root = await engine.launch(chain(), {"n": 3})
        await engine.pause(root.run_id)
    async with running(settings, take_over=True) as engine:
        await until(lambda: root.run_id in engine.dispatcher.trees)
        await engine.resume(root.run_id)
        await ended(engine, root.run_id)
        assert got((await tasks_of(engine, root.run_id))["c"]) == {"x": "3 5"}


async def test_8_6_after_a_restart_what_reads_a_lost_secret_waits_for_it(settings: Settings, executors: None) -> None:
    spec = flow(
        {"id": "first", "executor": "five"},
        {"id": "a", "executor": "echo", "dependencies": ["first"], "inputs": {"x": "{{ inputs.word }}"}},
        inputs_schema=form(word=SECRET),
    )
    async with running(settings) as engine:
        await engine.pause()
        root = await engine.launch(spec, {"word": "hunter22"})
    async with running(settings, take_over=True) as engine:
        await until(lambda: root.run_id in engine.dispatcher.trees)
        await engine.resume()
        nodes = engine.dispatcher.trees[root.run_id].nodes.values()
        a = next(node for node in nodes if node.task.name == "a")
        assert a.task.hold == "needs its secrets: inputs.word"
        await engine.cancel(root.id)


async def test_an_exported_flow_is_run_again_elsewhere(settings: Settings, executors: None, tmp_path: Path) -> None:
    async with running(settings) as engine:
        root = await engine.launch(chain(), {"n": 6})
        await ended(engine, root.run_id)
        lines = [line async for line in engine.export([root.run_id])]
    async with running(settings, store=tmp_path / "other.db") as engine:
        await engine.import_lines(lines)
        done = await tasks_of(engine, root.run_id)
        again = await engine.rerun(done["b"].id)
        await ended(engine, again.run_id)
        assert got((await tasks_of(engine, root.run_id))["c"]) == {"x": "6 5"}


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_5_a_plan_of_a_flow_fills_in_what_is_known(engine: Engine) -> None:
    spec = flow(
        {"id": "a", "executor": "echo", "inputs": {"x": "{{ inputs.n }}"}},
        {"id": "b", "executor": "echo", "dependencies": ["a"], "inputs": {"x": "{{ tasks.a.result }}"}},
        {"id": "off", "executor": "echo", "when": "inputs.n > `5`"},
        {"id": "later", "executor": "echo", "dependencies": ["a"], "when": "tasks.a.result.ok"},
        inputs_schema=form(n={}),
    )
    plan = await engine.plan(engine.flow_tree(spec, {"n": 4}))
    assert plan.problems == ()
    planned = {each.task.name: each for level in plan.levels for each in level}
    assert (planned["a"].level, planned["a"].inputs) == (0, {"x": 4})
    assert (planned["b"].level, planned["b"].inputs) == (1, {"x": "{{ tasks.a.result }}"})
    assert planned["off"].when == "its condition is false: inputs.n > `5`"
    assert (planned["a"].when, planned["later"].when) == ("", "open")
    assert await engine.runs() == []


async def test_8_5_a_plan_tells_what_no_result_can_mend(engine: Engine, make: Make) -> None:
    make("picky", lambda inputs: {}, schema={**form(n={"type": "integer"}, s={"type": "string"}), "required": ["n"]})
    tree = TaskTreeNode(engine.new_task("picky", inputs={"n": "{{ inputs.n }}"}))
    assert [each.text for each in (await engine.plan(tree)).problems] != []  # no flow: it is only a text
    spec = flow(
        {"id": "five", "executor": "five"},
        {"id": "ok", "executor": "picky", "dependencies": ["five"], "inputs": {"n": "{{ tasks.five.result.number }}"}},
    )
    assert (await engine.plan(engine.flow_tree(spec))).problems == ()


# ── what ran ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_run_says_which_version_of_the_flow_it_is_and_the_source_is_kept(
    engine: Engine, executors: None, tmp_path: Path
) -> None:
    content = b"tasks:\n- {id: a, executor: five}\n"
    spec, _ = read_flow(content, str(tmp_path / "kept.flow.yaml"))
    assert spec is not None
    root = await engine.launch(spec)
    await ended(engine, root.run_id)
    stored = (await tasks_of(engine, root.run_id))["kept"]
    assert stored.executor_version == root.executor_version == spec.version
    source = await engine.source(spec.version)
    assert source is not None and source.texts() == {"kept.flow.yaml": content.decode()}
    with pytest.raises(TaskError, match="is a flow"):
        await engine.rerun(root.id, version="0" * 64)
    await engine.rerun(root.id)
    await ended(engine, root.run_id)
    assert (await tasks_of(engine, root.run_id))["kept"].attempt == 2


async def test_runs_of_a_flow_are_found_by_its_id_and_offered_again(engine: Engine) -> None:
    spec = flow({"id": "a", "executor": "five"}, inputs_schema=form(n={}))
    await run(engine, spec, n=3)
    assert [each.inputs for each in await engine.recent("tried")] == [{"n": 3}]
    found = await engine.runs(RunFilter(executor="tried"))
    assert [each.root.name for each in found] == ["tried"]


async def test_a_group_in_a_flow_runs_nothing_and_ends_with_its_tasks(engine: Engine) -> None:
    spec = flow(
        {"name": "both"},
        {"id": "a", "executor": "five", "parent": "both", "when": False},
        {"id": "b", "executor": "fail", "parent": "both"},
        {"id": "after", "executor": "five", "dependencies": ["both"]},
    )
    done = await run(engine, spec)
    assert [done[name].status for name in ("both", "b", "after", "tried")] == ["failed", "failed", "pending", "failed"]


async def test_a_flow_of_thousands_of_tasks_runs(engine: Engine) -> None:
    chain_of = [{"id": "t0", "executor": "five"}]
    for at in range(1, 1500):
        before = f"tasks.t{at - 1}.result"
        text = f"{{{{ {before}.number || {before}.got.x }}}}"
        chain_of.append({"id": f"t{at}", "executor": "echo", "dependencies": [f"t{at - 1}"], "inputs": {"x": text}})
    root = await engine.launch(flow(*chain_of))
    async with asyncio.timeout(60):
        await engine.finished(root.run_id)
    assert got((await tasks_of(engine, root.run_id))["t1499"]) == {"x": 5}


async def test_cancelling_a_flow_cancels_its_tasks(engine: Engine, register: Any) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    register("slow", execute)
    spec = flow({"id": "a", "executor": "slow"}, {"id": "b", "executor": "five", "dependencies": ["a"], "when": True})
    root = await engine.launch(spec)
    await until(lambda: any(node.status is TaskStatus.IN_PROGRESS for node in engine.dispatcher.jobs))
    await engine.cancel(root.id)
    await ended(engine, root.run_id)
    assert {task.status for task in (await tasks_of(engine, root.run_id)).values()} == {"cancelled"}


async def test_a_task_is_found_by_its_id_and_by_its_own_name(engine: Engine) -> None:
    spec = flow(
        {"id": "a", "name": "get five", "executor": "five"},
        {
            "id": "b",
            "executor": "echo",
            "dependencies": [{"name": "get five"}],
            "inputs": {"x": '{{ tasks."get five".result.number }}', "y": "{{ tasks.a.result.number }}"},
        },
    )
    done = await run(engine, spec)
    assert got(done["b"]) == {"x": 5, "y": 5}
    assert (done["a"].name, done["b"].name) == ("get five", "b")
