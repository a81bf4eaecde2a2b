"""What stands against a launch, each at the place to mend it (forms.md 1.5, 2.4).

The instance is checked as it stands, without defaults: what was loaded and lacks something says so, even where the
engine would mend it, for nothing is sent that was not shown. A form that began empty shows its defaults as ghosts in
the place of what is missing; there, and only there, a required field that the engine will fill is no problem. So each
valid instance has none, and each invalid one has; the engine's own defaults never make a valid one invalid
(`Checker.with_defaults`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.schema import MASK, Checker, SchemaProblem, mask
from tui.forms import instance, payload, strict_json
from tui.forms.instance import ABSENT, Path
from tui.forms.nodes import Node
from tui.forms.rows import Row
from tui.forms.view import View

CHECK_SECONDS = 0.2
"""The longest that all checks after one key may hold the form up, by the processor's clock, so that a busy machine
refuses nothing; what is not checked by then is a problem."""
LEAST_SECONDS = 0.02
"""What each check has all the same, so that small ones are not refused on a busy machine."""
UNCHECKED = "unchecked"
"""The kind of a problem that says that the check did not come to its end: nobody knows whether the input holds."""
PENDING = "pending"
"""The kind of the one that says that the check waits for a pause in the typing, or is under way."""
STEERED = 50
"""Unions whose problems are told by their chosen branch."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, at the place to mend it; `text` is one line and may quote foreign text.

    `kind` is the checker's ("required", "type", ...); "required" is what is still to fill.
    """

    path: Path
    text: str
    kind: str = ""


class Clock:
    """The time that is left to the checks of one form; without `seconds` each takes what it needs."""

    def __init__(self, seconds: float | None = CHECK_SECONDS) -> None:
        self._ends = None if seconds is None else time.thread_time() + seconds

    @property
    def left(self) -> float | None:
        return None if self._ends is None else max(self._ends - time.thread_time(), LEAST_SECONDS)

    @property
    def is_over(self) -> bool:
        return self._ends is not None and time.thread_time() > self._ends


def of_instance(
    view: View, schema: Any, value: Any, checker: Checker, *, began_empty: bool, seconds: float | None = CHECK_SECONDS
) -> list[Problem]:
    """The problems of the data itself; the first of a path is the one to tell. `seconds` is None beside the loop."""
    marks, clock = view.marks, Clock(seconds)
    found = [Problem(path, _unread(text)) for path, text in marks.texts.items()]
    found += [Problem(path, "is not kept; type it again") for path in _lost_secrets(schema, value)]
    found += [Problem(path, f"the name {key!r} is taken") for path, key in marks.names.items()]
    found += [Problem(path, "needs a name", "required") for path in marks.unnamed]
    found += [Problem(path, "is required", "required") for path in marks.blanks]
    if value is ABSENT:
        empty = checker.schema is False
        return [
            *found,
            Problem((), "no value is allowed here" if empty else "is required", "" if empty else "required"),
        ]
    found += [Problem(path, text) for path, text in strict_json.unsendable(value)]
    checked = strict_json.plain(_checked(view, schema, value))
    told = checker.problems(checked, seconds=clock.left)
    if told and began_empty:
        told = _without_ghosts(told, checker, checked)
    if told:
        told = _steered(view, schema, value, checked, told, checker, clock)
    found += [Problem(problem.path, problem.text, _owed(problem, value)) for problem in told]
    return found


def _owed(problem: SchemaProblem, value: Any) -> str:
    """The kind of the problem: what must hold something and is still empty is to be filled, not wrong."""
    is_empty = problem.kind in ("minItems", "minProperties") and instance.get(value, problem.path) in ([], {})
    return "required" if is_empty else problem.kind


def in_order(found: Sequence[Problem], rows: Sequence[Row]) -> list[Problem]:
    """One problem a path, in the order of the rows."""
    first: dict[Path, Problem] = {}
    for problem in found:
        first.setdefault(problem.path, problem)
    if len(first) < 2:
        return list(first.values())
    places: dict[Path, int] = {}
    for at, row in enumerate(rows):
        places.setdefault(row.path, at)
    return sorted(first.values(), key=lambda problem: _place(problem.path, places))


def _place(path: Path, places: Mapping[Path, int]) -> float:
    """Where a problem stands among the rows: at its row, else at the nearest parent's."""
    for end in range(len(path), -1, -1):
        if path[:end] in places:
            return places[path[:end]] + (len(path) - end) / 1000
    return -1


