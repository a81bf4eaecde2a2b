"""ssh: a real sshd on loopback, with keys and configuration of its own; what is given never becomes an option."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from executors.ssh import Ssh, configured_hosts
from tests.executors.trial import Trial, alive, problems, until

SSHD = shutil.which("sshd") or next((p for p in ("/usr/sbin/sshd",) if os.access(p, os.X_OK)), None)
needs_sshd = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None, reason="needs sshd (the package openssh-server)"
)


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config"


def _key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ssh")
    folder.chmod(0o700)
    _key(folder / "host")
    _key(folder / "user")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    authorized = folder / "authorized"
    authorized.write_text((folder / "user.pub").read_text())
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host'}",
        f"AuthorizedKeysFile {authorized}",
        f"PidFile {folder / 'pid'}",
        *("StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes"),
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    host_key = (folder / "host.pub").read_text()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {host_key}")
    options = [
        *("Host box", " HostName 127.0.0.1", f" Port {port}", f" User {getpass.getuser()}"),
        *(f" IdentityFile {folder / 'user'}", " IdentitiesOnly yes", f" UserKnownHostsFile {folder / 'known'}"),
        " GlobalKnownHostsFile none",
    ]
    (folder / "config").write_text("\n".join(options) + "\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    assert SSHD is not None
    daemon = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if daemon.poll() is not None or time.monotonic() > deadline:
                    pytest.skip("sshd does not start here")
                time.sleep(0.05)
        yield Server(port, folder)
    finally:
        daemon.terminate()
        daemon.wait(10)


def at(server: Server, **inputs: Any) -> Trial:
    return Trial(Ssh, **{"host": "box", "config_file": str(server.config), **inputs})


@needs_sshd
async def test_a_command_runs_there(server: Server) -> None:
    trial = at(server, command="echo out; echo err >&2; exit 3")
    result = await trial.result()
    assert (result["status"], result["exit_code"], result["error_type"]) == ("failed", 3, "exit_code")
    assert (result["stdout"], result["stderr"]) == ("out\n", "err\n")
    assert "out" in trial.lines
    assert (await at(server, command="true").result())["status"] == "completed"


@needs_sshd
@pytest.mark.parametrize("end_remote", [True, False])
async def test_arguments_arrive_as_they_are(server: Server, end_remote: bool) -> None:
    hostile = ["a b", "'", '"', "$HOME", "`id`", "; rm -rf /", "-oProxyCommand=x", "two\nlines", "\\", "*", "", "é"]
    result = await at(server, argv=["printf", "%s|", *hostile], end_remote=end_remote).result()
    assert result["stdout"] == "|".join(hostile) + "|"


@needs_sshd
@pytest.mark.parametrize("end_remote", [True, False])
async def test_a_line_keeps_its_quotes(server: Server, end_remote: bool) -> None:
    line = 'printf \'%s|\' "a  b" \'c"d\' "$((6*7))"'
    assert (await at(server, command=line, end_remote=end_remote).result())["stdout"] == 'a  b|c"d|42|'


@needs_sshd
async def test_standard_input(server: Server) -> None:
    assert (await at(server, command="cat", stdin="grüße\n").result())["stdout"] == "grüße\n"
    assert (await at(server, command="cat").result())["stdout"] == ""


@needs_sshd
async def test_a_cancel_ends_it_there_too(server: Server, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    trial = at(server, command=f"sleep 300 & echo $! $$ >{pids}; wait")
    task = trial.start()
    await trial.until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    inner, shell = map(int, pids.read_text().split())
    assert alive(inner) and alive(shell)
    await trial.cancel()
    result = await task
    assert result["status"] == "cancelled"
    await until(lambda: not alive(inner) and not alive(shell))


@needs_sshd
async def test_what_ignores_the_end_of_its_terminal_is_killed(server: Server, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    trial = at(server, command=f"trap '' TERM HUP; echo $$ >{pids}; while :; do sleep 0.1; done", timeout=1.5)
    result = await trial.result()
    assert result["error_type"] == "timeout_error"
    await until(lambda: not alive(int(pids.read_text())))


@needs_sshd
async def test_nothing_is_left_there_after_a_usual_end(server: Server) -> None:
    marker = f"taskdeck-{os.getpid()}"
    await at(server, command=f": {marker}; true").result()
    await until(lambda: marker not in subprocess.run(["ps", "ax"], capture_output=True, text=True).stdout)


@needs_sshd
async def test_a_host_whose_key_is_unknown(server: Server, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(server.config.read_text().replace(str(server.folder / "known"), str(tmp_path / "known")))
    refused = await Trial(Ssh, host="box", config_file=str(config), command="true").result()
    assert refused["error_type"] == "connect_error" and "check its key" in refused["error"]
    accepted = Trial(Ssh, host="box", config_file=str(config), command="true", new_host_keys="accept")
    assert (await accepted.result())["status"] == "completed"
    assert (tmp_path / "known").exists()


@needs_sshd
async def test_a_wrong_key_is_said_and_nothing_is_asked(server: Server, tmp_path: Path) -> None:
    _key(tmp_path / "other")
    config = tmp_path / "config"
    config.write_text(server.config.read_text().replace(str(server.folder / "user"), str(tmp_path / "other")))
    result = await Trial(Ssh, host="box", config_file=str(config), command="true").result()
    assert result["error_type"] == "connect_error" and "ssh-add" in result["error"]


@needs_sshd
async def test_nobody_listens(server: Server) -> None:
    result = await at(server, command="true", port=1).result()
    assert result["error_type"] == "connect_error" and "refused" in result["error"] and result["field"] == "host"


HOSTILE = ["-oProxyCommand=touch /tmp/x", "a b", "a;b", "a\nb", "$(id)", "`id`", "user@host", "", "a/b", "'x'"]


@pytest.mark.parametrize("host", HOSTILE)
async def test_what_is_no_host_is_refused(host: str) -> None:
    assert problems(Ssh, host=host, command="true")
    result = await Trial(Ssh, checked=False, host=host, command="true").result()
    assert result["error_type"] == "validation_error" and result["field"] == "host"


@pytest.mark.parametrize(
    ("field", "value"),
    [("user", "-oX"), ("user", "a b"), ("user", "a\n"), ("jump_host", "-oX"), ("jump_host", "a,-oX"), ("host", "a\n")],
)
async def test_what_would_be_an_option_is_refused(field: str, value: str) -> None:
    inputs = {"host": "box", "command": "true", field: value}
    result = await Trial(Ssh, checked=False, **inputs).result()
    assert result["error_type"] == "validation_error" and result["field"] == field


async def test_neither_or_both_commands_and_lost_files() -> None:
    assert (await Trial(Ssh, host="box").result())["field"] == "command"
    assert (await Trial(Ssh, host="box", command="a", argv=["b"]).result())["field"] == "command"
    lost = await Trial(Ssh, host="box", command="a", identity_file="/no/such/key").result()
    assert (lost["error_type"], lost["field"]) == ("not_found", "identity_file")


async def test_without_ssh_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await Trial(Ssh, host="box", command="true").result()
    assert result["error_type"] == "not_found" and "OpenSSH" in result["error"]


async def test_cancelled_before_it_began(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    trial = Trial(Ssh, host="box", command="true")
    await trial.cancel()
    assert (await trial.result())["status"] == "cancelled"


def test_hosts_of_the_configuration_are_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".ssh"
    (folder / "more").mkdir(parents=True)
    (folder / "config").write_text('Include more/*.conf\nHost web-1 db.example.com *.lan !bad\nHost="quoted"\n')
    (folder / "more" / "a.conf").write_text("host inner\n  User x\nInclude more/*.conf\n")
    assert configured_hosts(Path("~/.ssh/config")) == ["inner", "web-1", "db.example.com", "quoted"]
    assert Ssh().get_input_schema()["properties"]["host"]["examples"][0] == "inner"
    assert Ssh.inputs_schema["properties"]["host"]["examples"] == ["example.com"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"Host\nInclude\nHost =\n"])
def test_an_odd_configuration_proposes_nothing(tmp_path: Path, content: bytes | None) -> None:
    config = tmp_path / "config"
    if content is None:
        os.mkfifo(config)
    else:
        config.write_bytes(content)
    assert configured_hosts(config) == []
