"""A program on a pseudo-terminal of its own, as sshd or tmux would start it, with what it writes and when."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import psutil

from tests.bench.child import ROOT, Unmeasured

COLUMNS, LINES = 120, 36
PATIENCE = 60.0
"""Seconds after which something that must be seen counts as never seen."""


class Terminal:
    """The output is read by a thread as it comes, so that the program never waits for its terminal."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._data = bytearray()
        self._came = threading.Condition()
        self._at = 0.0
        self.began = time.perf_counter()
        ends = {"stdin": slave, "stdout": slave, "stderr": slave}
        child = subprocess.Popen(command, **ends, cwd=ROOT, env=dict(environment), start_new_session=True)
        self.process = psutil.Process(child.pid)
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:  # the other side is gone
                return
            with self._came:
                self._at = time.perf_counter()
                self._data += data
                self._came.notify_all()

    @property
    def size(self) -> int:
        """Bytes that were written so far."""
        return len(self._data)

    def press(self, keys: str) -> int:
        """Send keys; the size of the output before, for `wait`."""
        size = self.size
        os.write(self._master, keys.encode())
        return size

    def wait(self, seen: bytes | Callable[[bytes], bool], since: int = 0, patience: float = PATIENCE) -> float:
        """Wait until the output from `since` on has `seen`, or satisfies it; when that came, by `perf_counter`.

        Raises `Unmeasured` with the end of the output where it never comes.
        """
        until = time.perf_counter() + patience
        with self._came:
            while True:
                data = bytes(self._data[since:])
                if seen(data) if callable(seen) else seen in data:
                    return self._at
                left = until - time.perf_counter()
                if left <= 0 or not self._came.wait(left):
                    raise Unmeasured(f"never seen: {seen!r}; last was {bytes(self._data[-200:])!r}")

    def watch(self, seconds: float) -> tuple[float, float]:
        """Bytes a second, and the share of a core used, over the next `seconds`."""
        size, used, began = self.size, self._used(), time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - began
        return (self.size - size) / took, (self._used() - used) / took

    def _used(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    def end(self) -> None:
        """End the program as a closed terminal would, at once where it does not listen."""
        try:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
        except psutil.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        except psutil.NoSuchProcess:
            pass
        os.close(self._master)
