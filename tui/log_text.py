"""How a line of a log is written out: its time, its task's name, its sign; headings of attempts. No Textual in here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from engine.events import LogLine
from tui.log_lines import HEAD, Block, Entry, Line, lines_of
from tui.sgr import visible
from tui.text import safe_text

Stamps = Literal["clock", "since", "off"]
STAMPS: tuple[Stamps, ...] = ("clock", "since", "off")
"""Local time, seconds since the start, nothing."""
STAMP_CELLS: dict[Stamps, int] = {"clock": 8, "since": 10, "off": 0}
SIGNS = {"stderr": "!", "engine": "·", "traceback": "✗"}
"""What tells the streams apart where there are no colours."""
ROLES = {"stderr": "warn", "engine": "dim", "traceback": "bad", HEAD: "head"}
NAME = 16
"""Cells of a task's name before its lines, where those of several tasks are mixed."""


def stamp(at: float, how: Stamps, since: float) -> str:
    """`14:02:11` or `+12.345` in `STAMP_CELLS` cells."""
    if how == "off":
        return ""
    if how == "clock":
        try:
            return datetime.fromtimestamp(at).strftime("%H:%M:%S")
        except (ValueError, OverflowError, OSError):  # an imported time that is none
            return "??:??:??"
    seconds = max(at - since, 0.0)
    if seconds < 1_000:
        text = f"+{seconds:.3f}"
    elif seconds < 360_000:
        whole = int(seconds)
        text = f"+{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    else:
        text = f"+{int(seconds / 86_400)} days"
    return f"{text[:10]:>10}"


def written(line: Line, how: Stamps, since: float, names: Mapping[str, str]) -> str:
    """A line as text for a file or the clipboard."""
    if line.stream == HEAD:
        return line.text
    parts = [stamp(line.at, how, since).strip(), safe_text(names[line.task_id]) if line.task_id in names else ""]
    return " ".join([*(part for part in parts if part), visible(line.text)])


def written_all(
    blocks: Sequence[Block], how: Stamps, since: float, names: Mapping[str, str], left_out: int = 0
) -> Iterator[str]:
    """Every line as text; for a thread."""
    if left_out:
        yield f"… {left_out:,} older lines are not here …"
    for block in blocks:
        for line in lines_of(block):
            yield written(line, how, since, names)


def heading(attempt: int, tries: int, at: float, task_id: str) -> Entry:
    """`── attempt 2 of 4 ──`, as a line of that attempt."""
    of = f" of {tries}" if attempt <= tries > 1 else ""
    return task_id, attempt, LogLine(at, HEAD, f"── attempt {attempt}{of} ──")


def headed(entries: Iterable[Entry], former: int, tries: int) -> Iterator[Entry]:
    """`entries` of one task, and before the first line of each attempt after `former` its number."""
    for entry in entries:
        task_id, attempt, line = entry
        if attempt > former:
            former = attempt
            yield heading(attempt, tries, line.at, task_id)
        yield entry
