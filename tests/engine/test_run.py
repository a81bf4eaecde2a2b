"""One attempt: merge, defaults, check, execute, outcome (behaviour.md 1.7, 3.5, 4)."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from datetime import datetime
from typing import Any

import pytest

from engine import (
    BaseTask,
    Engine,
    Event,
    EventKind,
    Task,
    TaskError,
    TaskStatus,
    TaskTreeNode,
    register_post_hook,
    register_pre_hook,
)
from engine.executor import executor_register

GREETING = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "times": {"type": "integer", "minimum": 1, "default": 3},
        "deep": {"type": "object", "properties": {"x": {"type": "integer", "default": 7}}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


async def echo(self: BaseTask, inputs: dict[str, Any]) -> Any:
    return {"got": inputs}


async def test_4_1_defaults_are_filled_nested_too_and_the_given_inputs_stay(register, run, engine: Engine) -> None:
    register("echo", echo, GREETING)
    task = await run("echo", {"name": "A", "deep": {}})
    assert task.status == "completed"
    assert task.result["got"] == {"name": "A", "deep": {"x": 7}, "times": 3}
    assert task.inputs == {"name": "A", "deep": {}}
    assert task.effective_inputs == task.result["got"]
    stored = await engine.store.task(task.id)
    assert stored is not None and stored.inputs == task.inputs and stored.effective_inputs == task.effective_inputs


async def test_4_2_every_violation_is_listed_with_its_path_and_execute_is_not_called(register, run) -> None:
    called = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        called.append(1)

    register("strict", execute, GREETING)
    task = await run("strict", {"times": 0, "deep": {"x": "y"}, "other": 1})
    assert task.status == "failed" and task.error_type == "validation_error" and not called
    for word in ("name", "times", "deep.x", "other"):
        assert word in task.error
    assert task.started_at is not None and task.completed_at is not None  # 2.2: it passed through in_progress


async def test_4_2_true_is_no_integer_and_1_0_is(register, run) -> None:
    register("echo", echo, {"type": "object", "properties": {"n": {"type": "integer"}}})
    assert (await run("echo", {"n": True})).status == "failed"
    assert (await run("echo", {"n": 1.0})).status == "completed"


async def test_4_3_a_schema_that_raises_keeps_the_executor_listed_and_fails_its_tasks(run, engine: Engine) -> None:
    @executor_register()
    class Odd(BaseTask):
        id = "odd"

        def get_input_schema(self) -> dict[str, Any]:
            raise RuntimeError("no schema today")

        async def execute(self, inputs: dict[str, Any]) -> Any:
            return None

    assert "odd" in engine.catalogue.executors
    task = await run("odd")
    assert task.status == "failed" and "no schema today" in task.error


async def test_2_6_an_unknown_executor_fails_with_close_matches(noop, run) -> None:
    task = await run("nopo")
    assert task.status == "failed"
    assert task.error == "no executor named 'nopo'; did you mean noop?"


async def test_2_6_an_explicit_executor_id_goes_before_the_name_and_never_falls_through(noop, run) -> None:
    assert (await run("anything", params={"executor_id": "noop"})).status == "completed"
    assert (await run("anything", schemas={"method": "noop"})).status == "completed"
    assert (await run("noop", params={"executor_id": "gone"})).status == "failed"


@pytest.mark.parametrize(
    ("returned", "status", "error", "error_type"),
    [
        ({"status": "failed", "error": "e", "error_type": "t"}, "failed", "e", "t"),
        ({"status": "failed", "message": "m"}, "failed", "m", "failed"),
        ({"status": "failed", "error_type": "t"}, "failed", "t", "t"),
        ({"status": "cancelled", "message": "m"}, "cancelled", "m", "cancelled"),
        ({"error": "e"}, "failed", "e", "failed"),
        ({"error": ""}, "completed", None, None),
        ({"status": "done", "error": "e"}, "completed", None, None),
        (None, "completed", None, None),
        ("text", "completed", None, None),
        (0, "completed", None, None),
        ([1, 2], "completed", None, None),
    ],
)
async def test_4_4_outcome(register, run, engine, returned: Any, status: str, error: Any, error_type: Any) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return returned

    register("returns", execute)
    task = await run("returns")
    assert (task.status, task.error, task.error_type) == (status, error, error_type)
    stored = await engine.store.task(task.id)
    assert stored.result == task.result
    if isinstance(returned, dict):
        assert returned.items() <= task.result.items()
    else:
        assert task.result == returned


async def test_4_4_a_raised_error_is_the_message_its_class_and_a_traceback_in_the_log(register, run, engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        raise LookupError("nothing there")

    register("raises", execute)
    task = await run("raises")
    assert (task.status, task.error, task.error_type) == ("failed", "nothing there", "LookupError")
    text = "\n".join(line.text for line in await engine.log(task.id))
    assert "Traceback" in text and "nothing there" in text


def _cyclic() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def _deep() -> Any:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: {"a": [1, 2, {3}]}, "result is not JSON at $.a[2]: set"),
        (lambda: {"when": datetime(2026, 1, 1)}, "$.when: datetime"),
        (lambda: [float("nan")], "$[0]: nan"),
        (_cyclic, "contains itself"),
        (_deep, "nested more than"),
        (lambda: b"bytes", "$: bytes"),
        (lambda: {(1, 2): 3}, "key of type tuple"),
    ],
)
async def test_4_5_what_is_not_json_fails_naming_the_place(register, run, make: Any, words: str) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return make()

    register("junk", execute)
    task = await run("junk")
    assert task.status == "failed" and words in task.error


async def test_4_5_a_large_result_is_kept_whole_and_a_huge_one_fails_with_its_size(register, run, engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return "x" * inputs["size"]

    register("big", execute)
    large = await run("big", {"size": 9 * 2**20})
    stored = await engine.store.task(large.id)
    assert large.status == "completed" and len(stored.result) == 9 * 2**20
    huge = await run("big", {"size": 65 * 2**20})
    assert huge.status == "failed" and "65.0 MiB" in huge.error


async def test_lone_surrogates_in_results_errors_and_logs_are_stored(register, run, engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        print("log \ud800")
        if inputs:
            raise ValueError("bad \ud800")
        return {"odd": "\ud800"}

    register("surrogate", execute)
    assert (await run("surrogate")).status == "completed"
    assert (await run("surrogate", {"fail": True})).status == "failed"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
async def test_4_6_what_would_end_the_program_only_fails_the_task(register, run, noop, error: BaseException) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        raise error

    register("exits", execute)
    assert (await run("exits")).status == "failed"
    assert (await run("noop")).status == "completed"


async def test_4_6_a_constructor_that_raises_fails_the_task(run) -> None:
    made = []

    @executor_register()
    class Fragile(BaseTask):
        id = "fragile"

        def __init__(self, inputs: Any = None) -> None:
            super().__init__(inputs)
            made.append(1)
            if len(made) > 1:
                raise SystemExit("no")

        async def execute(self, inputs: dict[str, Any]) -> Any:
            return None

    task = await run("fragile")
    assert task.status == "failed"


async def test_4_7_a_timeout_is_a_failure(register, run) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    register("slow", execute, timeout=0.05)
    task = await run("slow")
    assert (task.status, task.error_type) == ("failed", "timeout_error")
    assert "0.05 s" in task.error


async def test_4_8_what_execute_does_to_its_inputs_changes_nothing_stored(register, run, engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        inputs["list"].append(2)
        inputs["new"] = 1
        return None

    register("mutates", execute)
    given = {"list": [1]}
    task = await run("mutates", given)
    stored = await engine.store.task(task.id)
    assert given == task.inputs == stored.inputs == task.effective_inputs == stored.effective_inputs == {"list": [1]}


async def test_4_9_output_goes_to_the_tasks_log_and_not_to_the_screen(register, run, engine, capfd) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        print("printed")
        print("to stderr", file=sys.stderr)
        logging.getLogger("mine").warning("logged %d", 1)
        self.log("said")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        await asyncio.to_thread(print, "from to_thread")
        sys.stdout.write("no line end")
        return None

    register("talks", execute)
    task = await run("talks")
    lines = [(line.stream, line.text) for line in await engine.log(task.id)]
    assert lines == [
        ("stdout", "printed"),
        ("stderr", "to stderr"),
        ("log", "WARNING mine: logged 1"),
        ("log", "said"),
        ("stdout", "from a thread"),
        ("stdout", "from to_thread"),
        ("stdout", "no line end"),
    ]
    assert capfd.readouterr() == ("", "")
    print("outside of tasks all is as before")
    assert capfd.readouterr().out == "outside of tasks all is as before\n"


async def test_a_flood_of_output_is_bounded_and_says_so(register, run, engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        for i in range(200_000):
            print(i)
        return None

    register("floods", execute)
    task = await run("floods")
    lines = await engine.log(task.id)
    assert len(lines) <= engine.settings.log_lines + 2
    assert lines[-1].text == "199999" and any("not kept" in line.text for line in lines)


async def test_1_7_a_plain_execute_runs_in_a_worker_thread(register, run) -> None:
    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return threading.current_thread() is threading.main_thread()

    register("plain", execute)
    task = await run("plain")
    assert (task.status, task.result) == ("completed", False)


async def test_1_3_what_a_running_executor_knows_and_reports(register, run, events: list[Event]) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        self.report_progress(0.5, "half")
        self.report_progress(float("nan"))
        self.report_progress("no number")  # type: ignore[arg-type]
        await asyncio.sleep(0.02)
        self.report_progress(7, "clamped")
        await asyncio.sleep(0.02)
        assert self.task is not None
        self.task.name = "mine now"
        return [self.task_id, self._task_id, self.user_id, self.task.name, self.task.status]

    register("context", execute)
    task = await run("context", user_id="ann")
    assert task.result == [task.id, task.id, "ann", "context", "in_progress"]
    assert EventKind.PROGRESS in [e.kind for e in events]
    assert (task.progress, task.progress_message) == (1.0, "clamped")


async def test_3_5_results_are_merged_into_what_the_caller_left_open(register, engine: Engine) -> None:
    async def source(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"url": "u", "result": {"token_count": 3, "name": "nested"}, "unasked": 1}

    schema = {
        "type": "object",
        "properties": {k: {} for k in ("url", "name", "mine", "token_count", "status")},
        "additionalProperties": False,
    }
    register("source", source)
    register("echo", echo, schema)
    first = engine.new_task("source", id="first")
    second = engine.new_task("echo", inputs={"name": "", "mine": "kept"}, dependencies=["first"])
    await engine.finished(await engine.submit(TaskTreeNode(first, [TaskTreeNode(second)])))
    assert second.status == "completed", second.error
    assert second.result["got"] == {
        "name": "nested",
        "mine": "kept",
        "first": first.result,
        "url": "u",
        "token_count": 3,
    }
    assert second.inputs == {"name": "", "mine": "kept"}
    notes = [line.text for line in await engine.log(second.id)]
    assert "input 'url' taken from the result of source" in notes


async def test_6_1_hooks_may_edit_inputs_and_see_the_result_before_dependents_start(register, engine: Engine) -> None:
    order: list[str] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        order.append(f"run {inputs.get('n')}")
        return inputs["n"]

    def before(task: Task) -> None:
        task.inputs["n"] = task.inputs.get("n", 0) + 1

    async def after(task: Task, inputs: dict[str, Any], result: Any) -> None:
        order.append(f"after {result}")
        raise RuntimeError("a hook's fault fails nothing")

    register("count", execute, {"type": "object", "properties": {"n": {"type": "integer", "maximum": 5}}})
    register_pre_hook(before)
    register_post_hook(after)
    a = engine.new_task("count", inputs={"n": 1})
    b = engine.new_task("count", inputs={"n": 2}, dependencies=[a.id])
    c = engine.new_task("count", inputs={"n": 5})
    await engine.finished(await engine.submit(TaskTreeNode(a, [TaskTreeNode(b), TaskTreeNode(c)])))
    assert order.index("after 2") < order.index("run 3")
    assert c.status == "failed" and "n" in c.error
    assert a.inputs == {"n": 1}


async def test_6_1_an_executors_own_pre_hook_that_returns_a_dict_replaces_execute(run) -> None:
    @executor_register(pre_hook=lambda executor, task, inputs: {"status": "completed", "from": "hook"})
    class Hooked(BaseTask):
        id = "hooked"

        async def execute(self, inputs: dict[str, Any]) -> Any:
            raise AssertionError

    assert (await run("hooked")).result == {"status": "completed", "from": "hook"}


async def test_8_6_secrets_are_used_but_never_stored(register, run, engine: Engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        print(f"using {inputs['api_key']}")
        if inputs.get("fail"):
            raise ValueError(f"refused {inputs['api_key']}")
        return {"echoed": inputs["api_key"], "length": len(inputs["api_key"])}

    schema = {"type": "object", "properties": {"api_key": {"type": "string"}, "fail": {"type": "boolean"}}}
    register("secretive", execute, schema)
    task = await run("secretive", {"api_key": 'hunter2"quoted'})
    await run("secretive", {"api_key": "hunter2", "fail": True})
    assert task.result == {"echoed": "•••", "length": 14, "status": "completed"}
    assert task.inputs == {"api_key": "•••"}
    await engine.stop()
    for file in engine.settings.store.parent.iterdir():
        if file.is_file():
            assert b"hunter2" not in file.read_bytes(), file


async def test_8_6_a_rerun_without_its_secret_says_what_it_needs(register, run, engine: Engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return None

    register("secretive", execute, {"type": "object", "properties": {"password": {"type": "string"}}})
    task = await run("secretive", {"password": "hunter2"})
    with pytest.raises(TaskError, match="needs its secrets: 'password'"):
        await engine.rerun(task.id)
    again = await engine.rerun(task.id, inputs={"password": "again"})
    await engine.finished(task.run_id)
    assert again.status == "completed"


async def test_a_child_process_of_an_executor_does_not_hold_the_lock_of_the_engine(engine: Engine, tmp_path) -> None:
    child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        folder = tmp_path / "taskdeck.db-owners"
        await engine.stop()
        assert not os.listdir(folder)
    finally:
        child.kill()
        child.wait()


async def test_a_blocking_executor_on_the_loop_thread_does_not_hold_up_the_engine(settings, register) -> None:
    from engine.runners.loop_thread import LoopThreadRunner

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        time.sleep(0.5)
        return None

    register("blocks", execute)
    engine = Engine(settings, runner=LoopThreadRunner())
    await engine.start()
    task = engine.new_task("blocks")
    run_id = await engine.submit(TaskTreeNode(task))
    beats = 0
    while task.status is not TaskStatus.COMPLETED and beats < 500:
        await asyncio.sleep(0.01)
        beats += 1
    assert beats > 10
    assert await engine.finished(run_id) == "completed"
    await engine.stop()
