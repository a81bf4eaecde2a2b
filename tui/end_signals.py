"""The signals that end the console, from its first moment on, and the exit codes that tell of them.

By default the process dies of them on the spot: a terminal in raw mode stays behind. No Textual in here.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

HANG_UP, INTERRUPT, QUIT, TERMINATE = 129, 130, 131, 143
"""The terminal went away (SIGHUP); somebody asked for the end by SIGINT, SIGQUIT, SIGTERM."""
CODES = {"SIGHUP": HANG_UP, "SIGINT": INTERRUPT, "SIGQUIT": QUIT, "SIGTERM": TERMINATE}


class EarlySignals:
    """Notes what comes before the app has a loop that can be told; `code` is the first one's, None for none."""

    def __init__(self) -> None:
        self.code: int | None = None
        if threading.current_thread() is threading.main_thread():
            for name in CODES:
                if (number := getattr(signal, name, None)) is not None:
                    signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.code = self.code or CODES[signal.Signals(number).name]


def end_by_default() -> None:
    """The screen is gone: a hang-up means nothing any more, and whoever asks again means at once."""
    for name in CODES:
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, signal.SIG_IGN if name == "SIGHUP" else signal.SIG_DFL)
