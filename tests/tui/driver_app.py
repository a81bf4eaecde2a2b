"""A small app on our driver for test_driver.py: writes a line for every beat of its loop to the file in argv[1]."""

from __future__ import annotations

import fcntl
import os
import sys
import termios
import threading
from pathlib import Path
from typing import ClassVar

if "detached" not in sys.argv:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the pty becomes the controlling terminal, as sshd makes it

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tui.boundary import FaultBoundary, ask
from tui.driver import driver_class, handle_signals, is_lagging
from tui.editor import edit, editor
from tui.terminal import OwnTerminal


class BeatingApp(FaultBoundary):
    """Repaints its whole screen 50 times a second, or with "idle" only once."""

    BINDINGS: ClassVar[list[BindingType]] = [("x", "done", "Show the end mark"), ("e", "edit", "Edit")]

    def __init__(self) -> None:
        super().__init__(driver_class=driver_class())
        self.count = 0
        self.is_idle = "idle" in sys.argv
        self.beats = Path(sys.argv[1]).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115 - open while it runs

    def compose(self) -> ComposeResult:
        yield Static(id="filled")

    def on_mount(self) -> None:
        handle_signals(self)
        self.query_one(Static).update(Content("READY"))
        self.set_interval(0.02, self.beat)

    def beat(self) -> None:
        self.count += 1
        if not self.is_idle:
            mark = chr(ord("a") + self.count % 26)
            self.query_one(Static).update(Content(f"READY {mark * 2000}"))
        self.beats.write(f"{self.count} {int(is_lagging(self))} {threading.active_count()}\n")

    def action_edit(self) -> None:
        ask(self, lambda: edit(self, editor(os.environ)), self.edited)

    def edited(self, code: int) -> None:
        self.query_one(Static).update(Content(f"EDITED {code}"))

    def action_done(self) -> None:
        self.is_idle = True
        self.query_one(Static).update(Content("END MARK"))


if __name__ == "__main__":
    app = BeatingApp()
    with OwnTerminal():
        app.run()
    sys.exit(app.return_code)
