"""The console in terminals of every kind, through a real pty: what it writes is what a terminal gets."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds until something that should be seen counts as never seen; a guard, not a measure."""
COLOUR = re.compile(rb"\x1b\[[\d;:]*?(?<![\d:])(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8[;:][\d;:]*)(?:;[\d;:]*)?m")
TITLE = re.compile(rb"\x1b\]2;([^\x1b\x07]*)(?:\x1b\\|\x07)")


class Pty:
    """A console on a terminal of its own; `raw` is all that it wrote."""

    def __init__(self, folder: Path, environ: dict[str, str], args: tuple[str, ...], size: tuple[int, int]) -> None:
        self.master, slave = pty.openpty()
        self.resize(*size)
        given = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "USER")}
        given |= {f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "DATA", "STATE")}
        given |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", **environ}
        command = [sys.executable, "-m", "tui.cli", "--store", str(folder / "store.db"), *args]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=given, start_new_session=True
        )
        os.close(slave)
        self.raw = b""

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def read(self, seconds: float = 0.0) -> bytes:
        """What comes within `seconds`."""
        begin, until = len(self.raw), time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 or not seconds:
            if not select.select([self.master], [], [], max(left, 0))[0]:
                break
            try:
                self.raw += os.read(self.master, 65_536)
            except OSError:  # it ended
                break
        return self.raw[begin:]

    def sees(self, wanted: bytes, after: int = 0) -> None:
        until = time.monotonic() + PATIENCE
        while wanted not in self.raw[after:]:
            assert time.monotonic() < until, f"never seen: {wanted!r}\n{self.raw[-3000:]!r}"
            self.read(0.1)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def ends(self) -> int:
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < until, f"never ended\n{self.raw[-3000:]!r}"
            self.read(0.1)
        self.read(0.2)
        return self.process.wait()


@contextmanager
def console(folder: Path, *args: str, size: tuple[int, int] = (80, 24), **environ: str) -> Iterator[Pty]:
    terminal = Pty(folder, environ, args, size)
    try:
        yield terminal
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
        os.close(terminal.master)


def test_a_terminal_that_cannot_place_anything_is_refused(tmp_path: Path) -> None:
    with console(tmp_path, TERM="dumb") as terminal:
        assert terminal.ends() == 2
        assert b"TERM=dumb" in terminal.raw and b"\x1b" not in terminal.raw


@pytest.mark.parametrize("term", ["screen", "tmux-256color", "linux", "xterm", "vt220", "rxvt", "ansi"])
def test_terminals_of_every_kind_show_it_and_are_left_clean(tmp_path: Path, term: str) -> None:
    with console(tmp_path, TERM=term) as terminal:
        terminal.sees(b"hello_you")
        terminal.type("?")
        terminal.sees(b"Go one page up")
        terminal.type("\x1b")
        terminal.read(0.5)
        terminal.type("q")
        assert terminal.ends() == 0
        assert b"\x1b[?1049l" in terminal.raw and b"Traceback" not in terminal.raw


def test_no_color_means_none(tmp_path: Path) -> None:
    with console(tmp_path, NO_COLOR="1") as terminal:
        terminal.sees(b"hello_you")
        terminal.type("\r")
        terminal.sees(b"greeted")
        terminal.type("\x1b")
        terminal.read(0.5)
        terminal.type("\x11")
        assert terminal.ends() == 0
        assert COLOUR.search(terminal.raw) is None
        assert re.search(rb"\x1b\[(?:\d+;)*7(?:;\d+)*m", terminal.raw), "the cursor is reversed"


def test_an_option_goes_before_no_color_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    with console(tmp_path, "--theme", "light", NO_COLOR="1") as terminal:
        terminal.sees(b"hello_you")
        terminal.type("q")
        assert terminal.ends() == 0 and COLOUR.search(terminal.raw)
    with console(tmp_path, "--theme", "neon") as terminal:
        assert terminal.ends() == 2 and b"theme is auto" in terminal.raw


def test_sixteen_colours_are_the_terminals_own(tmp_path: Path) -> None:
    with console(tmp_path, TERM="xterm") as terminal:
        terminal.sees(b"hello_you")
        terminal.type("q")
        assert terminal.ends() == 0
        assert COLOUR.search(terminal.raw) and b"[38;" not in terminal.raw and b";48;" not in terminal.raw


