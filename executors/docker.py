"""Runs a command in a container by the system's docker; the container is gone afterwards, however it ends."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from engine import executor_register
from executors.child import Ended, ProgramTask, judged, last_words, not_started
from executors.refused import Refused, failed

IMAGE = r"[A-Za-z0-9][A-Za-z0-9._:/@-]*"
WORD = r"[A-Za-z0-9][A-Za-z0-9_.:-]*"
VARIABLE = r"[^=\u0000\s]+"

STOP_SECONDS = 1
"""What a container gets to end by itself on a cancel; below the engine's grace of 2 s (5.1)."""
REMOVE_SECONDS = 10
"""How long a removal may take before it is told as not done."""

_LAYER = re.compile(r"([0-9a-f]{6,64}): (.+)")
_OURS = re.compile(r"DOCKER_|BUILDKIT_|XDG_|LD_|SSH_|DYLD_|(PATH|HOME|TMPDIR)$|.*_proxy$", re.IGNORECASE)
"""Variables that the docker command itself reads: these are not passed by its own environment."""


class Pulling:
    """Reads what `docker pull` prints: one line for each step of each layer."""

    def __init__(self) -> None:
        self._layers: dict[str, float] = {}

    def feed(self, text: str) -> float | None:
        """The share of the layers that are there (0..1), when `text` says something about it."""
        before = len(self._layers), sum(self._layers.values())
        for layer, said in _LAYER.findall(text):
            done = 1.0 if said.startswith(("Pull complete", "Already exists")) else 0.0
            half = 0.5 if said.startswith(("Download complete", "Extracting")) else 0.0
            self._layers[layer] = max(self._layers.get(layer, 0.0), done, half)
        if (len(self._layers), sum(self._layers.values())) == before:
            return None
        return sum(self._layers.values()) / len(self._layers)


