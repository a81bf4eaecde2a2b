"""Two runs side by side: what differs in inputs and results, and how long each task took in one and the other.

Pure, no Textual in here; the lines are drawn at whatever width there is. Texts are foreign, secrets are masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from engine.history import Run
from engine.secrets import MASK, mask
from engine.task import Task, TaskStatus
from tui.cells import fitted
from tui.forms import fields
from tui.forms.compare import Difference, differences
from tui.forms.instance import ABSENT, Path
from tui.text import safe_name, safe_text
from tui.wording import amount, at_time, duration, state_of

Line = tuple[str, str]
SIDE_BY_SIDE = 100
"""Cells from which two values stand beside each other."""
LONGEST = 2_000
"""Characters of a value that are shown."""
MOST = 1_000
"""Differences, and tasks, that are listed of each kind."""
ALIKE = 0.1
"""Timings that differ by less than this share, or by less than `ALIKE_SECONDS`, count as the same."""
ALIKE_SECONDS = 0.05
PATH = 40
NAMES = 6
"""Names on the way to a task that are written."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, with its root whole (inputs, result) and its tasks without results."""

    run: Run
    root: Task
    tasks: Sequence[Task]


@dataclass(frozen=True, slots=True)
class Timing:
    """A task in both runs, matched by the names on the way to it; None where one of them has none."""

    path: str
    left: Task | None
    right: Task | None

    @property
    def delta(self) -> float | None:
        """How many seconds longer it took on the right."""
        one, other = _seconds(self.left), _seconds(self.right)
        return None if one is None or other is None else other - one

    @property
    def is_notable(self) -> bool:
        """Whether its status differs, only one run has it, or it took clearly longer in one."""
        left, right = self.left, self.right
        if left is None or right is None or left.status is not right.status:
            return True
        one, other, delta = _seconds(left), _seconds(right), self.delta
        if one is None or other is None or delta is None:
            return one is not other
        if _error(left) != _error(right):
            return True
        return abs(delta) > max(ALIKE_SECONDS, ALIKE * max(one, other))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found; made beside the screen, since results may be large."""

    left: Side
    right: Side
    inputs: Sequence[tuple[Difference, Any]]
    """Differences with the present (right) value; `former` of each is the left one."""
    results: Sequence[tuple[Difference, Any]]
    timings: Sequence[Timing]
    schemas: Sequence[Any] = ()

    def swapped(self) -> Comparison:
        """The same with the runs on each other's side."""
        timings = [Timing(each.path, each.right, each.left) for each in self.timings]
        inputs, results = (_found(*pair) for pair in _values(self.right, self.left, self.schemas))
        return Comparison(self.right, self.left, inputs, results, timings, self.schemas)


def compare(left: Side, right: Side, schemas: Sequence[Any] = ()) -> Comparison:
    """Compare two runs; `schemas` are those of the roots' executors as they are now, for secrets marked since then."""
    inputs, results = (_found(*pair) for pair in _values(left, right, schemas))
    return Comparison(left, right, inputs, results, timings(left.tasks, right.tasks), schemas)


def _values(left: Side, right: Side, schemas: Sequence[Any]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The inputs and the results of both, secrets masked."""
    one, other = (_masked(side.root.inputs, schemas) for side in (left, right))
    return (one, other), (_result(left), _result(right))


def _result(side: Side) -> Any:
    """ABSENT where it came to none, which is not the result null."""
    return side.root.result if side.root.status is TaskStatus.COMPLETED else ABSENT


def _masked(inputs: Any, schemas: Sequence[Any]) -> Any:
    for schema in schemas:
        inputs = mask(schema, inputs)
    return inputs


def _found(left: Any, right: Any) -> list[tuple[Difference, Any]]:
    return [(each, _at(right, each.path)) for each in differences(right, left)]


def _at(value: Any, path: Path) -> Any:
    for step in path:
        is_there = step in value if isinstance(value, dict) else isinstance(value, list) and step in range(len(value))
        if not is_there:
            return ABSENT
        value = value[step]
    return value


def timings(left: Sequence[Task], right: Sequence[Task]) -> list[Timing]:
    """The tasks of both runs, matched; in the order of the left one, what only the right one has at the end."""
    ways = _Ways()
    one, other = ways.of(left), ways.of(right)
    found = [Timing(ways.words(way), task, other.get(way)) for way, task in one.items()]
    return [*found, *(Timing(ways.words(way), None, task) for way, task in other.items() if way not in one)]


class _Ways:
    """Numbers for the ways from a root to its tasks: the way to the parent, the name, which sibling of that name.

    Equal ways of both runs have one number, so that depth costs nothing.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str, int], int] = {}
        self._steps: list[tuple[int, str, int]] = []

    def of(self, tasks: Sequence[Task]) -> dict[int, Task]:
        """The tasks, parents first, by their ways. The root matches whatever it is called."""
        ways: dict[str, int] = {}
        seen: dict[tuple[int, str], int] = {}
        found: dict[int, Task] = {}
        for task in tasks:
            above = ways.get(task.parent_id or "", -1)
            name = task.name if task.id != task.run_id else ""
            place = seen[above, name] = seen.get((above, name), 0) + 1
            step = (above, name, place)
            way = self._numbers.setdefault(step, len(self._steps))
            if way == len(self._steps):
                self._steps.append(step)
            ways[task.id] = way
            found[way] = task
        return found

    def words(self, way: int) -> str:
        """The last names of a way; `(the run itself)` for the root."""
        names: list[str] = []
        while way >= 0 and len(names) <= NAMES:
            way, name, place = self._steps[way]
            if name:
                names.append(safe_text(name, limit=60) + (f" {place}" if place > 1 else ""))
        if len(names) > NAMES:
            names[NAMES:] = ["…"]
        return " / ".join(reversed(names)) or "(the run itself)"