@pytest.mark.parametrize(
    ("args", "environ"),
    [(("--ascii",), {}), ((), {"LC_ALL": "C"}), ((), {"TERM": "linux"}), ((), {"TASKDECK_ASCII": "on"})],
)
def test_ascii_alone_is_written(tmp_path: Path, args: tuple[str, ...], environ: dict[str, str]) -> None:
    with console(tmp_path, *args, **environ) as terminal:
        terminal.sees(b"hello_you")
        terminal.type("\r")  # the person's own executor is the first that is offered
        terminal.sees(b"greeted")
        terminal.type("\x12")
        terminal.sees(b"Hello, you!")
        terminal.type("q")
        assert terminal.ends() == 0
        assert max(terminal.raw) < 0x80, terminal.raw.decode(errors="replace")


def test_the_title_tells_and_is_given_back(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        terminal.sees(b"hello_you")
        terminal.sees(b"\x1b]2;taskdeck")
        terminal.type("/wait\r\r")
        terminal.sees(b"seconds")
        terminal.type("60\x12")
        terminal.sees("taskdeck · 1 running".encode())
        terminal.type("\x11")
        terminal.sees(b"Stay")
        terminal.type("\t\r")
        terminal.ends()
        titles = TITLE.findall(terminal.raw)
        assert titles[0] == b"taskdeck" and titles[-1] == b""
        assert terminal.raw.index(b"\x1b[22;0t") < terminal.raw.index(b"\x1b]2;taskdeck")
        assert terminal.raw.rindex(b"\x1b[23;0t") > terminal.raw.rindex(b"\x1b]2;")


@pytest.mark.parametrize("environ", [{}, {"TMUX": "/tmp/x,1,0"}], ids=["plain", "tmux"])
def test_the_end_of_a_launched_run_is_told(tmp_path: Path, environ: dict[str, str]) -> None:
    settings = {"TASKDECK_NOTIFY": "notify", "TASKDECK_NOTIFY_AFTER": "0", "TASKDECK_TITLE": "off"}
    with console(tmp_path, **settings, **environ) as terminal:
        terminal.sees(b"hello_you")
        terminal.type("/hello_you\r\r")
        terminal.sees(b"greeted")
        terminal.type("\x12")
        wanted = b"\x1b]9;taskdeck: hello_you done\x07"
        terminal.sees(b"\x1bPtmux;\x1b" + wanted + b"\x1b\\" if environ else wanted)
        assert b"\x07" in terminal.raw
        terminal.type("q")
        assert terminal.ends() == 0
        assert b"\x1b]2;" not in terminal.raw


def test_the_mouse_is_left_to_the_terminal(tmp_path: Path) -> None:
    with console(tmp_path, "--no-mouse") as terminal:
        terminal.sees(b"hello_you")
        terminal.read(0.3)
        assert b"\x1b[?1000h" not in terminal.raw
        terminal.type(":set mouse on\r")
        terminal.sees(b"\x1b[?1000h")
        before = len(terminal.raw)
        terminal.type(":set mouse off\r")
        terminal.sees(b"\x1b[?1000l", before)
        terminal.type("q")
        assert terminal.ends() == 0


def test_the_theme_is_kept_for_the_next_start(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        terminal.sees(b"hello_you")
        terminal.type(":theme light\r")
        terminal.sees(b"theme is light")
        terminal.type("q")
        assert terminal.ends() == 0
    with console(tmp_path) as terminal:
        terminal.sees(b"hello_you")
        assert b"48;2;250;250;247" in terminal.raw or b"48;5;231" in terminal.raw or b"48;5;15" in terminal.raw
        terminal.type("q")
        assert terminal.ends() == 0


def test_it_says_where_it_is_too_small_and_outlives_a_storm_of_sizes(tmp_path: Path) -> None:
    with console(tmp_path, size=(20, 5)) as terminal:
        terminal.sees(b"the console needs")
        terminal.sees(b"40x10")
        for number in range(120):
            terminal.resize(1 + number * 7 % 200, 1 + number * 5 % 60)
            if number % 10 == 0:
                terminal.type("?\x1b" if number % 20 else "\t")
            terminal.read(0.01)
        terminal.resize(100, 30)
        before = len(terminal.raw)
        terminal.read(1.0)
        terminal.type("\x1b")
        terminal.read(0.5)
        terminal.sees(b"hello_you", before)
        terminal.type("\x11")
        assert terminal.ends() == 0 and b"Traceback" not in terminal.raw
