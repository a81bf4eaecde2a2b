"""What executors write past Python must not reach the screen."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import os, sys, time
from tui.terminal import OwnTerminal
with OwnTerminal() as stray:
    os.write(1, b"stray one\\n")
    os.system("echo stray two >&2")
    sys.__stderr__.write("for the screen\\n"); sys.__stderr__.flush()
    for _ in range(100):
        if stray.total == 2: break
        time.sleep(0.02)
    kept = list(stray.lines)
print("kept", kept)
"""


def test_stray_output_is_kept_and_the_terminal_is_given_back() -> None:
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", CODE])
    seen = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if not select.select([descriptor], [], [], 0.5)[0]:
            continue
        try:
            data = os.read(descriptor, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data
    os.waitpid(pid, 0)
    os.close(descriptor)
    lines = seen.decode().splitlines()
    assert lines == ["for the screen", "kept ['stray one', 'stray two']"]
