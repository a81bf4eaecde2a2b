"""Runs a command on another machine by the system's ssh, which never asks anything here.

What the other machine's shell reads is one quoted text: arguments of `argv` reach the program there as they are.
"""

from __future__ import annotations

import re
import shlex
import stat
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any, ClassVar

from engine import executor_register
from executors.child import Ended, ProgramTask, judged, not_started
from executors.fields import TIME_LIMIT
from executors.refused import Refused, failed

HOST = r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*"
"""A name, an alias of the ssh configuration or an address; never what ssh would take for an option."""
USER = r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*\$?"

CONFIG_LIMIT = 256 * 1024
"""Bytes that are read of one configuration file to find hosts."""
LEVELS = 4
"""How deep configuration files include each other."""

OVER_SSH = 255
"""The exit code by which ssh says that it failed itself."""

# Over a plain connection a remote command goes on when its client is gone. This one has its end tied to it: our side of
# standard input stays open until we end, and whatever closes it, the process group of the session is ended there.
GUARD = """exec 3<&0 </dev/null
/bin/sh -c "$1" 3<&- & child=$!
{ trap "" TERM HUP; cat <&3; kill -TERM 0; sleep 1; kill -KILL 0; } >/dev/null 2>&1 & guard=$!
wait "$child"; code=$?
kill -KILL "$guard" 2>/dev/null
exit "$code"
"""

_ADVICE = (
    ("Host key verification failed", "log in once by hand to check its key, or allow new host keys"),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "its key is not the known one; find out why before you go on"),
    ("Permission denied", "nothing is asked here: load a key into the agent (ssh-add) or name an identity file"),
    ("Could not resolve hostname", "check the name, or add it to the ssh configuration"),
    ("Connection refused", "check the port, and that an ssh server runs there"),
    ("timed out", "check that the host is up and reachable, or give it more time to connect"),
)
_WORDS = re.compile(r'"([^"]*)"|(\S+)')