def _checked(view: View, schema: Any, value: Any) -> Any:
    try:
        return payload.as_checked(view, schema, value)
    except RecursionError:  # the checker says that it is nested too deep
        return value


def _without_ghosts(told: list[SchemaProblem], checker: Checker, checked: Any) -> list[SchemaProblem]:
    """Without what the engine fills from defaults that the form shows."""
    if not any(problem.kind == "required" for problem in told):
        return told
    filled = checker.with_defaults(checked)
    return [problem for problem in told if problem.kind != "required" or instance.get(filled, problem.path) is ABSENT]


def _unread(text: str) -> str:
    try:
        strict_json.parse(text)
    except strict_json.JsonError as error:
        return str(error)
    return "is not taken yet"


def _lost_secrets(schema: Any, value: Any) -> list[Path]:
    """Where only the mask of a secret is left."""
    masked = payload.leaves(value, MASK) if isinstance(value, dict | list | str) else []
    return [path for path in masked if instance.get(mask(schema, instance.put(value, path, "?" * 8)), path) == MASK]


# -- unions: only the chosen branch speaks ---------------------------------------------------------------------------


def _steered(
    view: View, schema: Any, value: Any, checked: Any, told: list[SchemaProblem], checker: Checker, clock: Clock
) -> list[SchemaProblem]:
    """`told`, in which each union with a branch is told by that branch (forms.md 1.4)."""
    done: set[Path] = set()
    for _ in range(STEERED):
        union = next(
            (
                (path, node)
                for problem in told
                for path, node in _unions(view, schema, value, problem.path)
                if path not in done
            ),
            None,
        )
        if union is None or clock.is_over:
            break
        path, node = union
        done.add(path)
        here = instance.get(value, path), instance.get(checked, path)
        told = _by_branch(view, path, node, *here, told, checker, clock)
    return told


def _unions(view: View, schema: Any, value: Any, path: Path) -> Iterator[tuple[Path, Node]]:
    """The unions with a branch on the way to `path`, the outermost first."""
    for end in range(len(path) + 1):
        node = view.node(schema, path[end - 1] if end else "", value)
        if node.kind == "union" and view.branch(path[:end], node, value) is not None:
            yield path[:end], node
        if end == len(path):
            return
        inner = view.inner(path[:end], node, value)
        schema = view.resolver.child(inner, path[end])
        value = instance.step(value, path[end])
        if value is ABSENT:
            return


def _by_branch(
    view: View,
    path: Path,
    node: Node,
    value: Any,
    checked: Any,
    told: list[SchemaProblem],
    checker: Checker,
    clock: Clock,
) -> list[SchemaProblem]:
    at = view.branch(path, node, value)
    if at is None or checked is ABSENT:
        return told
    own: list[SchemaProblem] = []
    for part in reversed(node.branches[at].parts):  # the innermost knows best
        own = [
            SchemaProblem((*path, *problem.path), problem.text, problem.kind)
            for problem in checker.part_problems(part, checked, seconds=clock.left)
        ]
        if own:
            break
    if not own:
        return told
    depth, named = len(path), node.schema.get("properties")
    beside = named if isinstance(named, Mapping) else {}
    known = {problem.path for problem in own}
    kept = [
        problem
        for problem in told
        if problem.path[:depth] != path
        or (len(problem.path) > depth and problem.path[depth] in beside and problem.path not in known)
    ]
    return kept + own
