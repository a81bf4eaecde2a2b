"""What a command says of a run while it goes on, and of its end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.commands.exits import CANCELLED, FINE, PROBLEMS
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Event, Task, TaskStatus

CODES: Mapping[str, int] = {"completed": FINE, "failed": PROBLEMS, "cancelled": CANCELLED}


class Watch:
    """Tells what happens to the tasks of a run on stderr: a line for each begin, end and log line.

    On a terminal the progress passes below them. `quiet` tells nothing.
    """

    def __init__(self, streams: Streams, *, quiet: bool) -> None:
        self._streams = streams
        self._quiet = quiet
        self.run_id: str | None = None
        self._early: list[Event] = []

    def hear(self, event: Event) -> None:
        """A subscriber of the engine's bus; what comes before `run_id` is known is told with it."""
        if event.kind == "notice":
            self._streams.note(safe_text(str(event.data)))
        if self._quiet or event.task is None:
            return
        if self.run_id is None:
            self._early.append(event)
        elif event.task.run_id == self.run_id:
            self._tell(event)

    def follow(self, run_id: str) -> None:
        self.run_id = run_id
        early, self._early = self._early, []
        for event in early:
            self.hear(event)

    def _tell(self, event: Event) -> None:
        task = event.task
        assert task is not None
        name = safe_text(task.name, limit=60)
        if event.kind == "log":
            self._streams.note(f"{name} | {safe_text(event.data.text)}")
        elif event.kind == "started":
            self._streams.passing(f"{name} runs")
        elif event.kind == "progress":
            self._streams.passing(f"{name} {task.progress:.0%} {task.progress_message}")
        elif event.kind == "retrying":
            self._streams.note(f"{name} is tried again in {event.data:.3g} s: {safe_text(task.error or '')}")
        elif event.kind == "asked":
            self._streams.note(f"{name} waits for an answer: taskdeck answer {task.id[:8]}")
        elif event.kind == "finished":
            why = f": {safe_text(task.error, limit=300)}" if task.error else ""
            if task.skipped:
                self._streams.note(f"{name} skipped: {safe_text(task.progress_message, limit=300)}")
            else:
                self._streams.note(f"{name} {task.status}{why}")


def as_data(task: Task, status: TaskStatus | str | None = None) -> dict[str, Any]:
    """A task as `--json` prints it; `status` is that of its tree where it is a run."""
    return {
        "id": task.id,
        "run_id": task.run_id,
        "name": task.name,
        "executor": task.executor_id,
        "status": str(status or task.status),
        "skipped": task.skipped,
        "progress": task.progress,
        "attempt": task.attempt,
        "created_at": _stamp(task.created_at),
        "started_at": _stamp(task.started_at),
        "completed_at": _stamp(task.completed_at),
        "user": task.user_id,
        "inputs": task.effective_inputs or task.inputs,
        "result": task.result,
        "error": task.error,
        "error_type": task.error_type,
    }


def _stamp(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None


def say_result(
    task: Task, status: TaskStatus | str, streams: Streams, *, as_json: bool, parts: Sequence[Task] = ()
) -> int:
    """Print the outcome of a run's root; the exit code that tells it.

    `parts` are the tasks of a flow: what each returned stands under its id, since the flow itself returns nothing;
    the first that failed says why it did.
    """
    broken = next((part for part in parts if part.status == "failed" and part.error), None)
    if as_json:
        data = as_data(task, status)
        if broken is not None and task.error is None:
            data |= {"error": f"{_called(broken)}: {broken.error}", "error_type": broken.error_type}
        if parts:
            data["tasks"] = [{**as_data(part), "id_in_flow": _called(part)} for part in parts]
        streams.say(json.dumps(data))
        return CODES.get(str(status), PROBLEMS)
    result = {_called(part): part.result for part in parts if part.result is not None} if parts else task.result
    if broken is not None:
        streams.note(f"{safe_text(_called(broken), limit=60)} failed: {safe_text(broken.error or '', limit=300)}")
    if result or (result is not None and not parts):
        text = result if isinstance(result, str) else json.dumps(result, indent=2, ensure_ascii=False)
        for line in text.splitlines():
            streams.say(line)
    return CODES.get(str(status), PROBLEMS)


def _called(part: Task) -> str:
    return str(part.params.get("flow_id") or part.name)
