"""How states, times and amounts are written; every state has a glyph and a word, so that no colour is needed."""

from __future__ import annotations

from datetime import datetime

from engine.task import Task, TaskStatus

_STATES: dict[TaskStatus, tuple[str, str, str]] = {
    TaskStatus.PENDING: ("○", "pending", "dim"),
    TaskStatus.IN_PROGRESS: ("◐", "running", "live"),
    TaskStatus.COMPLETED: ("✔", "done", "good"),
    TaskStatus.FAILED: ("✗", "failed", "bad"),
    TaskStatus.CANCELLED: ("⊘", "cancelled", "warn"),
}
BAR = 5
"""Cells of the progress bar in a row."""


def state(task: Task, waiting: str = "") -> tuple[str, str, str]:
    """Glyph, word and role of `task`; `waiting` is what keeps a pending one from running (2.3)."""
    if task.is_interrupted:
        return "✗", "interrupted", "bad"
    if task.status is TaskStatus.PENDING and waiting:
        word = waiting.split()[0]
        return ("○", word, "bad" if word == "blocked" else "dim")
    return _STATES[task.status]


def bar(fraction: float, cells: int = BAR) -> str:
    """`███░░` for 0.6."""
    full = round(max(0.0, min(fraction, 1.0)) * cells)
    return "█" * full + "░" * (cells - full)


def duration(seconds: float | None) -> str:
    """Short and of at most 7 cells: `12 ms`, `4.2 s`, `59 s`, `3:07`, `1:02:59`, `3 days`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    if whole < 86_400:
        return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 86_400} days" if whole >= 172_800 else "1 day"


def running_for(task: Task, now: datetime) -> float | None:
    """Seconds that the latest attempt took or has been taking at `now`; None before it started."""
    if task.started_at is None:
        return None
    return ((task.completed_at or now) - task.started_at).total_seconds()


def moment(at: datetime | None) -> str:
    """Local date and time to the second; a dash where there is none."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def amount(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
