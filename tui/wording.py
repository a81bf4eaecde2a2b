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
_SKIPPED = ("»", "skipped", "warn")
_WAITING: dict[str, tuple[str, str, str]] = {
    "blocked": ("○", "blocked", "bad"),
    "needs": ("○", "no secrets", "bad"),
    "paused": ("‖", "paused", "warn"),
    "retry": ("↻", "retry", "warn"),
    "waits:": ("○", "waiting", "warn"),
    "waits": ("?", "to answer", "live"),
}
"""How a pending task is shown, by the first word of what keeps it from running; other words stand for themselves."""
NEEDS_SECRETS = "needs its secrets"
"""How the reason begins that a task gives whose secrets were lost with their process (8.6)."""
BAR = 5
"""Cells of the progress bar in a row."""


def state(task: Task, waiting: str = "") -> tuple[str, str, str]:
    """Glyph, word and role of `task`; `waiting` is what keeps a pending one from running (2.3)."""
    if task.is_interrupted:
        return "✗", "interrupted", "bad"
    if task.status is TaskStatus.PENDING and waiting:
        word = waiting.split()[0]
        return _WAITING.get(word, ("○", word, "dim"))
    if task.skipped and task.status is TaskStatus.COMPLETED:
        return _SKIPPED
    return _STATES[task.status]


def word_of(status: TaskStatus) -> str:
    """The word for a status."""
    return _STATES[status][1]


def state_of(status: TaskStatus) -> str:
    """Glyph and word of a status."""
    glyph, word, _ = _STATES[status]
    return f"{glyph} {word}"


def attempt(task: Task, tries: int) -> str:
    """`attempt 2 of 4`, by the attempts that its retries allow; reruns may go beyond, then only `attempt 5`."""
    return f"attempt {task.attempt} of {tries}" if task.attempt <= tries > 1 else f"attempt {task.attempt}"


def is_counting_down(task: Task) -> bool:
    """Whether it waits for its next attempt, so that the words of what it waits for change each second."""
    return task.status is TaskStatus.PENDING and task.not_before is not None and bool(task.attempt) and not task.hold


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
    """Seconds that the latest attempt took or has been taking at `now`; None before it started, or where nobody knows.

    Of an interrupted task the end is not known: it is stored when the next console finds it (7.2).
    """
    if task.started_at is None or task.is_interrupted:
        return None
    return ((task.completed_at or now) - task.started_at).total_seconds()


def moment(at: datetime | None) -> str:
    """Local date and time to the second; a dash where there is none."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def at_time(at: datetime, today: datetime) -> str:
    """Local time to the minute, with the date where it was not on the day of `today`."""
    local = at.astimezone()
    return local.strftime("%H:%M" if local.date() == today.astimezone().date() else "%Y-%m-%d %H:%M")


def amount(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_PLACES = {
    "catalogue": "In the catalogue",
    "runs": "In the runs",
    "detail": "In the detail",
    "app": "In every pane",
    "launch": "In the launch dialog",
    "compare": "In the comparison of two runs",
    "stats": "In the statistics",
    "answer": "In the form of an answer",
    "schedules": "In the schedules",
    "compose": "Where a tree is composed",
    "fill": "In the form of a draft's task, beside those of the launch dialog",
}


def scope_title(scope: str) -> str:
    """Where the keys of a scope work: `In every pane`."""
    return _PLACES.get(scope, f"In the {scope}")
