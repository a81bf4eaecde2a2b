"""python: what the function returns, raises, prints; a process of it really ends."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from executors.python import Python
from tests.executors.trial import Trial, alive, problems, until

RUN_IN = pytest.mark.parametrize("run_in", ["process", "thread"])


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    source = """
        import os, subprocess, sys, time
        class Kind:
            @staticmethod
            def double(x): return x * 2
        number = 7
        def told():
            print("to the log")
            print("warned", file=sys.stderr)
            return {"cwd": os.getcwd(), "env": os.environ.get("MINE")}
        async def later(x): return [x]
        def wrong(): raise LookupError("no such thing")
        def leave(): sys.exit(3)
        def crash(): os.abort()
        def hard(): os._exit(4)
        def odd(): return {1, 2}
        def nan(): return float("nan")
        def sleeps(path):
            child = subprocess.Popen(["sleep", "300"])
            with open(path, "w") as file: file.write(f"{os.getpid()} {child.pid}")
            time.sleep(300)
    """
    (tmp_path / "tools_of_test.py").write_text(textwrap.dedent(source))
    (tmp_path / "broken_of_test.py").write_text("import no_such_module_at_all\n")
    return tmp_path


def call(folder: Path, name: str, **inputs: Any) -> Trial:
    return Trial(Python, function=f"tools_of_test:{name}", folder=str(folder), **inputs)


@RUN_IN
async def test_arguments_and_result(run_in: str) -> None:
    result = await Trial(Python, function="math:gcd", args=[12, 18], run_in=run_in).result()
    assert (result["status"], result["result"]) == ("completed", 6)
    named = Trial(Python, function="json:dumps", args=[{"a": "'; rm"}], kwargs={"indent": 1}, run_in=run_in)
    assert (await named.result())["result"] == '{\n "a": "\'; rm"\n}'
    assert (await Trial(Python, function="os.path:basename", args=["a/b"], run_in=run_in).result())["result"] == "b"


async def test_folder_environment_and_log(tools: Path) -> None:
    trial = call(tools, "told", env={"MINE": "x"})
    assert (await trial.result())["result"] == {"cwd": str(tools), "env": "x"}
    assert sorted(trial.lines) == ["to the log", "warned"]
    assert (await call(tools, "later", args=[1]).result())["result"] == [1]
    assert (await call(tools, "Kind.double", args=[2]).result())["result"] == 4


async def test_what_it_raises_is_the_failure(tools: Path) -> None:
    trial = call(tools, "wrong")
    result = await trial.result()
    assert (result["error"], result["error_type"]) == ("no such thing", "LookupError")
    assert any("Traceback" in line for line in trial.lines)
    with pytest.raises(ZeroDivisionError):
        await Trial(Python, function="operator:truediv", args=[1, 0], run_in="thread").result()


@pytest.mark.parametrize(
    ("name", "error_type"),
    [
        *(
            ("leave", "SystemExit"),
            ("crash", "signal"),
            ("hard", "exit_code"),
            ("odd", "not_json"),
            ("nan", "not_json"),
        ),
        *(("nothing", "not_found"), ("number", "not_found")),
    ],
)
async def test_odd_ends(tools: Path, name: str, error_type: str) -> None:
    result = await call(tools, name).result()
    assert (result["status"], result["error_type"]) == ("failed", error_type)


@RUN_IN
@pytest.mark.parametrize("function", ["no_such_module_at_all:f", "math:no_such", "math:pi"])
async def test_what_is_not_there(run_in: str, function: str) -> None:
    result = await Trial(Python, function=function, run_in=run_in).result()
    assert (result["error_type"], result["field"]) == ("not_found", "function")


async def test_a_module_that_cannot_be_imported_says_what_is_missing(tools: Path) -> None:
    result = await Trial(Python, function="broken_of_test:f", folder=str(tools)).result()
    assert "no_such_module_at_all" in result["error"]


async def test_a_cancel_ends_the_process_and_its_children(tools: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    trial = call(tools, "sleeps", args=[str(pids)])
    task = trial.start()
    await trial.until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    await trial.cancel()
    assert (await task)["status"] == "cancelled"
    for pid in map(int, pids.read_text().split()):
        await until(lambda pid=pid: not alive(pid))  # type: ignore[misc]


async def test_a_timeout_ends_it(tools: Path, tmp_path: Path) -> None:
    result = await call(tools, "sleeps", args=[str(tmp_path / "pids")], timeout=1.5).result()
    assert result["error_type"] == "timeout_error"


async def test_a_thread_is_left_and_that_is_said() -> None:
    trial = Trial(Python, function="time:sleep", args=[3], run_in="thread")
    task = trial.start()
    await trial.until(lambda: bool(trial.executor._wakes))  # type: ignore[attr-defined]
    await trial.cancel()
    result = await task
    assert result["status"] == "cancelled" and "goes on" in result["message"]
    limited = await Trial(Python, function="time:sleep", args=[3], run_in="thread", timeout=0.2).result()
    assert limited["error_type"] == "timeout_error"


@pytest.mark.parametrize(
    "function", ["math", "math:", ":gcd", "a b:c", "os:system('x')", "a;b:c", "../a:b", "a\n:b", "-c:d"]
)
def test_what_is_no_reference_is_refused(function: str) -> None:
    assert problems(Python, function=function)


async def test_a_thread_takes_no_folder(tools: Path) -> None:
    assert problems(Python, function="math:gcd", run_in="thread", folder=str(tools))
    lost = await Trial(Python, function="math:gcd", folder="/no/such").result()
    assert (lost["error_type"], lost["field"]) == ("not_found", "folder")
