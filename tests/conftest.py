"""What every test stands on: an environment in which nothing of the developer's terminal or folders shows."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("taskdeck", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("taskdeck")
"""No deadline: the machine may be busy. CI draws the same examples each time; others come at every developer's run."""

SCRUBBED = {"NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "SSH_CONNECTION", "FORCE_COLOR"}
KEPT = {"TEXTUAL_SNAPSHOT_TEMPDIR"}
"""How the snapshot plug-in tells its workers where their pictures are compared."""

for variable in list(os.environ):
    if (variable.startswith(("TEXTUAL", "TASKDECK_")) and variable not in KEPT) or variable in SCRUBBED:
        del os.environ[variable]
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so it is in a shell's background job, and in all that it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TZ"] = "UTC"
os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parents[1] / ".pytest_cache" / "xdg")  # what is compiled is shared
time.tzset()


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Settings, executors and stores of a test lie in a folder of its own, never in the developer's."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("USER", "ada")
    yield home


@pytest.fixture(autouse=True)
def no_cursor_blink(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture must not depend on when it is taken."""
    import sys

    if "textual" not in sys.modules:
        return
    from textual.widgets import Input, TextArea

    monkeypatch.setattr(Input, "_toggle_cursor", lambda _self: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _self: None, raising=False)
