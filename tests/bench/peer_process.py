"""A peer's virtual environment, and its script run in it."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import tempfile
import venv
from pathlib import Path
from typing import Any

from tests.bench.child import ROOT, Unmeasured

CACHE = ROOT / ".bench"
"""Virtual environments, made once; delete the folder to make them anew."""
INSTALL_SECONDS = 300.0
RUN_SECONDS = 60.0
"""A peer's script is ended then; the figures that it had printed count."""


def environment(package: str, pins: list[str]) -> Path:
    """The Python of the peer's environment, made where it is missing. Raises `Unmeasured` where it cannot be."""
    folder = CACHE / package
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == pins:
        return python
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins]
    try:
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Unmeasured(f"could not be installed: not done after {INSTALL_SECONDS:.0f} s") from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unmeasured(f"could not be installed: no virtual environment ({error})") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines() or ["?"]
        raise Unmeasured(f"could not be installed: {said[-1].removeprefix('ERROR: ')}")
    stamp.write_text("\n".join(pins), encoding="utf-8")
    return python


def run_script(python: Path, script: Path, arguments: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    """Figures by label, from the script's results file or else its output; and why the file is missing, or ""."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        variables = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        # some scripts change into a folder that they remove, so the place of the results must be absolute
        variables |= {"RESULTS": str(Path(folder, "results")), "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        with Path(folder, "output").open("w+", encoding="utf-8") as output:
            process = subprocess.Popen(
                [str(python), str(script), *arguments],
                cwd=folder, env=variables, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            trouble = ""
            try:
                if process.wait(RUN_SECONDS):
                    trouble = f"its script ended with {process.returncode}"
            except subprocess.TimeoutExpired:
                trouble = f"not finished after {RUN_SECONDS:.0f} s"
            _end(process)
            output.seek(0)
            printed = output.read()
        results = list(Path(folder, "results").glob("*.json"))
        if results:
            return dict(json.loads(results[0].read_text(encoding="utf-8"))["res"]), ""
    return printed_figures(printed), trouble


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what the script started as well (a server, workers): its whole session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def printed_figures(printed: str) -> dict[str, Any]:
    """The lines "label {figures}" of a script's output."""
    found = {}
    for line in printed.splitlines():
        if match := re.fullmatch(r"(.+?) (\{'.*\})", line):
            try:
                found[match[1]] = ast.literal_eval(match[2])
            except (SyntaxError, ValueError):
                continue
    return found
