"""Who may do what: refused by the engine itself, by whatever way a task comes to it, and kept in the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import AccessError, Engine, Settings, SettingsError, TaskStatus, TaskTreeNode
from engine import access as access_module
from engine import settings as settings_module
from engine.origin import login, own_groups
from tests.engine.support import running, until

ALLOWED = ("noop", "spawn*")


@pytest.fixture(autouse=True)
def executors(register: Callable[..., Any], noop: None, spawning: None) -> None:
    async def execute(self: Any, inputs: dict[str, Any]) -> Any:
        return {"wiped": True}

    register("wipe", execute, tags=("Destructive",))
    register("careful", execute, confirm=True)


async def audited(engine: Engine) -> list[tuple[str, str]]:
    await engine.store.writer.flush()
    return [
        (entry.detail["act"], entry.detail["why"]) for entry in await engine.history.audit() if entry.what == "refused"
    ]


def as_user(monkeypatch: pytest.MonkeyPatch, name: str, *groups: str) -> None:
    monkeypatch.setattr(access_module, "login", lambda: name)
    monkeypatch.setattr(access_module, "own_groups", lambda: frozenset(groups))


async def test_what_is_not_on_the_list_is_refused_at_its_launch_and_says_why(settings: Settings) -> None:
    async with running(settings, allow=ALLOWED) as engine:
        await engine.launch("noop", {})
        with pytest.raises(AccessError, match="'wipe' is not among the executors that are allowed here"):
            await engine.launch("wipe", {})
        with pytest.raises(AccessError, match="not among"):
            await engine.submit(TaskTreeNode(engine.new_task("noop"), [TaskTreeNode(engine.new_task("wipe"))]))
        assert engine.catalogue.executors["wipe"].barred and not engine.catalogue.executors["noop"].barred
        assert [act for act, _ in await audited(engine)] == ["launch", "launch"]
        assert len(await engine.runs()) == 1, "a refused tree leaves nothing behind"


async def test_an_allowed_task_cannot_spawn_what_is_not_allowed(settings: Settings) -> None:
    async with running(settings, allow=ALLOWED) as engine:
        task = await engine.launch("spawns", {"what": "wipe"})
        assert await engine.finished(task.run_id) is TaskStatus.FAILED
        child = next(each for each in await engine.tree(task.run_id) if each.id != task.id)
        assert (child.status, child.error_type) == ("failed", "not_allowed")
        assert "not among" in str(child.error)


async def test_a_group_whose_name_is_no_executor_is_not_held_for_one(settings: Settings) -> None:
    async with running(settings, allow=ALLOWED) as engine:
        run_id = await engine.submit(TaskTreeNode(engine.new_task("nightly"), [TaskTreeNode(engine.new_task("noop"))]))
        assert await engine.finished(run_id) is TaskStatus.COMPLETED


@pytest.mark.parametrize("executor", ["wipe", "careful"])
async def test_dangerous_executors_are_for_the_named_users_and_groups(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    limits = {"destructive_users": ("ann",), "destructive_groups": ("ops",)}
    for name, groups, may in (("ann", (), True), ("eve", ("staff", "ops"), True), ("eve", ("staff",), False)):
        as_user(monkeypatch, name, *groups)
        async with running(settings, **limits) as engine:
            await engine.launch("noop", {})
            if may:
                await engine.launch(executor, {})
                continue
            with pytest.raises(AccessError, match=r"only ann and the group ops may run it, not eve"):
                await engine.launch(executor, {})


async def test_the_environment_makes_nobody_somebody_else(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("USER", "LOGNAME", "TASKDECK_USER"):
        monkeypatch.setenv(variable, "nobody-such")
    async with running(settings, destructive_users=("nobody-such",)) as engine:
        with pytest.raises(AccessError, match=f"not {login()}"):
            await engine.launch("wipe", {})
    async with running(settings, destructive_groups=(next(iter(own_groups())),)) as engine:
        await engine.launch("wipe", {})


async def test_a_rerun_runs_nothing_that_is_not_allowed_now(settings: Settings) -> None:
    async with running(settings) as engine:
        first = engine.new_task("noop")
        then = engine.new_task("wipe", dependencies=[first.id])
        await engine.finished(await engine.submit(TaskTreeNode(first, [TaskTreeNode(then)])))
    async with running(settings, allow=ALLOWED) as engine:
        for task_id in (then.id, first.id):  # the second because `then` would follow
            with pytest.raises(AccessError, match="not among"):
                await engine.rerun(task_id)
        stored = await engine.task(then.id)
        assert stored is not None and stored.status is TaskStatus.COMPLETED and stored.attempt == 1
        assert [act for act, _ in await audited(engine)] == ["rerun", "rerun"]


async def left_waiting(settings: Settings, owner: Any) -> None:
    """A process was killed while it ran `a`, and before `b` began."""
    dead = owner([{"id": "a", "name": "hang"}, {"id": "b", "name": "noop", "parent": "a"}], slots=1)
    await dead.says("IN a")
    await dead.has("SELECT 1 FROM task WHERE id = 'a' AND status = 'in_progress'")
    dead.kill()


async def test_what_a_dead_process_left_waits_for_who_may_run_it(settings: Settings, owner: Any) -> None:
    await left_waiting(settings, owner)
    async with running(settings, take_over=True, allow=("hang",)) as engine:
        await until(lambda: "b" in engine.dispatcher.nodes)
        waiting = await engine.task("b")
        assert waiting is not None and waiting.status is TaskStatus.PENDING and "not among" in waiting.hold
    async with running(settings, take_over=True) as engine:
        await engine.finished("a")
        done = await engine.task("b")
        assert done is not None and done.status is TaskStatus.COMPLETED


async def test_a_plan_says_what_is_not_allowed(settings: Settings) -> None:
    async with running(settings, allow=ALLOWED) as engine:
        plan = await engine.plan(TaskTreeNode(engine.new_task("wipe")))
        assert any("not among" in problem.text for problem in plan.problems)


CHANGES: dict[str, Callable[[Engine, str], Awaitable[Any]]] = {
    "launch": lambda engine, task_id: engine.launch("noop", {}),
    "submit": lambda engine, task_id: engine.submit(TaskTreeNode(engine.new_task("noop"))),
    "create": lambda engine, task_id: engine.create("noop"),
    "cancel": lambda engine, task_id: engine.cancel(task_id),
    "rerun": lambda engine, task_id: engine.rerun(task_id),
    "adjust": lambda engine, task_id: engine.adjust(task_id, priority=0, params={}),
    "skip": lambda engine, task_id: engine.skip(task_id),
    "pause": lambda engine, task_id: engine.pause(),
    "pause a run": lambda engine, task_id: engine.pause(task_id),
    "resume": lambda engine, task_id: engine.resume(),
    "resume a run": lambda engine, task_id: engine.resume(task_id),
    "delete": lambda engine, task_id: engine.delete(task_id),
    "prune": lambda engine, task_id: engine.prune(runs=0),
    "import": lambda engine, task_id: engine.import_lines([]),
    "save a preset": lambda engine, task_id: engine.presets.save("noop", "mine", {}),
    "keep a draft": lambda engine, task_id: engine.presets.keep_draft("noop", {}),
    "drop a draft": lambda engine, task_id: engine.presets.drop_draft("noop"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_read_only_changes_nothing_and_says_so(settings: Settings, change: str) -> None:
    async with running(settings) as engine:
        task = await engine.launch("noop", {})
        await engine.finished(task.run_id)
    async with running(settings, read_only=True) as engine:
        before = await content(engine)
        with pytest.raises(AccessError, match="read-only"):
            await CHANGES[change](engine, task.id)
        assert await content(engine) == before
        assert len(await audited(engine)) == 1


async def content(engine: Engine) -> list[Any]:
    await engine.store.writer.flush()
    tables = ("task", "run", "attempt", "log", "preset", "meta")
    return [list(await engine.store.rows(f"SELECT * FROM {table}", ())) for table in tables]


async def test_read_only_goes_on_with_nothing_that_was_left(settings: Settings, owner: Any) -> None:
    await left_waiting(settings, owner)
    async with running(settings, take_over=True, read_only=True) as engine:
        task = await engine.task("b")
        assert task is not None and task.status is TaskStatus.PENDING
        assert not engine.dispatcher.nodes


# ── the settings that say it ─────────────────────────────────────────────────────────────────────────────────────────


def test_lists_and_flags_are_read_from_the_file_and_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('allow = ["backup_*"]\ndestructive_groups = ["ops"]\nread_only = true\ngroup = "ops"\n')
    settings = Settings.load(file, {"TASKDECK_DESTRUCTIVE_USERS": "ann, bob"})
    assert settings.allow == ("backup_*",) and settings.destructive_users == ("ann", "bob")
    assert settings.read_only and settings.group == "ops"
    assert Settings.load(file, {"TASKDECK_READ_ONLY": "no"}).read_only is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("allow = 3", "'allow' in .* must be a list of names"),
        ("destructive_users = [1]", "must be a list of names"),
        ('read_only = "perhaps"', "must be true or false"),
        ("group = 7", "must be a name"),
        ("destructive_user = []", "unknown setting.*Did you mean 'destructive_users'"),
    ],
)
def test_a_wrong_one_is_named_with_what_was_meant(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.load(file, {})


def test_what_the_machine_says_of_rights_nobody_takes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, own = tmp_path / "site.toml", tmp_path / "own.toml"
    monkeypatch.setattr(settings_module, "SITE_FILE", site)
    site.write_text('slots = 3\nallow = ["backup_*"]\nread_only = false\n')
    own.write_text("slots = 5\n")
    settings = Settings.load(own, {"TASKDECK_READ_ONLY": "1"})  # more careful than needed is fine
    assert (settings.slots, settings.allow, settings.read_only) == (5, ("backup_*",), True)
    with pytest.raises(SettingsError, match=r"'allow' in TASKDECK_ALLOW is said by .*site.toml for all users"):
        Settings.load(own, {"TASKDECK_ALLOW": "*"})
    own.write_text('allow = ["*"]\n')
    with pytest.raises(SettingsError, match="for all users"):
        Settings.load(own, {})


async def test_the_login_that_the_system_knows_is_recorded(settings: Settings) -> None:
    async with running(replace(settings, user=Settings().user)) as engine:
        task = await engine.launch("noop", {})
        assert task.user_id == login()
        (act,) = await engine.history.audit(task_id=task.id)
        assert act.who == login()
