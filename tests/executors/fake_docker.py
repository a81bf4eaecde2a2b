"""A `docker` that behaves as the real one towards its caller, with folders for images and containers.

Run as the command itself: `python fake_docker.py run ...`. FAKE_DOCKER names the folder of its state: `images` (one a
line), `calls` (a JSON list of arguments a line), `containers/NAME` (the process id), `dead` (its service is not there).
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STATE = Path(os.environ["FAKE_DOCKER"])


def main(arguments: list[str]) -> int:
    with (STATE / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    if (STATE / "dead").exists():
        print(
            "docker: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", file=sys.stderr
        )
        print("\nRun 'docker run --help' for more information", file=sys.stderr)
        return 125 if arguments[0] == "run" else 1
    verb, *rest = arguments
    if verb == "image":
        return 0 if rest[-1] in (STATE / "images").read_text().split() else 1
    return {"pull": pull, "run": run, "stop": stop, "rm": remove}[verb](rest)


def pull(rest: list[str]) -> int:
    image = rest[-1]
    if "missing" in image:
        print(f"Error response from daemon: pull access denied for {image}", file=sys.stderr)
        return 1
    print(f"Pulling from {image}", flush=True)
    for layer in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        print(f"{layer}: Pulling fs layer", flush=True)
    for layer in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        for said in ("Download complete", "Pull complete"):
            print(f"{layer}: {said}", flush=True)
            time.sleep(float(os.environ.get("FAKE_PULL", "0.02")))
    with (STATE / "images").open("a") as images:
        images.write(f"{image}\n")
    return 0


def run(rest: list[str]) -> int:
    """The container is a process in a session of its own, as one of the service's children is."""
    at = rest.index("--")
    options, (image, *command) = rest[:at], rest[at + 1 :]
    name = next(o.partition("=")[2] for o in options if o.startswith("--name="))
    if image not in (STATE / "images").read_text().split():
        print(f"docker: Error response from daemon: No such image: {image}\n", file=sys.stderr)
        print("Run 'docker run --help' for more information", file=sys.stderr)
        return 125
    env = {}
    for option in options:
        if option.startswith("--env="):
            variable, has_value, value = option.removeprefix("--env=").partition("=")
            env[variable] = value if has_value else os.environ[variable]
        if option.startswith("--mount="):
            (fields,) = csv.reader([option.removeprefix("--mount=")])
            env["MOUNT"] = json.dumps(fields)
    stdin = None if "--interactive" in options else subprocess.DEVNULL
    container = STATE / "containers" / name
    held = ["/bin/sh", "-c", 'until [ -s "$0" ]; do sleep 0.01; done; exec "$@"', str(container), *command]
    child = subprocess.Popen(held, env={"PATH": os.environ["PATH"], **env}, stdin=stdin, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: _kill(child.pid, signal.SIGTERM))
    container.write_text(str(child.pid))  # known to the service before it begins, as a real one is
    code = child.wait()
    container.unlink(missing_ok=True)
    return code if code >= 0 else 128 - code


def stop(rest: list[str]) -> int:
    pid = _pid(rest[-1])
    if pid is None:
        return 1
    _kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + float(rest[rest.index("-t") + 1])
    while time.monotonic() < deadline and (STATE / "containers" / rest[-1]).exists():
        time.sleep(0.02)
    _kill(pid, signal.SIGKILL)
    return 0


def remove(rest: list[str]) -> int:
    pid = _pid(rest[-1])
    if pid is None:
        return 1
    _kill(pid, signal.SIGKILL)
    (STATE / "containers" / rest[-1]).unlink(missing_ok=True)
    return 0


def _pid(name: str) -> int | None:
    try:
        return int((STATE / "containers" / name).read_text())
    except (FileNotFoundError, ValueError):
        print(f"Error response from daemon: No such container: {name}", file=sys.stderr)
        return None


def _kill(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