def _seconds(task: Task | None) -> float | None:
    if task is None or task.started is None or task.completed is None:
        return None
    return task.completed - task.started


# ── as lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def lines(found: Comparison, width: int, now: Any, *, whole: bool) -> list[Line]:
    """All of it in `width` cells; `whole` lists the tasks that are alike too."""
    wide = width >= SIDE_BY_SIDE
    made = _heads(found, width, now, wide)
    for title, parts in (("Inputs", found.inputs), ("Result", found.results)):
        same = "none" if title == "Result" and _result(found.right) is ABSENT else "the same"
        made += [("", ""), (f"{title}: {amount(len(parts), 'difference') if parts else same}", "head")]
        for difference, value in parts[:MOST]:
            made += _difference(difference, value, width, wide)
        if len(parts) >= MOST:
            made.append(("… and more", "dim"))
    return [*made, ("", ""), *_timing_lines(found.timings, width, wide, whole=whole)]


def _heads(found: Comparison, width: int, now: Any, wide: bool) -> list[Line]:
    texts = [_head(side, now) for side in (found.left, found.right)]
    if wide:
        half = (width - 3) // 2
        return [(f"{fitted('A  ' + texts[0], half)} │ {fitted('B  ' + texts[1], half)}", "head")]
    return [(f"A  {texts[0]}", "head"), (f"B  {texts[1]}", "head")]


def _head(side: Side, now: Any) -> str:
    run = side.run
    took = duration((run.ended_at - run.began_at).total_seconds()) if run.ended_at and run.began_at else ""
    parts = (safe_name(side.root.name, limit=40), at_time(run.began_at or run.created_at, now), state_of(run.status))
    return "  ".join([*parts, took, safe_text(run.label, limit=30)]).rstrip()


_SIGNS: Mapping[str, str] = {"changed": "~", "added": "+", "gone": "-", "hidden": "~"}


def _difference(difference: Difference, value: Any, width: int, wide: bool) -> list[Line]:
    path = ".".join(safe_text(step, limit=PATH) for step in difference.path) or "(all of it)"
    former = difference.former
    left = "–" if former is ABSENT else _shown(former)
    right = "–" if value is ABSENT else _shown(value)
    if MASK in (former, value):
        left, right = (MASK if text not in ("–",) else text for text in (left, right))
    sign = _SIGNS[difference.kind]
    if wide:
        room = min(PATH, width // 4)
        half = (width - room - 8) // 2
    if wide and max(cell_len(path) - room, cell_len(left) - half, cell_len(right) - half) <= 0:
        return [(f" {sign} {fitted(path, room)}  {fitted(left, half)} │ {fitted(right, half)}", "warn")]
    made: list[Line] = [(f" {sign} {path}", "warn")]
    made += [(f"   - {left}", "bad")] if former is not ABSENT else []
    return [*made, *([(f"   + {right}", "good")] if value is not ABSENT else [])]


def _shown(value: Any) -> str:
    return safe_text(fields.brief(value, LONGEST), limit=LONGEST)


def _timing_lines(found: Sequence[Timing], width: int, wide: bool, *, whole: bool) -> list[Line]:
    shown = [each for each in found if whole or each.is_notable]
    hidden = len(found) - len(shown)
    said = f"Tasks: {len(found):,}" + (f", {hidden:,} alike are left out" if hidden else "")
    room = max(width - 46, 12)
    made: list[Line] = [(said, "head")]
    if shown:
        made.append((f"   {fitted('task', room)} {'A':>8} {'B':>8} {'B − A':>9} {'B/A':>6}", "dim"))
    made += [line for each in shown[:MOST] for line in _timing(each, room)]
    if len(shown) > MOST:
        made.append((f"… and {len(shown) - MOST:,} more", "dim"))
    return made


def _timing(timing: Timing, room: int) -> list[Line]:
    one, other, delta = _seconds(timing.left), _seconds(timing.right), timing.delta
    ratio = f"{other / one:.2f}" if one and other is not None and other / one < 1000 else ""
    sign = "" if delta is None else ("+" if delta >= 0 else "−") + duration(abs(delta))
    mark, role = _marks(timing)
    numbers = f"{duration(one) or '–':>8} {duration(other) or '–':>8} {sign:>9} {ratio:>6}"
    made = [(f" {mark} {fitted(timing.path, room)} {numbers}", role)]
    left, right = timing.left, timing.right
    if left is not None and right is not None and left.status is not right.status:
        made.append((f"     {state_of(left.status)} → {state_of(right.status)}", role))
    elif left is None or right is None:
        made.append((f"     only in {'B' if left is None else 'A'}", role))
    if left is not None and right is not None and _error(left) != _error(right):
        made += [(f"     {side}  {_error(task) or 'no error'}", role) for side, task in (("A", left), ("B", right))]
    return made


def _error(task: Task) -> str:
    """The first line of its error, and of which kind it is; "" without one."""
    first = (task.error or "").strip().split("\n")[0]
    return safe_text(f"{task.error_type}: {first}" if task.error_type and first else first, limit=LONGEST)


def _marks(timing: Timing) -> Line:
    """A sign and a role: worse, better or other on the right."""
    left, right, delta = timing.left, timing.right, timing.delta
    if left is None or right is None:
        return ("+" if left is None else "-"), "warn"
    if left.status is not right.status:
        return "!", "bad" if right.status is TaskStatus.FAILED else "warn"
    if not timing.is_notable or delta is None:
        return " ", ""
    return ("▲", "bad") if delta > 0 else ("▼", "good")
