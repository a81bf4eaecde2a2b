"""The console keeps its loop, its tasks and its exit code whatever the terminal does."""

from __future__ import annotations

import fcntl
import importlib.metadata
import inspect
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual._styles_cache import StylesCache
from textual.app import App
from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.reactive import Reactive
from textual.screen import Screen

from tui.driver import HIGH_WATER, SafeLinuxDriver, Writer, driver_class

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Textual's own driver is used there")

ROOT = Path(__file__).parents[2]
PATIENCE = 10.0
"""Seconds after which something that must happen has not happened."""


class Terminal:
    """The app on a pty of its own, as sshd or tmux would start it. It answers nothing and reads only when told to."""

    def __init__(self, beats: Path, *options: str) -> None:
        self.beats = beats
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "TEXTUAL_DRIVER": ""}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/tui/driver_app.py"), str(beats), *options],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=environment,
        )
        os.close(slave)
        self.output = b""

    def read(self, seconds: float) -> bytes:
        """What comes within `seconds`, at most one chunk."""
        if not select.select([self.master], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self.master, 65_536)
        except OSError:  # the other side is gone
            return b""
        self.output += data
        return data

    def read_until(self, mark: bytes) -> bytes:
        """Read until `mark` comes; returns everything since the call."""
        start, end = len(self.output), time.monotonic() + PATIENCE
        while mark not in self.output[start:]:
            assert time.monotonic() < end, f"{mark!r} did not come; last was {self.output[-300:]!r}"
            self.read(0.2)
        return self.output[start:]

    def last_beat(self) -> tuple[int, bool, int]:
        """Number of the last beat, whether the terminal was lagging then, and how many threads there were."""
        lines = self.beats.read_text(encoding="utf-8").splitlines() if self.beats.exists() else []
        if not lines:
            return 0, False, 0
        number, lagging, threads = map(int, lines[-1].split())
        return number, bool(lagging), threads

    def wait_for(self, holds: Callable[[], bool], what: str, *, reading: bool = False) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, what
            if reading:
                self.read(0.05)
            else:
                time.sleep(0.05)

    def exit_code(self) -> int:
        """Wait for the end, reading what comes."""
        self.wait_for(lambda: self.process.poll() is not None, "the app does not end", reading=self.master >= 0)
        assert self.process.returncode is not None
        return self.process.returncode

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    terminals: list[Terminal] = []

    def begin(*options: str) -> Terminal:
        terminal = Terminal(tmp_path / f"beats{len(terminals)}", *options)
        terminals.append(terminal)
        terminal.read_until(b"READY")
        return terminal

    yield begin
    for terminal in terminals:
        terminal.close()


def test_a_terminal_that_is_not_read_does_not_stop_the_loop(start: Callable[..., Terminal]) -> None:
    terminal = start()
    first = terminal.last_beat()[0]
    terminal.wait_for(lambda: terminal.last_beat()[0] > first + 120, "the loop stopped with the terminal")
    terminal.wait_for(lambda: terminal.last_beat()[1], "repaints go on though nobody takes them")
    os.write(terminal.master, b"x")
    seen = terminal.read_until(b"END MARK")
    assert len(seen) < HIGH_WATER * 3, "what was not read while the terminal stalled must not come later"
    terminal.wait_for(lambda: not terminal.last_beat()[1], "the terminal is still said to lag", reading=True)
    os.write(terminal.master, b"\x11")
    assert terminal.exit_code() == 0


def test_a_stalled_terminal_can_still_hang_up(start: Callable[..., Terminal]) -> None:
    terminal = start()
    terminal.wait_for(lambda: terminal.last_beat()[1], "the terminal does not lag")
    terminal.hang_up()
    assert terminal.exit_code() == 129


@pytest.mark.parametrize("options", [("idle",), ("idle", "detached"), ("detached",)])
def test_an_app_notices_that_its_terminal_went_away(start: Callable[..., Terminal], options: tuple[str, ...]) -> None:
    """Detached it gets no SIGHUP, as under nohup: only reads, writes and a look once a second can tell."""
    terminal = start(*options)
    terminal.hang_up()
    assert terminal.exit_code() == 129


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_request_to_end_restores_the_terminal(start: Callable[..., Terminal], number: int, code: int) -> None:
    terminal = start("idle")
    terminal.wait_for(lambda: terminal.last_beat()[0] > 0, "the app does not run", reading=True)
    terminal.process.send_signal(number)
    assert terminal.exit_code() == code
    assert b"\x1b[?1049l" in terminal.output and b"\x1b[?1003l" in terminal.output


