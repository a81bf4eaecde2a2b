"""docker: against a command that behaves as docker does, and against the real one where its service runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from executors.docker import Docker, Pulling
from tests.executors.trial import Trial, alive, problems, until

FAKE = Path(__file__).with_name("fake_docker.py")


class Service:
    """The state of the pretended docker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "containers").mkdir(parents=True)
        (folder / "images").write_text("alpine:3\n")

    @property
    def calls(self) -> list[list[str]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def verbs(self) -> list[str]:
        return [call[0] for call in self.calls]

    @property
    def containers(self) -> list[str]:
        return [entry.name for entry in (self.folder / "containers").iterdir()]


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    script = bin_folder / "docker"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_DOCKER", str(tmp_path / "state"))
    return Service(tmp_path / "state")


async def test_a_container_runs_and_is_gone(service: Service) -> None:
    trial = Trial(Docker, image="alpine:3", command=["sh", "-c", "echo out; echo err >&2; exit 4"])
    result = await trial.result()
    assert (result["exit_code"], result["stdout"], result["stderr"]) == (4, "out\n", "err\n")
    assert (result["status"], result["error_type"], result["image"]) == ("failed", "exit_code", "alpine:3")
    assert service.verbs == ["image", "run"] and not service.containers
    assert "--rm" in service.calls[1] and "out" in trial.lines


async def test_arguments_reach_it_as_they_are(service: Service) -> None:
    hostile = ["a b", "'", '"', "$HOME", "; rm -rf /", "--privileged", "two\nlines", ""]
    result = await Trial(Docker, image="alpine:3", command=["printf", "%s|", *hostile]).result()
    assert result["stdout"] == "|".join(hostile) + "|"


async def test_environment_input_and_limits(service: Service) -> None:
    result = await Trial(
        Docker,
        image="alpine:3",
        command=["sh", "-c", 'echo "$TOKEN_A|$HTTP_PROXY"; cat'],
        env={"TOKEN_A": "s3cret value", "HTTP_PROXY": "http://p"},
        stdin="given\n",
        memory="256m",
        cpus=0.5,
        network="none",
        user="1000:1000",
        workdir="/w",
    ).result()
    assert result["stdout"] == "s3cret value|http://p\ngiven\n"
    options = service.calls[-1]
    assert {"--memory=256m", "--cpus=0.5", "--network=none", "--user=1000:1000", "--workdir=/w"} <= set(options)
    assert not any("s3cret" in option for option in options)  # the list of processes shows arguments to everyone


async def test_mounts_are_read_as_one_path_each(service: Service, tmp_path: Path) -> None:
    source = tmp_path / 'a,readonly=false,"b'
    source.mkdir()
    mounts = [{"source": str(source), "target": "/data,x"}]
    result = await Trial(Docker, image="alpine:3", command=["sh", "-c", 'echo "$MOUNT"'], mounts=mounts).result()
    assert json.loads(result["stdout"]) == ["type=bind", f"source={source}", "target=/data,x", "readonly"]


async def test_a_missing_image_is_pulled_and_its_progress_shows(service: Service) -> None:
    trial = Trial(Docker, image="new:1", command=["true"])
    assert (await trial.result())["status"] == "completed"
    assert service.verbs == ["image", "pull", "run"]
    shares = [fraction for fraction, message in trial.progress if message == "pulling new:1"]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 0.5 and len(set(shares)) > 2


@pytest.mark.parametrize(("pull", "verbs"), [("always", ["pull", "run"]), ("never", ["run"])])
async def test_pull_policies(service: Service, pull: str, verbs: list[str]) -> None:
    await Trial(Docker, image="alpine:3", command=["true"], pull=pull).result()
    assert service.verbs == verbs


async def test_an_image_that_is_nowhere(service: Service) -> None:
    result = await Trial(Docker, image="missing:1").result()
    assert (result["error_type"], result["field"]) == ("not_found", "image") and "docker login" in result["error"]
    never = await Trial(Docker, image="absent:1", command=["true"], pull="never").result()
    assert never["error_type"] == "docker_error" and "No such image" in never["error"]


async def test_a_cancel_stops_and_removes_the_container(service: Service, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    line = f"trap '' TERM; echo $$ >{pids}; while :; do sleep 0.1; done"
    trial = Trial(Docker, image="alpine:3", command=["sh", "-c", line])
    task = trial.start()
    await trial.until(lambda: pids.exists() and pids.read_text().strip() != "")
    pid = int(pids.read_text())
    await trial.cancel()
    result = await task
    assert result["status"] == "cancelled" and "removed" in result["message"]
    assert service.verbs[-2:] == ["stop", "rm"] and not service.containers
    await until(lambda: not alive(pid))


async def test_given_up_on_it_is_removed_all_the_same(service: Service, tmp_path: Path) -> None:
    """What the engine does after its grace: the asyncio task is cancelled."""
    pids = tmp_path / "pids"
    trial = Trial(Docker, image="alpine:3", command=["sh", "-c", f"trap '' TERM; echo $$ >{pids}; sleep 300"])
    task = trial.start()
    await trial.until(lambda: pids.exists() and pids.read_text().strip() != "")
    task.cancel()
    await until(task.done)
    assert service.verbs[-1] == "rm" and not service.containers
    await until(lambda: not alive(int(pids.read_text())))


async def test_a_cancel_during_the_pull_runs_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PULL", "20")
    trial = Trial(Docker, image="new:1", command=["true"])
    task = trial.start()
    await trial.until(lambda: "pull" in service.verbs)
    await trial.cancel()
    assert (await task)["status"] == "cancelled"
    assert "run" not in service.verbs


async def test_a_timeout_removes_it_too(service: Service) -> None:
    result = await Trial(Docker, image="alpine:3", command=["sleep", "300"], timeout=0.5).result()
    assert result["error_type"] == "timeout_error" and not service.containers


async def test_a_service_that_does_not_run(service: Service) -> None:
    (service.folder / "dead").touch()
    for pull in ("missing", "always", "never"):
        result = await Trial(Docker, image="alpine:3", pull=pull).result()
        assert result["error_type"] == "docker_error" and "start its service" in result["error"]
        assert "Cannot connect" in result["error"]


async def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await Trial(Docker, image="alpine:3").result()
    assert result["error_type"] == "not_found" and "PATH" in result["error"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("image", bad) for bad in ("--privileged", "a b", "a;b", "a\n", "$(id)", "")),
        *(("user", bad) for bad in ("-x", "a b")),
        *(("network", bad) for bad in ("--x", "a,b")),
        *(("env", bad) for bad in ({"a b": "x"}, {"": "x"}, {"A=B": "x"})),
    ],
)
async def test_hostile_inputs_are_refused(service: Service, field: str, value: Any) -> None:
    inputs = {"image": "alpine:3", "command": ["true"], field: value}
    assert problems(Docker, **inputs)
    result = await Trial(Docker, checked=False, **inputs).result()
    assert (result["error_type"], result["field"]) == ("validation_error", field)
    assert service.calls == []


async def test_a_mount_that_is_not_there(service: Service) -> None:
    result = await Trial(Docker, image="alpine:3", mounts=[{"source": "/no/such", "target": "/x"}]).result()
    assert (result["error_type"], result["field"]) == ("not_found", "mounts") and service.calls == []


def test_pulling_counts_layers() -> None:
    pulling = Pulling()
    assert pulling.feed("latest: Pulling from library/alpine") is None
    assert pulling.feed("0123456789ab: Already exists\nba9876543210: Pulling fs layer") == 0.5
    assert pulling.feed("ba9876543210: Download complete") == 0.75
    assert pulling.feed("ba9876543210: Verifying Checksum") is None


def _real() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return subprocess.run([docker, "image", "inspect", "alpine:3"], capture_output=True, timeout=20).returncode == 0


@pytest.mark.skipif(not _real(), reason="needs docker's service with the image alpine:3")
async def test_the_real_docker() -> None:
    result = await Trial(Docker, image="alpine:3", command=["echo", "hello"], pull="never").result()
    assert result["stdout"] == "hello\n"
