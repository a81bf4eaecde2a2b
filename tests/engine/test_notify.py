"""Webhooks and commands that are told of the ends of runs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import BaseTask, EventKind, Settings, TaskStatus
from engine.errors import SettingsError
from engine.notify import read_rules
from executors.approve import Approve
from tests.engine.support import finish, listen, running, until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.notifier.DELAYS", (0.05,))


@asynccontextmanager
async def hook(*answers: int) -> AsyncIterator[tuple[str, list[tuple[dict[str, str], Any]]]]:
    """A web server that gives these status codes in turn, then the last; its address and what came."""
    seen: list[tuple[dict[str, str], Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.splitlines()[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        seen.append((headers, json.loads(body)))
        status = answers[min(len(seen), len(answers)) - 1]
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", seen


def with_rules(settings: Settings, *rules: dict[str, Any]) -> Settings:
    return replace(settings, notify=read_rules(list(rules), "a test"))


@pytest.fixture
def fails(register: Callable[..., type[BaseTask]]) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        raise ValueError(f"cannot log in with {inputs['password']}")

    register("fails", execute)


async def test_a_webhook_hears_of_what_its_rule_covers_and_of_no_secret(
    settings: Settings, fails: None, noop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "Bearer 123")
    async with hook(204) as (url, seen):
        rule = {"url": url, "executor": "f*", "label": "night*", "headers": {"Authorization": "env:HOOK_TOKEN"}}
        async with running(with_rules(settings, rule)) as engine:
            for executor, label in (("noop", "nightly"), ("fails", "daily"), ("fails", "nightly")):
                task = await engine.launch(executor, {"password": "hunter2hunter2"}, label=label)
                await engine.finished(task.run_id)
        ((headers, said),) = seen
    assert headers["authorization"] == "Bearer 123"
    assert (said["event"], said["executor"], said["label"], said["run_id"]) == (
        "failed",
        "fails",
        "nightly",
        task.run_id,
    )
    assert said["tasks"] == {"failed": 1} and said["error"]["error_type"] == "ValueError"
    assert "hunter2" not in json.dumps(said) and "•••" in said["error"]["error"]


async def test_it_is_tried_again_and_what_cannot_be_told_is_seen(settings: Settings, noop: None) -> None:
    async with hook(500, 500, 200) as (url, seen), hook(404) as (gone, wasted):
        rules = [{"url": url, "on": ["completed"]}, {"url": gone, "on": "completed", "tries": 2}]
        async with running(with_rules(settings, *rules)) as engine:
            events = listen(engine)
            assert await finish(engine, engine.new_task("noop")) is TaskStatus.COMPLETED
            await until(lambda: [event for event in events if event.kind is EventKind.NOTICE])
            await until(lambda: len(seen) == 3)
        (notice,) = [event.data for event in events if event.kind is EventKind.NOTICE]
    assert len(wasted) == 2
    assert notice == "the webhook 127.0.0.1 was not told that 'noop' completed: it answered 404"


async def test_a_command_gets_the_payload_on_its_stdin_without_a_shell(
    settings: Settings, noop: None, tmp_path: Path
) -> None:
    out = tmp_path / "told; touch evil"
    script = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    rules = [
        {"command": [sys.executable, "-c", script, str(out)], "on": ["completed"]},
        {"command": [sys.executable, "-c", "import sys; sys.exit('no\\n' * 3)"], "on": ["completed"], "tries": 1},
        {"command": ["/nowhere/at all"], "on": ["completed"], "tries": 1},
        {"command": ["sleep", "60"], "on": ["completed"], "tries": 1, "timeout": 0.2},
    ]
    async with running(with_rules(settings, *rules)) as engine:
        events = listen(engine)
        await finish(engine, engine.new_task("noop"))
        notices = lambda: sorted(event.data for event in events if event.kind is EventKind.NOTICE)  # noqa: E731
        await until(lambda: len(notices()) == 3 and out.exists())
    assert json.loads(out.read_text())["event"] == "completed"
    assert any("ended with 1: no" in each for each in notices())
    assert any("cannot be run: No such file" in each for each in notices())
    assert any("more than 0.2 s" in each for each in notices())


async def test_a_hook_that_hangs_holds_up_no_task_and_no_end(
    settings: Settings, noop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.notifier.LAST_WAIT", 0.2)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with asyncio.timeout(8):
        async with running(with_rules(settings, {"url": url, "on": ["completed"], "timeout": 300})) as engine:
            for _ in range(20):
                assert await finish(engine, engine.new_task("noop")) is TaskStatus.COMPLETED
    server.close()


async def test_who_waits_for_an_answer_is_told_of_once(
    settings: Settings, register: Callable[..., type[BaseTask]]
) -> None:
    async with hook(200) as (url, seen):
        rule = with_rules(settings, {"url": url, "on": ["asked"]})
        register("ask", Approve.execute, Approve.inputs_schema, asks=True)
        async with running(rule) as engine:
            await engine.launch("ask", {"title": "Go?"})
            await until(lambda: len(seen) == 1)
        async with running(rule, take_over=True) as again:
            await until(lambda: again.counts.asking == 1)
            await asyncio.sleep(0.2)
    assert [(said["event"], said["question"]) for _, said in seen] == [("asked", "Go?")]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "entry 1.*a url or a command"),
        ({"url": "ftp://x"}, "no http or https address"),
        ({"url": "http://x", "command": ["a"]}, "one of them"),
        ({"command": "notify-send x"}, "a list of words"),
        ({"url": "http://x", "on": ["fail"]}, "completed, failed, cancelled, asked"),
        ({"url": "http://x", "colour": "red"}, "no 'colour'.*Known are"),
        ({"url": "http://x", "tries": 0}, "tries"),
        ({"url": "http://x", "timeout": "long"}, "timeout"),
        ({"url": "http://x", "headers": {"a": 1}}, "headers"),
        ("http://x", "must be a table"),
    ],
)
def test_a_wrong_rule_is_refused_by_its_number_and_key(rule: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_rules([rule], "settings.toml")


def test_rules_come_from_the_settings_file_and_the_consoles_variable_is_none_of_them(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[[notify]]\non = ["failed", "asked"]\nurl = "env:HOOK"\n')
    (rule,) = Settings.load(file, {}).notify
    assert rule.on == ("failed", "asked") and rule.where == "the webhook env:HOOK"
    assert Settings.load(file, {"TASKDECK_NOTIFY": "off"}).notify == (rule,)
