"""What is left of a secret: nothing in any file, whatever an executor does with it, and no object that holds it."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pty_console import ROOT, Console

SECRET = 'hunter2-"Ünsäglich"-4711'
"""Holds what JSON, and what a terminal, write in another way."""
LEAKY = """
import asyncio, json, logging, sys
from urllib.parse import quote
from aipartnerupflow import BaseTask, executor_register

class Leak(BaseTask):
    inputs_schema = {"type": "object", "required": ["password"], "properties": {"password": {"type": "string"}}}

    async def execute(self, inputs):
        word = inputs["password"]
        assert word.startswith("hunter2"), f"it got {len(word)} characters, the first is {word[:1]}"
        print(f"the password is {word}")
        print(json.dumps({"password": word}), file=sys.stderr)
        print({"password": word}, "https://example.org/?password=" + quote(word))
        logging.getLogger("leak").error("password=%s", word)
        self.log(word)
        self.report_progress(0.5, f"with {word}")
        if self.id == "leak_raises":
            raise ValueError(f"wrong password {word}")
        if self.id == "leak_spawns":
            await self.spawn("leak_returns", {"password": word}, name=f"child of {word[:7]}")
        filling = "x" * 10_000_000 if self.id == "leak_big" else ""
        return {"said": word, "nested": [{"deep": f"--password={word}"}], "filling": filling}

for name in ("returns", "raises", "spawns", "big"):
    executor_register()(type(name, (Leak,), {"id": f"leak_{name}", "name": f"Leaks and {name}", "description": ""}))
"""


def traces(*folders: Path) -> list[Path]:
    """The files in which the secret stands, as it is or as JSON writes it; what is compressed is looked into."""
    escaped = SECRET.replace('"', '\\"')
    needles = [text.encode() for text in (SECRET, escaped, escaped.encode("ascii", "backslashreplace").decode())]
    needles += [SECRET.encode("utf-16-le"), b"hunter2-"]
    found = []
    for file in (file for folder in folders for file in folder.rglob("*") if file.is_file()):
        content = file.read_bytes()
        if any(needle in part for part in (content, *_unpacked(content)) for needle in needles):
            found.append(file)
    return found


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What zlib streams in it hold."""
    at = content.find(b"x\x9c")
    while at >= 0:
        try:
            yield zlib.decompressobj().decompress(content[at:])
        except zlib.error:
            pass
        at = content.find(b"x\x9c", at + 1)


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    folder = tmp_path / "executors"
    folder.mkdir()
    (folder / "leaky.py").write_text(LEAKY)
    return folder


Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def taskdeck(leaky: Path, tmp_path: Path) -> Run:
    def run(*words: str, inputs: str = "") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "tui.cli", "--store", str(tmp_path / "store.db"), *words]
        return subprocess.run(command, cwd=ROOT, input=inputs.encode(), capture_output=True, check=False, timeout=60)

    return run


def test_no_file_holds_it_after_a_console_ran_with_it(
    leaky: Path, tmp_path: Path, own_folders: Path, taskdeck: Run
) -> None:
    console = Console(leaky, store=tmp_path / "store.db")
    try:
        console.sees("leak_raises")
        for executor, ends in (("leak_returns", "done"), ("leak_raises", "failed")):
            console.launch(executor, SECRET)
            console.sees(ends)
        console.keys("1", "/", "\x15", "leak_spawns", "\r", "\r")  # typed and left: it becomes a draft
        console.sees("ctrl+r launch")
        console.keys(SECRET, "\x1b", "2")
        assert traces(tmp_path, own_folders) == [], "while it runs"
        console.keys("q")
        assert console.ended() == 0
    finally:
        console.close()
    _copies(taskdeck, tmp_path)
    assert traces(tmp_path, own_folders) == []
    assert SECRET.encode() not in console.seen, "nor was it ever on the screen"


