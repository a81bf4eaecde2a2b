"""Some rounds of kill -9 at random moments; `make crash` runs two hundred of each kind (behaviour.md 7.2)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "rounds"), [("engines", 20), ("consoles", 3)])
def test_7_2_nothing_is_lost_and_nothing_runs_twice_over_kills(kind: str, rounds: int) -> None:
    # a process of its own: the rounds fork, and pytest's has threads
    command = [sys.executable, "-m", "tests.crash.rounds", "--kind", kind, "--rounds", str(rounds)]
    command += ["--seed", "11", "--most", "120"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost, nothing twice" in done.stdout
