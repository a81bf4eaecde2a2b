"""A bare Textual app, for comparison: each key updates one static text. `python -m tests.bench.bare_app`"""

from __future__ import annotations

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class BareApp(App[None]):
    """Says how many keys were pressed."""

    pressed = 0

    def compose(self) -> ComposeResult:
        yield Static("key 000000")

    def on_key(self, event: events.Key) -> None:
        self.pressed += 1
        self.query_one(Static).update(f"key {self.pressed:06}")


if __name__ == "__main__":
    BareApp().run()
