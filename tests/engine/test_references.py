"""Secrets that are given as references: looked up for an attempt, stored as the reference (behaviour.md 8.6)."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from engine import BaseTask, Engine, Settings, Task, TaskError, TaskTreeNode, register_post_hook, register_pre_hook
from engine.secrets import MASK, hidden_texts, mask, resolve, restore
from tests.engine.support import ended, finish, rows, running

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "api_key": {"type": "string", "minLength": 5},
        "note": {"type": "string"},
        "auth": {"type": "object", "properties": {"token": {"type": "string"}, "user": {"type": "string"}}},
        "credentials": {"type": "array", "items": {"type": "string"}},
        "pin": {"type": "string", "writeOnly": True},
    },
}
REAL = "hunter2-real"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECK_KEY", REAL)
    monkeypatch.delenv("DECK_NONE", raising=False)


@pytest.fixture
def seen(register) -> list[dict[str, Any]]:
    """The inputs that the executor "calls" received."""
    found: list[dict[str, Any]] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        found.append(dict(inputs))
        print(f"with {inputs.get('api_key')}")
        if inputs.get("note") == "fail":
            raise ValueError(f"refused {inputs['api_key']}")
        return {"echo": inputs.get("api_key")}

    register("calls", execute, SCHEMA)
    return found


class Vault(ModuleType):
    """Stands in for the package keyring."""

    def __init__(self, **passwords: str) -> None:
        super().__init__("keyring")
        self.passwords = passwords
        self.asked: list[tuple[str, str]] = []

    def get_password(self, service: str, name: str) -> str | None:
        self.asked.append((service, name))
        if name == "locked":
            raise RuntimeError("the keyring is locked")
        return self.passwords.get(name)


def nowhere(settings: Settings, secret: str = REAL) -> None:
    for file in settings.store.parent.iterdir():
        assert file.is_dir() or secret.encode() not in file.read_bytes(), file


# ── where they stand ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_6_a_variable_is_used_for_the_attempt_and_its_name_is_stored(
    run, engine: Engine, seen: list[dict[str, Any]], settings: Settings
) -> None:
    task = await run("calls", {"api_key": "env:DECK_KEY", "note": "n"})
    assert task.status == "completed" and seen == [{"api_key": REAL, "note": "n"}]
    assert task.inputs == {"api_key": "env:DECK_KEY", "note": "n"}
    stored = await engine.store.task(task.id)
    assert stored is not None and stored.inputs == stored.effective_inputs == task.inputs
    assert task.result["echo"] == MASK
    assert [line.text for line in await engine.log(task.id)] == [f"with {MASK}"]
    await engine.stop()
    nowhere(settings)


async def test_8_6_an_error_that_names_the_value_is_masked(run, seen, engine: Engine) -> None:
    task = await run("calls", {"api_key": "env:DECK_KEY", "note": "fail"})
    assert task.error == f"refused {MASK}"
    assert not any(REAL in line.text for line in await engine.log(task.id))


async def test_8_6_references_inside_objects_and_lists_are_found(run, seen: list[dict[str, Any]]) -> None:
    given = {
        "auth": {"token": "env:DECK_KEY", "user": "env:DECK_KEY"},
        "credentials": ["plain-secret", "env:DECK_KEY"],
        "pin": "env:DECK_KEY",
    }
    task = await run("calls", given)
    assert seen == [
        {"auth": {"token": REAL, "user": "env:DECK_KEY"}, "credentials": ["plain-secret", REAL], "pin": REAL}
    ]
    assert task.inputs["credentials"] == [MASK, "env:DECK_KEY"] and task.inputs["auth"] == given["auth"]
    assert task.effective_inputs == task.inputs


async def test_8_6_what_is_no_secret_is_no_reference(run, seen: list[dict[str, Any]]) -> None:
    given = {"note": "env:DECK_KEY", "api_key": "see env:DECK_KEY"}
    task = await run("calls", given)
    assert seen == [given] and task.inputs == {"note": "env:DECK_KEY", "api_key": MASK}


async def test_8_6_the_value_is_validated_and_not_the_reference(run, seen, monkeypatch) -> None:
    monkeypatch.setenv("DECK_KEY", "abc")
    task = await run("calls", {"api_key": "env:DECK_KEY"})
    assert (task.status, task.error_type, seen) == ("failed", "validation_error", [])
    assert "api_key" in task.error and "abc" not in task.error


async def test_8_6_a_default_may_be_a_reference(register, run) -> None:
    seen: list[Any] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append(inputs["token"])

    schema = {"type": "object", "properties": {"token": {"type": "string", "default": "env:DECK_KEY"}}}
    register("defaulted", execute, schema)
    task = await run("defaulted")
    assert (task.status, seen, task.effective_inputs) == ("completed", [REAL], {"token": "env:DECK_KEY"})


async def test_8_6_a_reference_that_a_dependency_brings_is_looked_up(register, engine: Engine, seen) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"api_key": "env:DECK_KEY"}

    register("source", execute)
    first = engine.new_task("source")
    second = engine.new_task("calls", dependencies=[first.id])
    assert await finish(engine, first, second) == "completed"
    assert seen[0]["api_key"] == REAL
    assert second.effective_inputs is not None and second.effective_inputs["api_key"] == "env:DECK_KEY"


# ── what is not there ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_6_a_variable_that_is_not_there_fails_naming_it_and_is_not_retried(run, seen, engine: Engine) -> None:
    task = await run("calls", {"api_key": "env:DECK_NONE"}, params={"retries": 3, "retry_delay": 0})
    assert (task.status, task.error_type, task.attempt, seen) == ("failed", "needs_secrets", 1, [])
    assert task.error == "needs its secrets: the environment has no variable DECK_NONE"


async def test_8_6_it_is_looked_up_anew_for_each_attempt(run, seen, engine: Engine, monkeypatch) -> None:
    task = await run("calls", {"api_key": "env:DECK_NONE"})
    assert task.status == "failed"
    monkeypatch.setenv("DECK_NONE", "now-there")
    await engine.rerun(task.id)  # nothing has to be given again
    assert await ended(engine, task.run_id) == "completed"
    monkeypatch.setenv("DECK_NONE", "changed")
    await engine.rerun(task.id)
    await ended(engine, task.run_id)
    assert [each["api_key"] for each in seen] == ["now-there", "changed"]


async def test_8_6_a_retry_looks_again(register, run, monkeypatch) -> None:
    seen: list[str] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append(inputs["token"])
        monkeypatch.setenv("DECK_KEY", "second-value")
        if len(seen) == 1:
            raise ValueError(f"refused {inputs['token']}")
        return {"said": inputs["token"]}

    schema = {"type": "object", "properties": {"token": {"type": "string"}}}
    register("flaky", execute, schema, retries=1, retry_delay=0)
    task = await run("flaky", {"token": "env:DECK_KEY"})
    assert seen == [REAL, "second-value"] and task.result["said"] == MASK
    assert task.inputs == {"token": "env:DECK_KEY"}


async def test_8_6_a_reference_survives_the_engine(settings: Settings, seen: list[dict[str, Any]]) -> None:
    async with running(settings) as engine:
        await engine.pause()
        task = engine.new_task("calls", inputs={"api_key": "env:DECK_KEY"})
        await engine.submit(TaskTreeNode(task))
    async with running(settings, take_over=True) as engine:
        await engine.resume()
        assert await ended(engine, task.id) == "completed"
    assert seen == [{"api_key": REAL}]
    nowhere(settings)


async def test_8_6_a_copy_keeps_the_reference(run, engine: Engine, seen) -> None:
    task = await run("calls", {"api_key": "env:DECK_KEY"})
    draft = await engine.copy(task.id)
    assert draft.task.inputs == {"api_key": "env:DECK_KEY"}
    assert await ended(engine, await engine.submit(draft)) == "completed"
    assert [each["api_key"] for each in seen] == [REAL] * 2


async def test_8_6_a_mixture_still_needs_what_was_given_in_person(run, engine: Engine, seen) -> None:
    task = await run("calls", {"api_key": "env:DECK_KEY", "pin": "1234-5678"})
    with pytest.raises(TaskError, match="needs its secrets: 'pin'"):
        await engine.rerun(task.id)
    await engine.rerun(task.id, inputs={"api_key": "env:DECK_KEY", "pin": "env:DECK_KEY"})
    assert await ended(engine, task.run_id) == "completed"
    assert seen[1]["pin"] == REAL


# ── the keyring ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_6_a_password_of_the_keyring(run, seen, monkeypatch, settings: Settings, engine: Engine) -> None:
    vault = Vault(prod="from-the-vault")
    monkeypatch.setitem(sys.modules, "keyring", vault)
    task = await run("calls", {"api_key": "keyring:prod"})
    assert (task.status, seen, vault.asked) == ("completed", [{"api_key": "from-the-vault"}], [("taskdeck", "prod")])
    assert task.inputs == {"api_key": "keyring:prod"} and task.result["echo"] == MASK
    await engine.stop()
    nowhere(settings, "from-the-vault")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("other", "the keyring has no password for taskdeck / other"),
        ("locked", "the keyring cannot be read for locked: the keyring is locked"),
    ],
)
async def test_8_6_a_keyring_that_does_not_give_it_says_so(run, seen, monkeypatch, name: str, words: str) -> None:
    monkeypatch.setitem(sys.modules, "keyring", Vault(prod="x"))
    task = await run("calls", {"api_key": f"keyring:{name}"})
    assert (task.status, task.error_type, task.error) == ("failed", "needs_secrets", f"needs its secrets: {words}")
    assert seen == []


async def test_8_6_the_real_package_is_asked_through_its_own_backend(
    run, seen, settings: Settings, engine: Engine
) -> None:
    keyring = pytest.importorskip("keyring")
    backend = pytest.importorskip("keyring.backend")

    class Drawer(backend.KeyringBackend):  # type: ignore[misc,name-defined]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return "from-the-drawer" if (service, username) == ("taskdeck", "prod") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

        def delete_password(self, service: str, username: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Drawer())
    try:
        task = await run("calls", {"api_key": "keyring:prod"})
        missing = await run("calls", {"api_key": "keyring:other"})
    finally:
        keyring.set_keyring(before)
    assert (task.status, seen) == ("completed", [{"api_key": "from-the-drawer"}])
    assert task.inputs == {"api_key": "keyring:prod"} and task.result["echo"] == MASK
    assert missing.error == "needs its secrets: the keyring has no password for taskdeck / other"
    await engine.stop()
    nowhere(settings, "from-the-drawer")


async def test_8_6_lines_of_a_secret_of_several_lines_are_hidden_one_by_one(
    register, run, settings: Settings, engine: Engine
) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        print(inputs["pin"])
        return {"second": inputs["pin"].splitlines()[1]}

    register("prints", execute, SCHEMA)
    task = await run("prints", {"pin": "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----"})
    assert task.result["second"] == MASK
    await engine.stop()
    nowhere(settings, "MIIEvQIBADANBg")


async def test_8_6_without_the_package_it_says_what_is_missing(run, seen, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    task = await run("calls", {"api_key": "keyring:prod"})
    assert task.error == ("needs its secrets: keyring:prod needs the Python package keyring, which is not installed")


# ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_6_hooks_see_the_value_and_nothing_of_it_is_stored(run, seen, settings, engine: Engine) -> None:
    told: list[Any] = []
    register_pre_hook(lambda task: told.append(task.inputs["api_key"]))
    register_post_hook(lambda task, inputs, result: told.append(inputs["api_key"]))
    task = await run("calls", {"api_key": "env:DECK_KEY"})
    assert told == [REAL, REAL] and task.inputs == task.effective_inputs == {"api_key": "env:DECK_KEY"}
    await engine.stop()
    nowhere(settings)


def drop(task: Task) -> None:
    del task.inputs["auth"]


def flatten(task: Task) -> None:
    task.inputs["auth"] = None


def shorten(task: Task) -> None:
    task.inputs["credentials"].clear()


def empty(task: Task) -> None:
    task.inputs = {}


def spoil(task: Task) -> None:
    task.inputs = None  # type: ignore[assignment]


def replace_it(task: Task) -> None:
    task.inputs["auth"]["token"] = "another-secret"


@pytest.mark.parametrize("hook", [drop, flatten, shorten, empty, spoil, replace_it])
async def test_8_6_a_hook_may_take_a_referenced_secret_away(run, seen, settings, engine: Engine, hook: Any) -> None:
    register_pre_hook(hook)
    task = await run("calls", {"auth": {"token": "env:DECK_KEY"}, "credentials": ["env:DECK_KEY"]})
    assert task.status == ("failed" if hook in (flatten, spoil) else "completed")
    if hook is replace_it:
        assert seen[0]["auth"]["token"] == "another-secret"
    assert engine.counts.running == 0
    await engine.stop()
    nowhere(settings)
    nowhere(settings, "another-secret")


async def test_8_6_a_hook_may_give_a_reference(run, seen, engine: Engine, settings) -> None:
    def give(task: Task) -> None:
        task.inputs["api_key"] = "env:DECK_KEY"

    register_pre_hook(give)
    task = await run("calls", {"note": "n"})
    assert (task.status, seen[0]["api_key"]) == ("completed", REAL)
    assert task.effective_inputs == {"note": "n", "api_key": "env:DECK_KEY"}
    await engine.stop()
    nowhere(settings)


# ── the pure parts ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_8_6_resolve_changes_a_copy_and_tells_where_it_was() -> None:
    given = {"auth": {"token": "env:DECK_KEY", "user": "u"}, "credentials": ["env:DECK_KEY"], "note": "env:DECK_KEY"}
    value, references = resolve(SCHEMA, given)
    assert given["auth"]["token"] == "env:DECK_KEY" and value["auth"] == {"token": REAL, "user": "u"}
    assert sorted(references) == [(("auth", "token"), "env:DECK_KEY"), (("credentials", 0), "env:DECK_KEY")]
    masked = mask(SCHEMA, value)
    assert masked["auth"]["token"] == MASK and hidden_texts(value, masked) == (REAL,)
    assert restore(masked, references) == given
    assert masked["auth"]["token"] == MASK
    plain = {"note": "x"}
    assert resolve(SCHEMA, plain) == (plain, []) and resolve(SCHEMA, plain)[0] is plain


@pytest.mark.parametrize(
    "text", ["env:", "env:1A", "env:A B", "keyring:", "keyring:a b", "ENV:DECK_KEY", " env:DECK_KEY"]
)
def test_8_6_what_only_looks_like_a_reference_is_a_secret(text: str) -> None:
    assert resolve(SCHEMA, {"api_key": text}) == ({"api_key": text}, [])
    assert mask(SCHEMA, {"api_key": text}) == {"api_key": MASK}


def test_8_6_what_is_not_masked_any_more_is_not_restored() -> None:
    references = [(("auth", "token"), "env:A"), (("credentials", 3), "env:B")]
    for masked in ({}, {"auth": None, "credentials": None}, {"auth": "x", "credentials": [1]}, {"auth": {}}, None, [1]):
        assert restore(masked, references) == masked


def test_8_6_a_row_may_hold_an_env_reference_in_every_place(settings: Settings) -> None:
    """What stands in the place of a secret is the same text before and after, so that forms can show it."""
    given = {"api_key": "env:DECK_KEY", "pin": "keyring:pin"}
    assert mask(SCHEMA, given) is given


async def test_8_6_many_tasks_with_one_variable_each_mask_their_own(run, seen, engine: Engine, settings) -> None:
    tasks = [await run("calls", {"api_key": "env:DECK_KEY"}) for _ in range(5)]
    assert {task.result["echo"] for task in tasks} == {MASK}
    assert engine.dispatcher.inputs == {}
    assert rows(settings.store, "SELECT count(*) FROM task WHERE inputs LIKE '%env:DECK_KEY%'") == [(5,)]


async def test_8_5_a_plan_names_the_reference_that_is_not_there(engine: Engine, seen, monkeypatch) -> None:
    root = TaskTreeNode(engine.new_task("calls", inputs={"api_key": "env:DECK_NONE"}))
    problems = (await engine.plan(root)).problems
    assert [problem.text for problem in problems] == [
        "task 'calls': needs its secrets: the environment has no variable DECK_NONE"
    ]
    assert problems[0].hint
    monkeypatch.setenv("DECK_NONE", "there-it-is")
    planned = await engine.plan(root)
    assert planned.problems == () and "there-it-is" not in repr(planned.levels)
