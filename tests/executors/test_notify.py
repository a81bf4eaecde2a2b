"""notify: webhooks get what they take, programs read the message, and no shell sees any of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from executors.notify import Notify
from tests.executors.trial import Trial, alive, problems, until

HOSTILE = 'it\'s "done"; rm -rf / $(id) `id`\n--second line é'


class Hook:
    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, str]]] = []
        self.status, self.pause, self.url = 200, 0.0, ""

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append((request.content_type, await request.text(), dict(request.headers)))
        await asyncio.sleep(self.pause)
        return web.Response(status=self.status, text="thanks", headers={"Location": "/elsewhere"})


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield hook
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("body_as", "kind", "has"),
    [
        ("fields", "application/json", '"level":"error"'),
        ("text", "application/json", '"text":"error: Backup'),
        ("plain", "text/plain", "error: Backup\nit's"),
    ],
)
async def test_a_webhook(hook: Hook, body_as: str, kind: str, has: str) -> None:
    told = Trial(
        Notify, via="webhook", url=hook.url, title="Backup", message=HOSTILE, level="error", body_as=body_as,
        bearer_token="t0ken-value",
    )  # fmt: skip
    result = await told.result()
    content_type, body, headers = hook.got[0]
    assert (result["status"], result["status_code"], result["answer"]) == ("completed", 200, "thanks")
    assert (
        content_type == kind and has in body.replace('": ', '":') and headers["Authorization"] == "Bearer t0ken-value"
    )
    assert hook.url not in repr((result, told.lines))  # it lets anyone send


async def test_a_webhook_that_refuses(hook: Hook) -> None:
    for hook.status in (403, 500, 302):
        result = await Trial(Notify, url=hook.url, message="x").result()
        assert (result["error_type"], result["field"]) == ("unexpected_status", "url")
    dead = await Trial(Notify, url="http://127.0.0.1:1/", message="x").result()
    assert dead["error_type"] == "connect_error"


async def test_a_cancel_and_a_timeout(hook: Hook) -> None:
    hook.pause = 30
    trial = Trial(Notify, url=hook.url, message="x")
    task = trial.start()
    await until(lambda: bool(hook.got))
    await trial.cancel()
    assert (await task)["status"] == "cancelled"
    assert (await Trial(Notify, url=hook.url, message="x", timeout=0.2).result())["error_type"] == "timeout_error"


async def test_a_program_reads_it_without_a_shell(tmp_path: Path) -> None:
    code = "import os, sys; e = os.environ; "
    code += "print(e['TASKDECK_TITLE'], e['TASKDECK_LEVEL'], sys.argv[1:], sys.stdin.read())"
    argv = [sys.executable, "-c", code, "$HOME; ls"]
    result = await Trial(Notify, via="program", argv=argv, message=HOSTILE, title="-T", level="warning").result()
    assert result["stdout"] == f"-T warning ['$HOME; ls'] {HOSTILE}\n"


async def test_a_program_that_fails_hangs_or_is_not_there(tmp_path: Path) -> None:
    failing = await Trial(Notify, via="program", argv=["sh", "-c", "echo no >&2; exit 2"], message="x").result()
    assert (failing["error_type"], failing["error"]) == ("exit_code", "exit code 2: no")
    lost = await Trial(Notify, via="program", argv=["no-such-program"], message="x").result()
    assert (lost["error_type"], lost["field"]) == ("not_found", "argv")
    pids = tmp_path / "pid"
    trial = Trial(Notify, via="program", argv=["sh", "-c", f"echo $$ >{pids}; sleep 300"], message="x")
    task = trial.start()
    await trial.until(lambda: pids.exists() and bool(pids.read_text()))
    await trial.cancel()
    assert (await task)["status"] == "cancelled" and not alive(int(pids.read_text()))


@pytest.mark.parametrize(
    "inputs",
    [
        {"message": "x"},
        {"message": "x", "via": "program"},
        {"message": "x", "via": "program", "argv": ["cat"], "url": "http://x/"},
        {"message": "x", "url": "http://x/", "argv": ["cat"]},
        {"message": "x", "url": "file:///etc/passwd"},
        {"message": "x", "url": "http://x/", "title": "a\nb"},
        {"url": "http://x/"},
    ],
)
def test_the_form_asks_for_what_its_way_needs(inputs: dict[str, Any]) -> None:
    assert problems(Notify, **inputs)
