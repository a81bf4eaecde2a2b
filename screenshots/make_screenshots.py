"""Writes the pictures that the README shows, from a scripted scene: `python screenshots/make_screenshots.py`."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
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

from screenshots.demo import asking_engine, broken_engine, busy_engine, scheduled_engine  # noqa: E402
from screenshots.kept import NOW, SHIPPED, fill, keep_draft  # noqa: E402
from tests.tui.fake_engine import NOON, FakeEngine, FakeThread  # noqa: E402
from tests.tui.history_driver import RealThread  # noqa: E402

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


async def find_failures(pilot: Any) -> None:
    await pilot.press("H", "slash", *"status:failed", "enter")


async def compare_runs(pilot: Any) -> None:
    await pilot.press("H", "slash", *"executor:http_health", "enter", "B")


async def see_timeline(pilot: Any) -> None:
    await pilot.press("H", "W", "j", "j")


async def compose(pilot: Any) -> None:
    await pilot.press("d", "G")


async def answer(pilot: Any) -> None:
    await pilot.press("2", "g", "j", "j", "enter")


async def see_schedules(pilot: Any) -> None:
    await pilot.press("at")


Act = Callable[[Any], Awaitable[None]]
SHOTS: dict[str, tuple[Callable[[], FakeEngine] | None, tuple[int, int], Act]] = {
    "console": (busy_engine, WIDE, look_at_push),
    "console-80x24": (busy_engine, SMALL, look_at_push),
    "launch": (busy_engine, WIDE, open_form),
    "problem": (broken_engine, WIDE, see_problem),
    "help": (busy_engine, WIDE, see_help),
    "answer": (asking_engine, WIDE, answer),
    "schedules": (scheduled_engine, WIDE, see_schedules),
    "history": (None, WIDE, find_failures),
    "compare": (None, WIDE, compare_runs),
    "timeline": (None, WIDE, see_timeline),
    "compose": (None, WIDE, compose),
}
"""Each with its engine; those without one show a real store."""


async def take(name: str, folder: Path) -> None:
    from tui.app import ConsoleApp
    from tui.state_file import Kept

    make_engine, size, act = SHOTS[name]
    if make_engine is not None:
        app = ConsoleApp(FakeThread(make_engine()), clock=lambda: NOON, live=False)  # type: ignore[arg-type]
    else:
        keep_draft(folder)
        kept = Kept.load(folder / "state.json")
        thread = RealThread(folder / "taskdeck.db", fill, SHIPPED)
        app = ConsoleApp(thread, clock=lambda: NOW, live=False, kept=kept)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await act(pilot)
        await settle(pilot)
        pilot.app.clear_notifications()
        await settle(pilot)
        svg = app.export_screenshot(title="taskdeck", simplify=True)
    path = ROOT / "screenshots" / f"{name}.svg"
    path.write_text(re.sub(r"terminal-\d+-", "terminal-", svg), encoding="utf-8")
    print(path.relative_to(ROOT))


async def main() -> None:
    for name in SHOTS:
        with tempfile.TemporaryDirectory() as folder:
            await take(name, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
