"""What `taskdeck test` says about its runs, as lines while they end or as JSON when all have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tui.commands.streams import Streams
from tui.commands.trial import Trial
from tui.text import safe_text

SHORT = 200
"""Characters shown of a result or of inputs."""
LOG_LINES = 40
"""Lines shown of the log of a run that failed; JSON has all."""
INDENT = " " * 10
UNTOLD = ("failed", "cancelled")
"""Kinds of error that say no more than the verdict."""


class Report:
    """Tells of each trial once; `trials` are all that were told."""

    def __init__(self, executor_id: str, streams: Streams, *, as_json: bool) -> None:
        self.trials: list[Trial] = []
        self._executor_id = executor_id
        self._streams = streams
        self._as_json = as_json

    @property
    def completed(self) -> int:
        return sum(trial.is_fine for trial in self.trials)

    def add(self, trial: Trial) -> None:
        self.trials.append(trial)
        if not self._as_json:
            self._tell(trial)

    def end(self) -> None:
        """The JSON, where that is wanted, then the summary on stderr."""
        if self._as_json:
            self._streams.say(json.dumps([self._as_data(trial) for trial in self.trials]))
        self._streams.note(f"{self._executor_id}: {self.completed} of {len(self.trials)} completed")

    def _tell(self, trial: Trial) -> None:
        say = self._streams.say
        verdict = "ok" if trial.is_fine else trial.status
        attempts = f" in {trial.attempts} attempts" if trial.attempts > 1 else ""
        kind = f"{trial.error_type}: " if trial.error_type and trial.error_type not in UNTOLD else ""
        words = _short(trial.result) if trial.is_fine else f"{kind}{trial.error}"
        say(f"{verdict:9} {trial.label}  {trial.seconds:.2f} s{attempts}  {words}")
        for warning in trial.warnings:
            say(INDENT + warning)
        if trial.is_fine:
            return
        if trial.inputs:
            say(f"{INDENT}inputs: {_short(trial.inputs)}")
        if len(trial.log) > LOG_LINES:
            say(f"{INDENT}… {len(trial.log) - LOG_LINES} lines before these")
        for line in trial.log[-LOG_LINES:]:
            say(INDENT + line)

    def _as_data(self, trial: Trial) -> dict[str, Any]:
        return {
            "executor": self._executor_id,
            "example": trial.number,
            "status": trial.status,
            "seconds": round(trial.seconds, 3),
            "attempts": trial.attempts,
            "inputs": trial.inputs,
            "result": trial.result,
            "error": trial.error,
            "error_type": trial.error_type,
            "warnings": trial.warnings,
            "log": trial.log,
        }


def _short(value: Any) -> str:
    """A value on one line, without the `status` that says nothing new (4.4)."""
    if isinstance(value, Mapping) and value.get("status") == "completed":
        value = {key: inner for key, inner in value.items() if key != "status"}
    return safe_text(json.dumps(value, ensure_ascii=False), limit=SHORT)
