"""An app of nothing but the launch dialog, and what drives it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from engine.catalogue import ExecutorSpec
from tests.tui.fake_engine import FakeEngine, FakeThread
from tui.forms.model import Form
from tui.forms.widgets import RowWidget
from tui.screens.launch import LaunchRequest, LaunchScreen
from tui.screens.shelf import Shelf
from tui.themes import DARK

SIZES = [(120, 36), (80, 24)]
EVIL = "[/x][red]a[/] \x1b]0;owned\x07\u202eb"
"""Markup that closes nothing, a window title, a bidi control."""

GREET = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Name to greet"},
        "language": {"enum": ["en", "fr"], "default": "en"},
    },
    "required": ["name"],
}
ALL: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Who is greeted, in a help line " + "that is long " * 20},
        "times": {"type": "integer", "minimum": 1, "maximum": 300, "default": 30},
        "loud": {"type": "boolean"},
        "country": {"enum": [f"country {at}" for at in range(40)]},
        "days": {"type": "array", "items": {"enum": ["mon", "tue", "wed"]}, "uniqueItems": True},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 2}},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "limits": {"type": "object", "properties": {"cpu": {"type": "number", "maximum": 8}}},
        "token": {"type": "string"},
        "note": {"type": ["string", "null"]},
        "text": {"type": "string", "contentMediaType": "text/plain"},
    },
    "required": ["name"],
}


def spec(schema: Any = GREET, **given: Any) -> ExecutorSpec:
    known = {"id": "greet", "name": "Greet", "description": "Says hello", **given}
    return ExecutorSpec(factory=lambda: None, schema=schema, **known)  # type: ignore[arg-type,return-value]


def shelf(schema: Any = GREET, **given: Any) -> tuple[Shelf, FakeEngine]:
    """Where the dialog's drafts and presets are kept, and the engine behind it."""
    engine = FakeEngine(spec(schema, **given))
    return Shelf(FakeThread(engine), engine.catalogue.executors["greet"].id), engine  # type: ignore[arg-type]


class Host(App[None]):
    """An app of nothing but the dialog; `answers` is what it was dismissed with."""

    def __init__(self, screen: LaunchScreen) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.dialog = screen
        self.answers: list[LaunchRequest | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)


class Driven:
    """A dialog under test."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.screen = app, pilot, app.dialog

    @property
    def form(self) -> Form:
        return self.screen.form

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.pilot.pause()
        await self.pilot.pause()

    def row(self, *path: str | int) -> RowWidget:
        found = self.screen.query_one("#form-pane").query(RowWidget)
        return next(widget for widget in found if widget.row.path == path)

    async def focus(self, *path: str | int) -> None:
        self.row(*path).editor.focus()
        await self.pilot.pause()

    @property
    def focused(self) -> tuple[str | int, ...] | None:
        """The path of the row that has the focus."""
        widget = self.app.focused
        while widget is not None and not isinstance(widget, RowWidget):
            widget = widget.parent  # type: ignore[assignment]
        return widget.row.path if widget is not None else None

    def said(self, name: str) -> str:
        return str(self.screen.query_one(f"#launch-{name}", Static).content)

    def picture(self) -> str:
        """What stands on the screen, as text."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in line) for line in lines)


@asynccontextmanager
async def dialog(
    schema: Any = GREET, inputs: dict[str, Any] | None = None, size: tuple[int, int] = (120, 36), **given: Any
) -> AsyncIterator[Driven]:
    beside = {name: given.pop(name) for name in ("shelf", "options", "again", "title") if name in given}
    screen = LaunchScreen(spec(schema, **given), inputs, **beside)
    app = Host(screen)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield Driven(app, pilot)
