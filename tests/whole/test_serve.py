"""`taskdeck serve` as a browser meets it: who lacks the key gets nothing, a closed tab ends no run."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

pytest.importorskip("textual_serve", reason="the extra 'serve' is not installed")

ROOT = Path(__file__).parents[2]
SLOW = """
import asyncio
from engine import BaseTask, executor_register


@executor_register()
class Slow(BaseTask):
    id = "slow"
    name = "Slow"

    async def execute(self, inputs):
        await asyncio.sleep(4)
        return {"done": True}

    def get_input_schema(self):
        return {"type": "object"}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "executors"
    folder.mkdir()
    (folder / "slow.py").write_text(SLOW, encoding="utf-8")
    yield tmp_path


@asynccontextmanager
async def served(home: Path, *options: str) -> AsyncIterator[tuple[str, str]]:
    """A server; gives its address and its key."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TASKDECK_", "TEXTUAL"))}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(home / "state")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui.cli", "serve", "--port", str(port), "--store", str(home / "s.db"),
        "--executors", str(home / "executors"), *options,
        env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
        found = re.search(r"(http://\S+)/\?key=(\S+)", said)
        assert found, said
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        yield found[1], found[2]
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)


async def until(browser: aiohttp.ClientWebSocketResponse, wanted: bytes) -> None:
    """Read what is drawn until `wanted` is in it."""
    seen = b""
    async with asyncio.timeout(30):
        async for message in browser:
            if message.type is aiohttp.WSMsgType.BINARY:
                seen += message.data
                if wanted in seen:
                    return
    pytest.fail(f"never drawn: {wanted!r}; last {seen[-300:]!r}")


async def test_without_the_key_nobody_gets_the_page_or_a_console(home: Path) -> None:
    async with served(home) as (address, key), aiohttp.ClientSession() as session:
        for path in ("/", "/ws", "/?key=wrong", f"/ws?key={key}", "/static/js/textual.js"):
            async with session.get(address + path) as answer:
                assert answer.status == 403, path
                assert "the address that `taskdeck serve` printed" in await answer.text()


async def test_a_run_goes_on_when_its_tab_is_closed(home: Path) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name, as browsers keep them
    async with served(home) as (address, key), aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(f"{address}/?key={key}") as page:
            assert page.status == 200 and key not in str(page.url)
        async with session.ws_connect(f"{address}/ws?width=120&height=36") as browser:
            await until(browser, b"Slow")
            for keys in ("/slow\r", "\r", "\x12"):
                await browser.send_json(["stdin", keys])
                await asyncio.sleep(1)
            async with asyncio.timeout(20):
                while _statuses(home) != ["in_progress"]:
                    await asyncio.sleep(0.05)
        async with asyncio.timeout(30):
            while _statuses(home) != ["completed"]:
                await asyncio.sleep(0.1)


def _statuses(home: Path) -> list[str]:
    with sqlite3.connect(f"file:{home / 's.db'}?mode=ro", uri=True) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM task")]


async def test_other_machines_are_let_in_only_when_it_is_meant(home: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui.cli", "serve", "--host", "0.0.0.0",
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 4 and b"--share" in said
