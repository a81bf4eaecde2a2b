"""A real sshd on loopback: the connection is killed mid-run, and a second login finds the run going on.

The server runs as the person who runs the tests, on a port of its own, with keys and a configuration in a folder of the
test; nothing of the system's own server is touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from engine.origin import login
from tests.faults.consoles import write_executors
from tests.pty_console import ROOT, Console

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.skipif(not SSHD or not shutil.which("ssh"), reason="needs sshd and ssh (Debian: openssh-server)"),
    pytest.mark.timeout(180),
]


@dataclass
class Server:
    """An sshd in the foreground, and how a person logs in on it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def client(self) -> list[str]:
        """An ssh client that opens a console on the other side, on a terminal."""
        words = ["ssh", "-tt", "-F", "/dev/null", "-p", str(self.port), "-i", str(self.folder / "own")]
        known = f"UserKnownHostsFile={self.folder}/known"
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", known, "LogLevel=ERROR")
        words += [word for option in options for word in ("-o", option)]
        return [*words, f"{login()}@127.0.0.1", str(self.folder / "open.sh")]

    def sessions(self) -> list[psutil.Process]:
        """The server's processes of connections."""
        return [each for each in psutil.Process(self.process.pid).children(recursive=True) if "sshd" in each.name()]


@pytest.fixture
def server(tmp_path: Path, own_folders: Path) -> Iterator[Server]:
    assert SSHD is not None
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    write_executors(tmp_path)
    for name in ("host", "own"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "own.pub").rename(folder / "authorized")
    (folder / "authorized").chmod(0o600)
    kept = [f"export {name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("XDG_")]
    command = f"exec {sys.executable} -m tui.cli --executors {tmp_path} --store {tmp_path}/store.db"
    lines = ["#!/bin/sh", *kept, f"export HOME={own_folders} PYTHONPATH={ROOT} LANG=C.UTF-8", f"cd {ROOT}", command]
    (folder / "open.sh").write_text("\n".join(lines) + "\n")
    (folder / "open.sh").chmod(0o700)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it lets go of its rights
    config = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host", f"AuthorizedKeysFile {folder}/authorized",
        f"PidFile {folder}/pid", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "UsePAM no",
        "StrictModes no", "PermitRootLogin prohibit-password",
    ]  # fmt: skip
    (folder / "config").write_text("\n".join(config) + "\n")
    log = (folder / "log").open("wb")
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log, stdin=subprocess.DEVNULL)
    made = Server(folder, port, process)
    try:
        until(lambda: _answers(port), lambda: f"sshd does not answer: {(folder / 'log').read_text()}")
        yield made
    finally:
        for each in made.sessions():
            each.kill()
        process.kill()
        process.wait()
        log.close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], object], words: Callable[[], str], patience: float = 20.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, words()
        time.sleep(0.05)


@pytest.fixture
def log_in(server: Server, tmp_path: Path) -> Iterator[Callable[[], Console]]:
    made: list[Console] = []

    def begin() -> Console:
        made.append(Console(tmp_path, command=server.client()))
        return made[-1]

    yield begin
    for each in made:
        each.close()


@pytest.mark.parametrize("killed", ["the client", "the server's side"])
def test_a_run_goes_on_when_the_connection_is_killed_and_a_second_login_acts_on_it(
    log_in: Callable[[], Console], server: Server, tmp_path: Path, own_folders: Path, killed: str
) -> None:
    first = log_in()
    first.sees("three")
    first.launch("three")
    first.until(lambda: begun(tmp_path) == 3, "not all three began")
    owner = int(first.rows("SELECT owner FROM run")[0][0].partition("-")[0])
    if killed == "the client":
        first.signal(signal.SIGKILL)
    else:
        for each in server.sessions():
            each.kill()
    first.ended()
    until(lambda: not server.sessions(), lambda: f"still connected: {server.sessions()}")
    time.sleep(0.5)
    assert psutil.pid_exists(owner), "the console ended with its connection"
    assert first.rows("SELECT count(*) FROM task WHERE status = 'in_progress'") == [(4,)]

    second = log_in()
    second.sees("three")
    second.keys("2")
    second.sees("part-1")
    second.sees("4 running" if "4 running" in second.text else "running")
    second.keys("/", "part-1", "\r", "G", "c")
    second.sees("cancelled")
    (tmp_path / "gate").touch()
    second.until(lambda: not second.rows("SELECT 1 FROM run WHERE owner IS NOT NULL"), "the run did not end")
    found = dict(second.rows("SELECT name, status FROM task"))
    assert found == {"three": "completed", "part-0": "completed", "part-1": "cancelled", "part-2": "completed"}
    assert begun(tmp_path) == 3, "nothing began twice"
    until(lambda: not psutil.pid_exists(owner), lambda: "the first console did not end with its runs")
    report = (own_folders / "state" / "taskdeck" / "headless.log").read_text()
    assert "lost its terminal: its runs went on, and all had ended" in report
    second.keys("q")
    assert second.ended() == 0


def test_where_somebody_sits_is_kept_of_each_launch(log_in: Callable[[], Console], tmp_path: Path) -> None:
    console = log_in()
    console.sees("tick")
    console.launch("hello", "Ann")
    console.sees("done")
    ((who, origin),) = console.rows("SELECT who, origin FROM audit WHERE what = 'launch'")
    assert who == login()
    assert origin.startswith("pts/") and origin.endswith(" from 127.0.0.1")
    console.keys("q")
    assert console.ended() == 0


def begun(folder: Path) -> int:
    file = folder / "ran"
    return len(file.read_text().splitlines()) if file.exists() else 0
