"""Writes the pictures that the README shows, from a scripted scene: `python screenshots/make_screenshots.py`."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in list(os.environ):
    if variable.startswith("TEXTUAL") or variable in {"NO_COLOR", "COLORTERM", "COLUMNS", "LINES"}:
        del os.environ[variable]
os.environ.update(TEXTUAL_ANIMATIONS="none", TZ="UTC")
time.tzset()

from screenshots.demo import broken_engine, busy_engine  # noqa: E402
from tests.tui.fake_engine import NOON, FakeEngine, FakeThread  # noqa: E402

WIDE, SMALL = (120, 36), (80, 24)


async def settle(pilot: Any) -> None:
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def look_at_push(pilot: Any) -> None:
    await pilot.press("2", "g", "j", "j")


async def open_form(pilot: Any) -> None:
    await pilot.press("slash", *"greet", "enter", "enter")
    await settle(pilot)
    await pilot.press(*"Alice")


async def see_problem(pilot: Any) -> None:
    await pilot.press("1", "g", "j")


async def see_help(pilot: Any) -> None:
    await pilot.press("question_mark")


SHOTS: dict[str, tuple[Callable[[], FakeEngine], tuple[int, int], Callable[[Any], Awaitable[None]]]] = {
    "console": (busy_engine, WIDE, look_at_push),
    "console-80x24": (busy_engine, SMALL, look_at_push),
    "launch": (busy_engine, WIDE, open_form),
    "problem": (broken_engine, WIDE, see_problem),
    "help": (busy_engine, WIDE, see_help),
}


async def take(name: str) -> None:
    from tui.app import ConsoleApp

    make_engine, size, act = SHOTS[name]
    app = ConsoleApp(FakeThread(make_engine()), clock=lambda: NOON, live=False)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await act(pilot)
        await settle(pilot)
        svg = app.export_screenshot(title="taskdeck", simplify=True)
    path = ROOT / "screenshots" / f"{name}.svg"
    path.write_text(re.sub(r"terminal-\d+-", "terminal-", svg), encoding="utf-8")
    print(path.relative_to(ROOT))


async def main() -> None:
    for name in SHOTS:
        await take(name)


if __name__ == "__main__":
    asyncio.run(main())
