"""How logs and results look, at both sizes. `pytest --snapshot-update` of this file after looking at the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.events import LogLine
from engine.task import TaskStatus
from screenshots.demo import empty_engine
from tests.tui.fake_engine import NOON, FakeEngine, FakeThread
from tui.app import ConsoleApp

WIDE, SMALL = (120, 36), (80, 24)
OUTPUT = (
    ("stdout", "plain, then \x1b[1mbold\x1b[0m, \x1b[3mitalic\x1b[0m, \x1b[4munderlined\x1b[0m, \x1b[7mreverse\x1b[0m"),
    ("stdout", " ".join(f"\x1b[{code}m{code}\x1b[0m" for code in (*range(30, 38), *range(90, 98)))),
    ("stdout", "\x1b[38;5;208m256 colours\x1b[0m and \x1b[38;2;120;200;255msixteen million\x1b[0m"),
    ("stderr", "warning: this went to stderr"),
    ("stdout", "[bold]markup[/nope] \x1b]52;c;c3RlYWw=\x07 and \x1b[2J escapes, evil\u202etxt.exe, zero\u200bwidth"),
    ("stdout", "日本語 wide, e\u0301 combining,\ttab, 👩\u200d👧"),
    ("stdout", "a long line " + "of many words " * 20),
    ("engine", "attempt 1 failed: connection reset; next in 5 s"),
)
ROWS = [
    {"host": f"web-{n:02}", "load": (n * 37) % 100 / 10, "region": ["eu", "us"][n % 2], "ports": [80, 443]}
    for n in range(40)
]
DEEP = {
    "release": "2026.3",
    "steps": [{"name": "build", "seconds": 12.4, "ok": True}, {"name": "push", "error": None}],
    "notes": "one\ntwo\n" + "long " * 60,
    "hosts": list(range(2_500)),
}


def engine_of(result: Any = None) -> Callable[[], FakeEngine]:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("deploy", id="a", inputs={"release": "2026.3"})
        engine.start("a", ago=60)
        for at, (stream, text) in enumerate(OUTPUT):
            engine.logs["a"].append((1, LogLine(NOON.timestamp() - 60 + at * 0.4, stream, text)))
        if result is not None:
            engine.finish("a", result=result, took=42)
        return engine

    return make


def tried_engine() -> FakeEngine:
    engine = engine_of()()
    engine.retry("a", 5, "connection reset")
    engine.start("a", ago=30)
    for line in (
        "Traceback (most recent call last):",
        '  File "/srv/executors/deploy.py", line 31, in execute',
        "    raise TimeoutError(host)",
        "TimeoutError: web-07",
    ):
        engine.log_line("a", line, "traceback")
    engine.finish("a", TaskStatus.FAILED, error="web-07", error_type="TimeoutError", took=12)
    return engine


SCENES: dict[str, tuple[Callable[[], FakeEngine], tuple[str, ...]]] = {
    "log": (engine_of(), ("2", "L")),
    "log-search": (engine_of(), ("2", "L", "slash", *"co", "enter")),
    "tree": (engine_of(DEEP), ("2", "3", "plus", "j", "j")),
    "table": (engine_of(ROWS), ("2", "3", "plus", "l", "s", "j")),
    "error": (tried_engine, ("2", "3", "plus")),
    "attempts": (tried_engine, ("2", "3", "A")),
}


async def settle(pilot: Pilot[Any]) -> None:
    for _ in range(2):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["120x36", "80x24"])
@pytest.mark.parametrize("scene", SCENES)
def test_screen(snap_compare: Callable[..., bool], scene: str, size: tuple[int, int]) -> None:
    make, keys = SCENES[scene]

    async def act(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        pilot.app.clear_notifications()
        await settle(pilot)

    app = ConsoleApp(FakeThread(make()), clock=lambda: NOON, live=False)  # type: ignore[arg-type]
    assert snap_compare(app, terminal_size=size, run_before=act)
