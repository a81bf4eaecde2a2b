"""A secret is launched in the real console over the real engine, and then looked for wherever something is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from engine import Folder, Settings
from engine.secrets import MASK
from tui.app import ConsoleApp
from tui.export import export_runs
from tui.late_engine import LateEngine
from tui.screens.launch import LaunchScreen

PATIENCE = 20.0
"""Seconds until something that should come counts as never coming; a guard, not a measure."""
GIVEN = {
    "password": "Zq1-password-Zq1",
    "tokens": "Zq2-token-Zq2",
    "headers": "Zq3-cookie-Zq3",
    "pin": "Zq4-marked-Zq4",
    "pem": "Zq5-first-line\nZq5-second-line",
}
PIECES = tuple(f"Zq{number}" for number in range(1, 6))
CALLS = """
import logging
from aipartnerupflow import BaseTask, executor_register

@executor_register()
class Calls(BaseTask):
    id = "calls"
    name = "Calls"
    description = "Uses its secrets carelessly"
    inputs_schema = {
        "type": "object",
        "properties": {
            "password": {"type": "string", "default": "Zq9-default-Zq9"},
            "tokens": {"type": "array", "items": {"type": "string"}},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "pin": {"type": "string", "writeOnly": True, "examples": ["Zq9-example-Zq9"]},
            "pem": {"type": "string", "x-secret": True},
            "fail": {"type": "boolean"},
        },
    }

    async def execute(self, inputs):
        print("with", inputs["password"], inputs["tokens"], inputs["headers"], inputs["pin"], inputs["pem"])
        logging.getLogger("calls").warning("again %r", inputs)
        if inputs.get("fail"):
            raise ValueError(f"refused {inputs}")
        return {"echo": inputs, "said": f"let in by {inputs['pin']}"}
"""


class Seat:
    """The console and one who sits before it."""

    def __init__(self, app: ConsoleApp, thread: LateEngine, pilot: Pilot[Any]) -> None:
        self.app, self.thread, self.pilot = app, thread, pilot
        self.seen: list[str] = []
        """Every picture that was taken on the way."""

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        self.seen.append(self.app.export_screenshot())

    async def paste(self, text: str) -> None:
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.pilot.pause(0.1)
        self.seen.append(self.app.export_screenshot())

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(int(PATIENCE / 0.05)):
            if holds():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never so: {self.app.export_screenshot()[-3000:]}")

    @property
    def dialog(self) -> LaunchScreen:
        assert isinstance(self.app.screen, LaunchScreen)
        return self.app.screen

    async def launch(self) -> None:
        self.app.console_screen.launch(self.thread.engine.catalogue.executors["calls"])
        await self.until(lambda: isinstance(self.app.screen, LaunchScreen) and self.dialog._ready)
        await self.pilot.pause(0.2)

    async def fill(self, *, fail: bool) -> None:
        form, pane = self.dialog.form, self.dialog._pane
        form.set(("tokens",), [GIVEN["tokens"]])
        form.set(("headers",), {"Cookie": GIVEN["headers"]})
        form.set(("fail",), fail)
        await pane.show()
        for name in ("password", "pin", "pem"):
            await pane.go((name,))
            await self.pilot.pause()
            await self.paste(GIVEN[name])
            await self.until(lambda name=name: name in self.dialog.form.instance)
        for key in ("f2", "f2", "f10", "f10", "ctrl+l", "ctrl+l", "f1", "escape", "f8"):
            await self.press(key)


def kept_anywhere(folder: Path) -> list[str]:
    """Where some piece of a secret stands in a file."""
    pieces = [piece.encode() for piece in PIECES]
    return [
        f"{file}: {piece.decode()}"
        for file in folder.rglob("*")
        if file.is_file() and "executors" not in file.parts
        for piece in pieces
        if piece in file.read_bytes()
    ]


@pytest.mark.parametrize("fail", [False, True], ids=["completes", "fails"])
async def test_8_6_no_secret_stays_in_store_draft_preset_export_log_or_picture(own_folders: Path, fail: bool) -> None:
    executors = own_folders / "executors"
    executors.mkdir()
    (executors / "calls.py").write_text(CALLS)
    settings = Settings(store=own_folders / "data" / "store.db")
    thread = LateEngine(settings, lambda: [Folder(executors, "given")])
    app = ConsoleApp(thread)
    async with app.run_test(size=(120, 36)) as pilot:
        seat = Seat(app, thread, pilot)
        await seat.until(lambda: thread.is_started and "calls" in thread.engine.catalogue.executors)
        engine = thread.engine
        await seat.launch()
        await seat.fill(fail=fail)
        await seat.press("escape")  # the draft is kept
        await seat.launch()
        await seat.fill(fail=fail)
        await thread.ask(engine.presets.save("calls", "mine", seat.dialog.form.sent))
        await seat.press("ctrl+r")
        await seat.until(lambda: app.forest.runs > 0)
        [run] = await thread.ask(engine.runs())
        assert await thread.ask(engine.finished(run.id)) == ("failed" if fail else "completed")
        for key in ("2", "enter", "3", "tab", "tab", "tab"):
            await seat.press(key)
        await thread.ask(export_runs(engine, [run.id], str(own_folders / "run.jsonl")))
        task = await thread.ask(engine.task(run.root.id))
        assert task is not None and task.inputs["password"] == MASK and task.inputs["headers"] == {"Cookie": MASK}
        assert kept_anywhere(own_folders) == []
        shown = [piece for picture in seat.seen for piece in (*PIECES, "Zq9") if piece in picture]
        assert shown == [], "the schema's own default and example of a secret are not drawn either"
    await thread.stop(cancel=True)
    assert kept_anywhere(own_folders) == []
