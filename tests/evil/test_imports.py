"""Files that do the worst while they are imported, or asked for their schema: the others load, run, and are seen."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import psutil
import pytest

from tests.evil.console import EXECUTORS, Beat, console, dying, umask

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning"),
]
PATIENCE, TRIES = 0.25, 3
EXECUTOR = """
@executor_register()
class Made(BaseTask):
    id = "made"
    {schema}
    async def execute(self, inputs):
        return {{"ran": True}}
"""
HEAD = (
    "import asyncio, json, logging, os, signal, sys, threading, time\nfrom engine import BaseTask, executor_register\n"
)
LIMIT = "did not end within 1 s"

AT_IMPORT = {
    "spins": ("while True: pass", LIMIT),
    "sleeps": ("time.sleep(3)", LIMIT),
    "spins and catches": (
        "for _ in range(2):\n    try:\n        while True: pass\n    except BaseException: pass",
        LIMIT,
    ),
    "exits": ("sys.exit(3)", "SystemExit: 3"),
    "ends the process": ("os._exit(3)", r"ProcessExit: os\._exit\(3\)"),
    "kills its group": ("os.kill(0, signal.SIGKILL)", "signal 9 would hit the console"),
    "replaces the process": ("os.execvp('true', ['true'])", "ProcessExit: os.execv"),
    "sets an alarm": ("signal.alarm(1)", "signal.alarm would hit the whole console"),
    "raises what nothing catches": ("raise BaseException('odd')", "BaseException: odd"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "recurses": ("def f(): return f()\nf()", "maximum recursion depth"),
    "takes all memory at once": ("x = bytearray(10**15)", "MemoryError"),
    "reads stdin": ("input()", "EOFError"),
    "closes what it can": ("for fd in range(3, 300):\n    try: os.close(fd)\n    except OSError: pass", ""),
    "forks": ("os.fork()", ""),
    "forks and goes on": ("if os.fork() == 0:\n    while True: time.sleep(1)", ""),
    "ends the process from a thread": ("threading.Thread(target=os._exit, args=(4,)).start()\ntime.sleep(0.2)", ""),
    "starts threads": ("for _ in range(20): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()", ""),
    "prints a lot": ("print('x' * 20_000_000)", ""),
    "replaces names": ("asyncio.sleep = asyncio.wait = json.dumps = time.monotonic = None", ""),
    "stops the collector": ("import gc; gc.disable()", ""),
    "takes away": (
        "sys.path.clear(); sys.meta_path.clear(); os.environ.clear(); sys.modules.clear(); os.umask(0o777)",
        "",
    ),
    "replaces methods": ("json.JSONEncoder.encode = threading.Thread.start = None; logging.root.handlers = None", ""),
    "silences the log": ("import logging; logging.disable(50); sys.stdout = sys.stderr = None", ""),
}
IN_SCHEMA = {
    "spins": ("while True: pass", LIMIT),
    "ends the process": ("os._exit(3)", r"os\._exit\(3\)"),
    "gives an odd dict": (
        "return type('D', (dict,), {'items': None, 'get': None, '__iter__': None})(type=1)",
        "schema",
    ),
    "gives a circle": ("d = {'type': 'object'}; d['properties'] = {'d': d}; return d", "schema"),
    "is too deep": ("d = {}\n        for _ in range(100_000): d = {'not': d}\n        return d", "schema"),
}
CASES = [
    *((f"import {name}", f"{body}\n{EXECUTOR.format(schema='')}", says) for name, (body, says) in AT_IMPORT.items()),
    *(
        (f"schema {name}", EXECUTOR.format(schema=f"def get_input_schema(self):\n        {body}"), says)
        for name, (body, says) in IN_SCHEMA.items()
    ),
]


@pytest.mark.parametrize(("name", "body", "says"), CASES, ids=[name for name, _, _ in CASES])
async def test_a_file_that_misbehaves_harms_no_other(name: str, body: str, says: str, tmp_path: Path) -> None:
    before = (os.getcwd(), umask())
    worst = 0.0
    for number in range(TRIES):
        worst = await _play(HEAD + body, says, tmp_path / f"{number}")
        if worst < PATIENCE:
            break
    assert worst < PATIENCE
    assert (os.getcwd(), umask()) == before


async def _play(code: str, says: str, place: Path) -> float:
    folder = place / "executors"
    folder.mkdir(parents=True)
    (folder / "good.py").write_text((EXECUTORS / "good.py").read_text())
    async with console(place / "s.db", folder, import_limit=1.0) as here:
        assert (await here.run("good")).status == "completed"
        children = set(psutil.Process().children())
        beat = Beat()
        (folder / "evil.py").write_text(code)
        async with asyncio.timeout(20):
            while not _is_known(here, says):
                assert (await here.run("good")).status == "completed"
        worst = beat.stop()
        if says:
            assert any(re.search(says, problem.text) for problem in here.engine.catalogue.problems)
        else:
            task = await here.run("made")
            assert task.status == "completed", task.error
        after = await here.run("good")
        assert after.status == "completed" and "step 4" in await here.log(after)
        for child in set(psutil.Process().children()) - children:  # what it forked, by our id
            child.kill()
    return worst


CRASH = "import ctypes\nctypes.string_at(0)\n"


async def test_what_ended_the_console_at_its_import_is_left_out_of_the_next_until_it_is_changed(tmp_path: Path) -> None:
    folder, store = tmp_path / "executors", tmp_path / "s.db"
    folder.mkdir()
    (folder / "good.py").write_text((EXECUTORS / "good.py").read_text())
    (folder / "helper.py").write_text("import os\n")
    (folder / "evil.py").write_text(f"import helper\n{HEAD}{CRASH}{EXECUTOR.format(schema='')}")
    assert dying(store, folder, "good").wait(30) == -signal.SIGSEGV
    async with console(store, folder):
        pass
    async with console(store, folder) as here:  # it is known for as long as it lies there
        (said,) = [problem.text for problem in here.engine.catalogue.problems]
        assert re.search(r"its import ended the console.*SIGSEGV.* at .*evil\.py:\d+ in <module>", said)
        assert (await here.run("good")).status == "completed"
        (folder / "evil.py").write_text(HEAD + EXECUTOR.format(schema=""))
        async with asyncio.timeout(20):
            while here.engine.catalogue.problems:
                await asyncio.sleep(0.02)
        assert (await here.run("made")).status == "completed"


async def test_what_was_only_being_imported_when_the_console_was_killed_is_tried_and_taken_in(tmp_path: Path) -> None:
    folder, store = tmp_path / "executors", tmp_path / "s.db"
    folder.mkdir()
    (folder / "slow.py").write_text(f"{HEAD}time.sleep(0.5)\nprint('in', flush=True){EXECUTOR.format(schema='')}")
    died = dying(store, folder, "made")
    marks = Path(f"{store}-imports")
    async with asyncio.timeout(20):
        while not (marks.is_dir() and any("slow.py" in path.read_text() for path in marks.iterdir())):
            await asyncio.sleep(0.005)
    died.kill()
    died.wait()
    async with console(store, folder) as here:
        assert not here.engine.catalogue.problems
        assert (await here.run("made")).status == "completed"
    assert not list(marks.iterdir())


def _is_known(here, says: str) -> bool:  # type: ignore[no-untyped-def]
    catalogue = here.engine.catalogue
    return bool(catalogue.problems) if says else catalogue.get("made") is not None
