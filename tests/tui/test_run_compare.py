"""Two runs beside each other: inputs, results, tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.history import Run, TaskCounts
from engine.task import Task, TaskStatus
from tui.run_compare import Side, compare, lines, timings

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def task(id: str, name: str, run: str, parent: str | None, took: float | None, status: str = "completed") -> Task:
    made = Task(id, name, run, parent, status=TaskStatus(status), created=NOON.timestamp())
    if took is not None:
        made.started, made.completed = NOON.timestamp(), NOON.timestamp() + took
    return made


def side(run: str, inputs: dict[str, Any], result: Any, *children: tuple[str, float | None, str]) -> Side:
    root = task(run, "deploy", run, None, 10.0)
    root.inputs, root.result = inputs, result
    tasks = [root, *(task(f"{run}.{at}", name, run, run, *rest) for at, (name, *rest) in enumerate(children))]
    made = Run(1, run, root, TaskStatus.COMPLETED, NOON, NOON + timedelta(seconds=10), TaskCounts(completed=1), "")
    return Side(made, root, tasks)


def text(left: Side, right: Side, width: int = 120, schema: Any = None, whole: bool = False) -> str:
    found = compare(left, right, [schema] if schema else [])
    return "\n".join(line for line, _ in lines(found, width, NOON, whole=whole))


@pytest.mark.parametrize("width", [120, 78, 40])
def test_what_differs_is_shown_with_both_values(width: int) -> None:
    left = side("a", {"site": "one", "n": 1, "old": True}, {"ok": 1})
    right = side("b", {"site": "two", "n": 1, "new": [1]}, {"ok": 1})
    said = text(left, right, width)
    assert "Inputs: 3 differences" in said and "Result: the same" in said
    assert all(each in said for each in ("site", "one", "two", "old", "true", "new", "[1]"))
    assert " n " not in said


def test_timings_are_matched_by_name_on_the_way() -> None:
    left = side("a", {}, None, ("build", 2.0, "completed"), ("push", 4.0, "completed"), ("push", 1.0, "completed"))
    right = side("b", {}, None, ("build", 2.0, "completed"), ("push", 8.0, "completed"), ("verify", 1.0, "failed"))
    said = text(left, right)
    assert "Tasks: 5, 2 alike are left out" in said
    (push,) = [line for line in said.split("\n") if line.startswith(" ▲ push ")]
    assert "4.0 s" in push and "8.0 s" in push and "+4.0 s" in push and "2.00" in push
    assert "only in A" in said and "only in B" in said
    assert "build" in text(left, right, whole=True) and "build" not in said


def test_another_status_is_said() -> None:
    left = side("a", {}, None, ("build", 2.0, "completed"))
    right = side("b", {}, None, ("build", 2.0, "failed"))
    assert "✔ done → ✗ failed" in text(left, right)


def test_secrets_stay_hidden_also_those_that_were_marked_later() -> None:
    left, right = side("a", {"pin": "1234"}, None), side("b", {"pin": "9876"}, None)
    schema = {"properties": {"pin": {"type": "string", "writeOnly": True}}}
    for said in (text(left, right, schema=schema), text(right, left, 70, schema=schema)):
        assert "1234" not in said and "9876" not in said
    masked, plain = side("a", {"token": "•••"}, None), side("b", {"token": "plain"}, None)
    assert "plain" not in text(masked, plain) and "plain" not in text(plain, masked)


def test_foreign_text_is_cleaned() -> None:
    left = side("a", {"x\x1b[2J": "\x1b]52;c;aGk=\x07"}, "[/red]\x9b1m", ("na\x1b[31mme", 1.0, "completed"))
    right = side("b", {"x\x1b[2J": "[bold]"}, None)
    for width in (120, 60):
        assert "\x1b" not in text(left, right, width, whole=True) and "\x9b" not in text(left, right, width)


def test_swapping_turns_everything_round() -> None:
    left, right = side("a", {"n": 1}, 1, ("x", 1.0, "completed")), side("b", {"n": 2}, 2, ("x", 5.0, "completed"))
    there = compare(left, right)
    back = there.swapped()
    assert lines(back, 120, NOON, whole=True) == lines(compare(right, left), 120, NOON, whole=True)


def test_deep_trees_are_matched_at_once() -> None:
    chains = []
    for run in ("a", "b"):
        chain = [task(run, "root", run, None, 1.0)]
        for at in range(20_000):
            chain.append(task(f"{run}{at}", "step", run, chain[-1].id, 1.0))
        chains.append(chain)
    found = timings(*chains)
    assert len(found) == 20_001 and all(each.right is not None for each in found)
    assert found[-1].path.startswith("… / step")


def test_errors_are_compared_and_no_result_is_not_null() -> None:
    left, right = side("a", {}, {"ok": 1}), side("b", {}, None)
    right.root.status, right.root.error, right.root.error_type = TaskStatus.FAILED, "refused\nby host7", "OSError"
    said = text(left, right)
    assert "A  no error" in said and "B  OSError: refused" in said and "host7" not in said
    assert "Result: 1 difference" in said and "null" not in said
    left.root.status, left.root.error = TaskStatus.FAILED, "timed out"
    said = text(left, right)
    assert "Result: none" in said and "A  timed out" in said


def test_values_that_are_too_long_to_stand_side_by_side_are_shown_whole() -> None:
    left, right = side("a", {"text": "x" * 90 + "one"}, 1), side("b", {"text": "x" * 90 + "two"}, 1)
    said = text(left, right)
    assert "xone" in said and "xtwo" in said
