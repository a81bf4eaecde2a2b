"""Measurements in processes of their own, so that memory and garbage of one do not slow another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.load import CeilingLoad, Load, Measured, Memory

ROOT = Path(__file__).parents[2]
LIMIT = 300.0
"""Seconds after which a measurement is given up."""


class Unmeasured(Exception):
    """A measuring process failed; the message is its last line."""


def measure(load: Load | CeilingLoad) -> Measured:
    """Run `load` in a fresh process. Raises `Unmeasured` with the reason where it ends badly."""
    command = [sys.executable, "-m", "tests.bench.one", *load.arguments()]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise Unmeasured(f"not done after {LIMIT:.0f} s") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines()
        raise Unmeasured(said[-1] if said else f"exit {done.returncode} without a word")
    told = json.loads(lines[-1])
    if told["memory"] is not None:
        told["memory"] = Memory(**told["memory"])
    return Measured(**told)