@pytest.mark.parametrize("executor", ["leak_returns", "leak_raises", "leak_spawns", "leak_big"])
def test_no_file_and_no_output_holds_it_after_a_command_ran_with_it(
    taskdeck: Run, leaky: Path, tmp_path: Path, own_folders: Path, executor: str
) -> None:
    import json

    words = ("run", executor, "--inputs", "-", "--executors", str(leaky), "--json")
    done = taskdeck(*words, inputs=json.dumps({"password": SECRET}))
    assert done.returncode == (1 if executor == "leak_raises" else 0), done.stderr
    detached = taskdeck(*words, "--detach", inputs=json.dumps({"password": SECRET}))
    assert detached.returncode == 0, detached.stderr
    followed = taskdeck("log", "-f", detached.stdout.decode().strip())
    _copies(taskdeck, tmp_path)
    assert traces(tmp_path, own_folders) == []
    for each in (done, detached, followed):
        assert b"hunter2-" not in each.stdout + each.stderr


def _copies(taskdeck: Run, folder: Path) -> None:
    """What people make of a store: a backup, an export, a page of its history."""
    assert taskdeck("backup").returncode == 0
    exported = taskdeck("export")
    assert exported.returncode == 0 and b"leak_" in exported.stdout
    (folder / "export.jsonl").write_bytes(exported.stdout)
    (folder / "history.json").write_bytes(taskdeck("history", "--json").stdout)


HOLDER = """
import asyncio, gc, os, signal, subprocess, sys
from dataclasses import replace
from pathlib import Path
from engine import Engine, EngineThread, Folder, Settings

PREFIX = "hunter" + "2-"
SIZE = int(sys.argv.pop())

def holders():
    found = []
    for each in gc.get_objects():
        for inner in gc.get_referents(each):
            if isinstance(inner, (str, bytes)) and inner not in (PREFIX, PREFIX.encode()):
                if (PREFIX if isinstance(inner, str) else PREFIX.encode()) in inner:
                    found.append(f"{type(each).__name__}: {each!r:.300}")
    return found

async def main():
    store, folder, core = map(Path, sys.argv[1:])
    thread = EngineThread(replace(Settings(), store=store), [Folder(folder, "given")])
    await thread.start()
    while not thread.engine.catalogue.executors:
        await asyncio.sleep(0.02)
    for name in ("leak_returns", "leak_raises", "leak_spawns"):
        launched = thread.engine.launch(name, {"password": os.read(0, SIZE).decode()})
        task = await thread.ask(launched)
        del launched
        await thread.ask(thread.engine.finished(task.run_id))
        del task
    await asyncio.sleep(0.3)
    gc.collect()
    print("held by", holders(), flush=True)
    if core.name:
        done = subprocess.run(["gcore", "-o", str(core), str(os.getpid())], capture_output=True)
    await thread.stop(cancel=True)
    os._exit(0)

asyncio.run(main())
"""


def test_once_its_tasks_have_ended_no_object_of_the_process_holds_it(leaky: Path, tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in ("store.db", "executors", "core")]
    command = [sys.executable, "-c", HOLDER, *places, str(len(SECRET.encode()))]
    done = subprocess.run(command, cwd=ROOT, input=SECRET * 3, capture_output=True, text=True, check=False, timeout=90)
    assert "held by []" in done.stdout, done.stdout + done.stderr[-2000:]
    cores = list(tmp_path.glob("core.*"))
    if shutil.which("gcore") and cores:
        print(f"\nin the core file {cores[0].read_bytes().count(b'hunter2-')} times")


def test_a_crash_of_the_console_or_a_command_leaves_no_core_file(taskdeck: Run, tmp_path: Path) -> None:
    folder = tmp_path / "crashing"
    folder.mkdir()
    (folder / "crash.py").write_text(
        "import ctypes, os, resource\nfrom aipartnerupflow import BaseTask, executor_register\n\n"
        "@executor_register()\nclass Crash(BaseTask):\n    id = 'crash'\n    name = 'Crash'\n    description = ''\n\n"
        f"    async def execute(self, inputs):\n        os.chdir({str(tmp_path)!r})\n"
        "        limit = resource.getrlimit(resource.RLIMIT_CORE)[0]\n        open('limit', 'w').write(str(limit))\n"
        "        ctypes.string_at(0)\n"
    )
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    done = taskdeck("run", "crash", "--executors", str(folder))
    assert done.returncode != 0
    assert (tmp_path / "limit").read_text() == "1", "a limit of 1 holds for files and for programs that take core dumps"
    assert not list(tmp_path.glob("core*")) and not os.path.exists(ROOT / "core")
