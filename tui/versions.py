"""How the versions of executors are told apart on the screen: `v3f9a`, and whether that is the current one. Pure."""

from __future__ import annotations

from engine.task import Task, TaskStatus
from tui.text import safe_text

SHOWN = 4
"""Characters of a version that are shown; more where two would look alike."""
ABSENT = "not in the catalogue"


def short(version: str, beside: str = "") -> str:
    """`v3f9a`; longer where `beside`, another version, begins the same."""
    cells = SHOWN
    while version != beside and cells < len(version) and version[:cells] == beside[:cells]:
        cells += 1
    return f"v{safe_text(version[:cells])}"


def running_note(task: Task, current: str | None) -> str:
    """`running v3f9a, current v81be` while a task runs another version than its executor's `current` one, else "".

    `current` is None where the executor is not in the catalogue, "" where its version is not known.
    """
    version = task.executor_version
    if task.status is not TaskStatus.IN_PROGRESS or not version or current in ("", version):
        return ""
    if current is None:
        return f"running {short(version)}, {ABSENT}"
    return f"running {short(version, current)}, current {short(current, version)}"


def standing(version: str, current: str | None) -> str:
    """`v3f9a, current`, or what is current instead."""
    if not version:
        return ""
    if current is None:
        return f"{short(version)}, {ABSENT}"
    if current in ("", version):
        return f"{short(version)}, current" if current else short(version)
    return f"{short(version, current)}, not current"