@executor_register()
class Ssh(ProgramTask):
    """Ends completed with exit code 0, else failed. The host's own settings come from the ssh configuration."""

    id = "ssh"
    name = "SSH command"
    description = "Runs a command on another machine by the system's ssh"
    tags = ("ssh", "network", "process")
    examples = (
        {"host": "example.com", "command": "uptime"},
        {"host": "web-1", "user": "deploy", "argv": ["systemctl", "status", "nginx"], "timeout": 60},
        {"host": "192.0.2.7", "port": 2222, "command": "df -h / | tail -1", "connect_timeout": 5},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "host": {
                "type": "string",
                "title": "Host",
                "description": "A name, an address or an alias of your ssh configuration",
                "pattern": f"^{HOST}$",
                "x-errorMessage": "must be a host's name or address, without a user and not beginning with -",
                "examples": ["example.com"],
            },
            "command": {
                "type": "string",
                "title": "Command",
                "description": "A line for the shell there; give this or a program, not both",
                "minLength": 1,
                "examples": ["uptime"],
            },
            "argv": {
                "type": "array",
                "title": "Program",
                "description": "A program and its arguments, quoted so that the shell there changes nothing in them",
                "items": {"type": "string"},
            },
            "user": {
                "type": "string",
                "title": "User",
                "description": "Who logs in; absent: as the ssh configuration says",
                "pattern": f"^{USER}$",
                "x-errorMessage": "must be a login name, not beginning with -",
                "maxLength": 64,
            },
            "port": {
                "type": "integer",
                "title": "Port",
                "description": "Absent: as the ssh configuration says, else 22",
                "minimum": 1,
                "maximum": 65_535,
            },
            "jump_host": {
                "type": "string",
                "title": "Jump host",
                "description": "The machine to go through, as user@host:port",
                "pattern": f"^({USER}@)?{HOST}$",
                "x-errorMessage": "must be like user@host:port",
            },
            "identity_file": {
                "type": "string",
                "title": "Identity file",
                "description": "The private key to log in with, and no other; absent: those of ssh",
                "format": "file-path",
                "minLength": 1,
            },
            "config_file": {
                "type": "string",
                "title": "Configuration",
                "description": "An ssh configuration to use instead of your own",
                "format": "file-path",
                "minLength": 1,
            },
            "new_host_keys": {
                "type": "string",
                "title": "New host keys",
                "description": "What to do with a host that was never seen; a changed key is always refused",
                "enum": ["refuse", "accept"],
                "default": "refuse",
            },
            "stdin": {
                "type": "string",
                "title": "Standard input",
                "description": "Text that the command reads; it is then not ended there when this task is",
                "contentMediaType": "text/plain",
            },
            "end_remote": {
                "type": "boolean",
                "title": "End it there too",
                "description": "A cancel ends the command on the other machine; needs /bin/sh there",
                "default": True,
            },
            "connect_timeout": {
                "type": "integer",
                "title": "Connect within",
                "description": "Seconds until the connection must stand",
                "minimum": 1,
                "maximum": 600,
                "default": 15,
            },
            "timeout": TIME_LIMIT,
        },
        "required": ["host"],
        "additionalProperties": False,
    }

    def get_input_schema(self) -> dict[str, Any]:
        """The schema with the hosts of the ssh configuration as proposals."""
        schema = super().get_input_schema()
        hosts = configured_hosts(Path("~/.ssh/config"))
        if not hosts:
            return schema
        properties = schema["properties"]
        return {**schema, "properties": {**properties, "host": {**properties["host"], "examples": hosts}}}

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"host", "exit_code", "stdout", "stderr", "truncated", "duration"}`, each text the last 128 KiB.

        Failures have `error_type` validation_error, not_found (no ssh), connect_error, exit_code, signal or
        timeout_error.
        """
        try:
            argv = _argv(inputs)
        except Refused as refusal:
            return refusal.result
        host, text, timeout = inputs["host"], inputs.get("stdin"), inputs.get("timeout")
        stdin = text or (None if _is_guarded(inputs) else "")
        self.log(f"ssh {host}: {_remote(inputs)}")
        try:
            ended = await self.run_program(argv, stdin=stdin, timeout=timeout)
        except FileNotFoundError:
            return failed("there is no ssh on the PATH; install the OpenSSH client", "not_found", "host")
        except (OSError, ValueError, RuntimeError) as error:
            return not_started("ssh", error, "command").result
        return {**_outcome(inputs, ended), "host": host}

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        told = {"exit_code": 0, "stdout": "", "stderr": "", "truncated": False, "duration": 0.0}
        return {"status": "completed", "demo": True, "host": inputs.get("host"), "would_run": _remote(inputs), **told}


def _argv(inputs: dict[str, Any]) -> list[str]:
    """The arguments of ssh. Raises `Refused` for what it would not take as what it is meant to be."""
    host, user, jump = inputs.get("host"), inputs.get("user"), inputs.get("jump_host")
    if not isinstance(host, str) or not re.fullmatch(HOST, host):
        raise Refused(f"{host!r:.80} is no host: a name or an address is needed, not beginning with -", "host")
    if user and not re.fullmatch(USER, user):
        raise Refused(f"{user!r:.80} is no login name", "user")
    if jump and not re.fullmatch(f"({USER}@)?{HOST}", jump):
        raise Refused(f"{jump!r:.80} is no host to go through; write it like user@host:port", "jump_host")
    if bool(inputs.get("command")) == bool(inputs.get("argv")):
        raise Refused("give either a command (a line for the shell there) or a program", "command")
    if "\0" in _remote(inputs):
        raise Refused("a command holds no NUL character", "argv" if inputs.get("argv") else "command")
    checking = "accept-new" if inputs.get("new_host_keys") == "accept" else "yes"
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": checking,
        "ConnectTimeout": str(inputs.get("connect_timeout", 15)),
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "3",
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
        "ControlMaster": "no",
    }
    argv = ["ssh", "-T", "-x", "-a"]
    for path, flag in ((_path(inputs, "config_file"), "-F"), (_path(inputs, "identity_file"), "-i")):
        argv += [flag, path] if path else []
    if inputs.get("identity_file"):
        options["IdentitiesOnly"] = "yes"
    for name, value in options.items():
        argv += ["-o", f"{name}={value}"]
    argv += ["-l", user] if user else []
    argv += ["-p", str(inputs["port"])] if inputs.get("port") else []
    argv += ["-J", jump] if jump else []
    line = _remote(inputs)
    if _is_guarded(inputs):
        line = f"exec /bin/sh -c {shlex.quote(GUARD)} taskdeck {shlex.quote(line)}"
    return [*argv, "--", host, line]


def _path(inputs: dict[str, Any], field: str) -> str | None:
    """An absolute path, in which ssh sees no `%` of its own; a file that is not there is refused, since ssh asks."""
    given = inputs.get(field)
    if not given:
        return None
    try:
        path = Path(given).expanduser().absolute()
        found = path.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise Refused(f"{given!r:.200} is no usable path: {error}", field) from error
    if not found:
        raise Refused(f"File not found: {given}", field, "not_found")
    return str(path).replace("%", "%%") if field == "identity_file" else str(path)


def _is_guarded(inputs: dict[str, Any]) -> bool:
    return bool(inputs.get("end_remote", True)) and not inputs.get("stdin")


def _remote(inputs: dict[str, Any]) -> str:
    """What the shell there is given."""
    return shlex.join(inputs["argv"]) if inputs.get("argv") else str(inputs.get("command") or "")


def _outcome(inputs: dict[str, Any], ended: Ended) -> dict[str, Any]:
    result = judged(ended, inputs.get("timeout"))
    if ended.reason in ("cancelled", "timeout") and ended.pid and not _is_guarded(inputs):
        words = "the connection was ended; the command may go on there"
        return {**result, "message" if ended.reason == "cancelled" else "note": words}
    if ended.code != OVER_SSH or ended.reason != "ended":
        return result
    advice = next((advice for words, advice in _ADVICE if words in ended.stderr), "")
    if not advice and not re.search(r"^(ssh|kex_exchange_identification|Connection|.*@.*): ?", ended.stderr, re.M):
        return result  # the command's own 255
    last = next((line.strip() for line in reversed(ended.stderr.splitlines()) if line.strip()), "it does not say why")
    words = f"ssh cannot reach {inputs['host']}: {last:.300}" + (f"; {advice}" if advice else "")
    return {**failed(words, "connect_error", "host"), **ended.told}


def configured_hosts(config: Path) -> list[str]:
    """The hosts that an ssh configuration names, without patterns, in its order; [] where it cannot be read."""
    hosts = dict.fromkeys(host for host in _hosts(config.expanduser(), LEVELS) if re.fullmatch(HOST, host))
    return list(hosts)[:500]


def _hosts(config: Path, levels: int) -> Iterator[str]:
    try:
        if not stat.S_ISREG(config.stat().st_mode):
            return
        with config.open("rb") as file:
            text = file.read(CONFIG_LIMIT).decode("utf-8", "replace")
    except (OSError, ValueError):
        return
    for line in text.splitlines():
        keyword, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        words = [quoted or plain for quoted, plain in _WORDS.findall(rest)]
        if keyword.lower() == "host":
            yield from words
        elif keyword.lower() == "include" and levels:
            for word in words:
                pattern = Path(word).expanduser()
                for name in sorted(glob(str(pattern if pattern.is_absolute() else Path("~/.ssh").expanduser() / word))):
                    yield from _hosts(Path(name), levels - 1)