def test_the_screen_is_painted_again_after_a_stop(start: Callable[..., Terminal]) -> None:
    terminal = start("idle")
    terminal.wait_for(lambda: terminal.last_beat()[0] > 0, "the app does not run", reading=True)
    terminal.process.send_signal(signal.SIGTSTP)
    terminal.read_until(b"\x1b[?1049l")
    terminal.wait_for(lambda: state(terminal.process.pid) == "T", "the app does not stop")
    terminal.process.send_signal(signal.SIGCONT)
    terminal.read_until(b"\x1b[?1049h")
    terminal.read_until(b"READY")


def test_a_continue_without_a_stop_starts_no_threads(start: Callable[..., Terminal]) -> None:
    terminal = start("idle")
    terminal.wait_for(lambda: terminal.last_beat()[0] > 5, "the app does not run", reading=True)
    threads = terminal.last_beat()[2]
    for _ in range(3):
        terminal.process.send_signal(signal.SIGCONT)
        terminal.read_until(b"READY")
    beat = terminal.last_beat()[0]
    terminal.wait_for(lambda: terminal.last_beat()[0] > beat + 5, "the loop stopped", reading=True)
    assert terminal.last_beat()[2] == threads


def state(pid: int) -> str:
    """The kernel's letter for the state of a process; T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def test_the_writer_ends_in_time_though_nobody_reads() -> None:
    reader, fd = os.pipe()
    writer = Writer(fd, "utf-8", lambda: None, lambda: None, lambda: None)
    writer.start()
    for _ in range(40):
        writer.write("x" * 10_000)
    assert writer.waiting > HIGH_WATER
    before = time.monotonic()
    writer.stop()
    assert time.monotonic() - before < 5
    os.close(reader)  # the thread meets EPIPE and ends
    writer.join(5)
    assert writer.is_dead and not writer.is_alive()
    os.close(fd)


def test_the_writer_drops_what_is_queued_but_not_what_is_under_way() -> None:
    reader, fd = os.pipe()
    emptied = threading.Event()
    writer = Writer(fd, "ascii", lambda: None, emptied.set, lambda: None)
    writer.start()
    writer.write("a" * 200_000)
    deadline = time.monotonic() + 5
    while not select.select([reader], [], [], 0.1)[0]:
        assert time.monotonic() < deadline
    writer.write("b" * 1000)
    writer.drop()
    writer.write("é")
    got = b""
    while len(got) < 200_001:
        got += os.read(reader, 65_536)
    assert got == b"a" * 200_000 + b"?"
    assert emptied.wait(5) and writer.waiting == 0
    writer.stop()
    os.close(reader)
    os.close(fd)


def test_textual_has_the_version_and_the_private_names_that_are_used() -> None:
    assert importlib.metadata.version("textual") == "8.2.8", (
        "look at tui/driver.py, tui/boundary.py and tui/letting_go.py, then change this"
    )
    names: dict[type, tuple[str, ...]] = {
        App: (
            "_handle_exception",
            "_register_child",
            "_begin_batch",
            "_end_batch",
            "_context",
            "post_display_hook",
        ),
        MessagePump: ("_dispatch_message", "_running", "_closing", "check_idle"),
        Screen: ("_compositor_refresh",),
        LinuxDriver: ("_sigcont_application", "run_input_thread", "start_application_mode", "stop_application_mode"),
        Driver: ("resume_application_mode", "SignalResume"),
        WriterThread: ("fileno",),
        StylesCache: ("get_inner_outer",),
    }
    for owner, wanted in names.items():
        for name in wanted:
            assert hasattr(owner, name) or f"self.{name}" in inspect.getsource(owner), f"{owner.__name__}.{name}"
    assert '"__watchers"' in inspect.getsource(Reactive)
    for owner, attributes in {
        App: ("_exit", "_batch_count", "_screen_stack", "_driver"),
        LinuxDriver: (
            "_file",
            "_writer_thread",
            "_mouse",
            "_enable_mouse_support",
            "_disable_mouse_support",
            "_must_signal_resume",
            "exit_event",
        ),
        Driver: ("_app", "_loop", "_auto_restart"),
    }.items():
        source = inspect.getsource(owner)
        assert all(f"self.{name}" in source for name in attributes), f"{owner.__name__} lost one of {attributes}"


def test_another_driver_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    assert driver_class() is SafeLinuxDriver
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.headless_driver:HeadlessDriver")
    assert driver_class() is None