@executor_register()
class Docker(ProgramTask):
    """Ends completed with the container's exit code 0, else failed."""

    id = "docker"
    name = "Docker run"
    description = "Runs an image by the system's docker and removes the container afterwards"
    tags = ("docker", "container", "process")
    examples = (
        {"image": "alpine:3", "command": ["echo", "hello"]},
        {"image": "python:3.12-slim", "command": ["python", "-c", "print(6*7)"], "network": "none", "memory": "256m"},
        {
            "image": "alpine:3",
            "command": ["ls", "-l", "/data"],
            "mounts": [{"source": "~/data", "target": "/data"}],
            "pull": "always",
        },
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "image": {
                "type": "string",
                "title": "Image",
                "description": "An image's name, with a tag or digest",
                "pattern": f"^{IMAGE}$",
                "x-errorMessage": "must be an image's name, like alpine:3",
                "examples": ["alpine:3", "python:3.12-slim"],
            },
            "command": {
                "type": "array",
                "title": "Command",
                "description": "The program in the container and its arguments; absent: the image's own",
                "items": {"type": "string"},
            },
            "entrypoint": {
                "type": "string",
                "title": "Entry point",
                "description": "A program to run instead of the image's entry point",
                "minLength": 1,
            },
            "env": {
                "type": "object",
                "title": "Environment",
                "description": "Variables set in the container",
                "propertyNames": {"pattern": f"^{VARIABLE}$"},
                "additionalProperties": {"type": "string"},
            },
            "mounts": {
                "type": "array",
                "title": "Mounts",
                "description": "Files and folders of this machine that the container sees",
                "items": {
                    "type": "object",
                    "properties": {
                        "source": {
                            "type": "string",
                            "title": "Source",
                            "description": "The file or folder on this machine; it must be there",
                            "format": "path",
                            "minLength": 1,
                        },
                        "target": {
                            "type": "string",
                            "title": "Target",
                            "description": "Its place in the container",
                            "pattern": "^/",
                            "x-errorMessage": "must begin with /",
                        },
                        "writable": {
                            "type": "boolean",
                            "title": "Writable",
                            "description": "Whether the container may change it",
                            "default": False,
                        },
                    },
                    "required": ["source", "target"],
                    "additionalProperties": False,
                },
                "maxItems": 50,
            },
            "workdir": {
                "type": "string",
                "title": "Folder",
                "description": "Where it runs in the container; absent: as the image says",
                "pattern": "^/",
                "x-errorMessage": "must begin with /",
            },
            "user": {
                "type": "string",
                "title": "User",
                "description": "Who it runs as there, as name or uid:gid; absent: as the image says",
                "pattern": f"^{WORD}$",
                "x-errorMessage": "must be a name or uid:gid",
            },
            "network": {
                "type": "string",
                "title": "Network",
                "description": "bridge, none, host or a network's name",
                "pattern": f"^{WORD}$",
                "x-errorMessage": "must be a network's name",
                "default": "bridge",
                "examples": ["bridge", "none", "host"],
            },
            "memory": {
                "type": "string",
                "title": "Memory",
                "description": "The most that it may use; absent: no limit",
                "pattern": "^[1-9][0-9]*[bkmg]?$",
                "x-errorMessage": "must be a size like 512m or 2g",
                "examples": ["256m", "1g"],
            },
            "cpus": {
                "type": "number",
                "title": "Processors",
                "description": "How many it may use; absent: no limit",
                "exclusiveMinimum": 0,
                "maximum": 1024,
            },
            "pull": {
                "type": "string",
                "title": "Pull",
                "description": "When the image is fetched: where it is missing, always, or never",
                "enum": ["missing", "always", "never"],
                "default": "missing",
            },
            "stdin": {
                "type": "string",
                "title": "Standard input",
                "description": "Text that it reads; absent: nothing",
                "contentMediaType": "text/plain",
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds until it is ended, without the pull; absent: no limit",
                "exclusiveMinimum": 0,
                "maximum": 604_800,
            },
        },
        "required": ["image"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"image", "container", "exit_code", "stdout", "stderr", "truncated", "duration"}`.

        Each text is the last 128 KiB. Failures have `error_type` validation_error, not_found (no docker, no such
        image), docker_error (its service does not answer), exit_code, signal or timeout_error.
        """
        name = f"taskdeck-{os.urandom(6).hex()}"
        try:
            argv, env = _run_argv(inputs, name)
            stopped = await self._fetch(inputs)
            if stopped is not None:
                return judged(stopped, None)
            result = await self._run(inputs, name, argv, env)
        except Refused as refusal:
            return refusal.result
        except FileNotFoundError:
            return failed("there is no docker on the PATH; install Docker or its command", "not_found", "image")
        except (OSError, ValueError, RuntimeError) as error:
            return not_started("docker", error, "image").result
        return {**result, "image": inputs["image"], "container": name}

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        told = {"exit_code": 0, "stdout": "", "stderr": "", "truncated": False, "duration": 0.0}
        return {"status": "completed", "demo": True, "image": inputs.get("image"), "container": "", **told}

    async def _fetch(self, inputs: dict[str, Any]) -> Ended | None:
        """See to it that the image is here; gives how it ended when a cancel came first. Raises `Refused`."""
        image, when = inputs["image"], inputs.get("pull", "missing")
        if when == "never":
            return None
        if when == "missing":
            look = ["docker", "image", "inspect", "--format", "{{.Id}}", image]
            looked = await self.run_program(look, log=lambda text: None)
            if looked.reason == "cancelled":
                return looked
            if looked.code == 0:
                return None
            _refuse_dead_service(looked)
        self.report_progress(0.0, f"pulling {image}")
        pulling = Pulling()

        def log(text: str) -> None:
            self.log(text)
            share = pulling.feed(text)
            if share is not None:
                self.report_progress(share / 2, f"pulling {image}")

        pulled = await self.run_program(["docker", "pull", image], log=log)
        if pulled.reason == "cancelled":
            return pulled
        if pulled.code != 0:
            _refuse_dead_service(pulled)
            words = f"cannot pull {image}{_said(pulled)}; check its name, and log in by `docker login`"
            raise Refused(words, "image", "not_found")
        return None

    async def _run(self, inputs: dict[str, Any], name: str, argv: list[str], env: dict[str, str]) -> dict[str, Any]:
        timeout = inputs.get("timeout")
        self.report_progress(0.5, f"running {inputs['image']}")
        ended = None
        try:
            ended = await self.run_program(
                argv, env=env, stdin=inputs.get("stdin") or "", timeout=timeout, before_stop=lambda: _stop(name)
            )
        finally:
            if ended is None or ended.reason != "ended":
                gone = await _remove(name)
        if ended.reason == "ended":
            if ended.code == 125:  # docker's own failure, not the container's
                _refuse_dead_service(ended)
                raise Refused(f"docker cannot run it{_said(ended)}", "image", "docker_error")
            return judged(ended, timeout)
        result = judged(ended, timeout)
        if not ended.pid:
            return result
        words = (
            "the container is removed" if gone else f"the container {name} could not be removed: docker rm -f {name}"
        )
        self.log(words)
        return {**result, "message": f"{ended.reason}; {words}"}


def _said(ended: Ended) -> str:
    """Its last words, without the advice that it ends with."""
    advice = ("Run 'docker", "See 'docker", "For more help")
    return last_words("\n".join(line for line in ended.stderr.splitlines() if not line.startswith(advice)))


def _refuse_dead_service(ended: Ended) -> None:
    if "daemon" in ended.stderr and re.search(r"[Cc]annot connect|permission denied|Is the docker", ended.stderr):
        words = f"docker does not answer{_said(ended)}; start its service, or join the group docker"
        raise Refused(words, "image", "docker_error")


def _run_argv(inputs: dict[str, Any], name: str) -> tuple[list[str], dict[str, str]]:
    """(the arguments of docker, its environment): values of variables are kept out of the list of processes."""
    _check(inputs)
    argv = ["docker", "run", "--rm", "--init", "--pull=never", f"--name={name}", "--label=taskdeck"]
    argv += ["--interactive"] if inputs.get("stdin") else []
    for field in ("entrypoint", "workdir", "user", "network", "memory", "cpus"):
        if inputs.get(field):
            argv.append(f"--{field}={inputs[field]}")
    env = {}
    for variable, value in (inputs.get("env") or {}).items():
        if _OURS.match(variable):
            argv.append(f"--env={variable}={value}")
        else:
            argv.append(f"--env={variable}")
            env[variable] = value
    argv += [f"--mount={mount}" for mount in _mounts(inputs)]
    return [*argv, "--", inputs["image"], *(inputs.get("command") or [])], env


def _check(inputs: dict[str, Any]) -> None:
    if not isinstance(inputs.get("image"), str) or not re.fullmatch(IMAGE, inputs["image"]):
        raise Refused(f"{inputs.get('image')!r:.80} is no image's name", "image")
    for field in ("user", "network"):
        if inputs.get(field) and not re.fullmatch(WORD, inputs[field]):
            raise Refused(f"{inputs[field]!r:.80} is not usable here", field)
    for variable, value in (inputs.get("env") or {}).items():
        if not re.fullmatch(VARIABLE, variable) or "\0" in value:
            raise Refused(f"{variable!r:.80} cannot be set: a variable's name has no = and no space", "env")
    if any("\0" in word for word in inputs.get("command") or []):
        raise Refused("a command holds no NUL character", "command")


def _mounts(inputs: dict[str, Any]) -> Iterator[str]:
    """Each mount as docker reads it: fields parted by commas, quoted as in CSV."""
    for mount in inputs.get("mounts") or []:
        try:
            source = Path(mount["source"]).expanduser().absolute()
            found = source.exists()
        except (OSError, ValueError, RuntimeError) as error:
            raise Refused(f"{mount['source']!r:.200} is no usable path: {error}", "mounts") from error
        if not found:
            raise Refused(f"File not found: {mount['source']}", "mounts", "not_found")
        fields = ["type=bind", f"source={source}", f"target={mount['target']}"]
        fields += [] if mount.get("writable") else ["readonly"]
        yield ",".join('"' + field.replace('"', '""') + '"' for field in fields)


async def _stop(name: str) -> bool:
    return await _docker("stop", "-t", str(STOP_SECONDS), name)


async def _remove(name: str) -> bool:
    """True when the container is gone; it may have gone by itself, which docker counts as a failure to remove."""
    removal = asyncio.ensure_future(_docker("rm", "--force", name))
    try:
        return await asyncio.shield(removal)
    except asyncio.CancelledError:  # given up on by the engine: the container must go all the same
        await asyncio.wait({removal}, timeout=REMOVE_SECONDS)
        raise


async def _docker(*arguments: str) -> bool:
    def run() -> bool:
        try:
            done = subprocess.run(
                ["docker", *arguments], capture_output=True, stdin=subprocess.DEVNULL, timeout=REMOVE_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 or b"no such container" in done.stderr.lower()

    return await asyncio.to_thread(run)
