"""`taskdeck plan`: what a launch would do, without doing it (behaviour.md 8.5)."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from tui.commands.entries import checked, find_entry, finder, problems_of
from tui.commands.exits import FINE, PROBLEMS, count
from tui.commands.folders import folders_of, require
from tui.commands.given_inputs import read_inputs, with_keys
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import ExecutorSpec, FlowSpec, Plan, Planned, Settings, TaskTreeNode

SHOWN = 100
"""Characters of a task's inputs that a line shows; `--json` has all."""


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Exit code 1 where something would not run. No store is opened, nothing is written."""
    from engine import Loader
    from engine.plan import plan

    require(options.executors)
    given = read_inputs(options.inputs_file, streams)
    loader = Loader(folders_of(options.executors, settings), import_limit=settings.import_limit)
    catalogue = loader.reconcile() or loader.catalogue
    spec = find_entry(catalogue, options.id)
    inputs = with_keys(given, options.inputs, spec)
    wrong = problems_of(catalogue, spec)
    is_flow = spec.id not in catalogue.executors or catalogue.executors[spec.id] is not spec
    if is_flow and not wrong:
        wrong = [f"{spec.id}: {problem}" for problem in checked(spec, inputs)]
    made = plan(_tree(spec, inputs).tasks(), finder(catalogue), lambda task: task.inputs, lambda _: None)
    problems = [{"task": None, "text": text, "hint": ""} for text in wrong]
    if not wrong:
        problems += [{"task": each.task_id, "text": each.text, "hint": each.hint} for each in made.problems]
    if options.json:
        levels = [[_as_data(each) for each in level] for level in made.levels]
        streams.say(json.dumps({"id": spec.id, "levels": levels, "problems": problems}))
    else:
        _tell(made, streams)
        for problem in problems:
            streams.say(f"✗ {problem['text']}" + (f". {problem['hint']}" if problem["hint"] else ""))
    tasks = sum(not each.is_group for level in made.levels for each in level)
    streams.note(f"{count(tasks, 'task')} in {count(_depth(made), 'level')}, {count(len(problems), 'problem')}")
    return PROBLEMS if problems else FINE


def _tree(spec: ExecutorSpec | FlowSpec, inputs: dict[str, Any]) -> TaskTreeNode:
    from engine import ExecutorSpec, TaskTreeNode
    from engine.flow_tree import flow_tree
    from engine.making import make_task

    if isinstance(spec, ExecutorSpec):
        return TaskTreeNode(make_task(spec.id, inputs=inputs))
    return flow_tree(spec, spec.checker.with_defaults(inputs))


def _depth(made: Plan) -> int:
    return sum(any(not each.is_group for each in level) for level in made.levels)


def _tell(made: Plan, streams: Streams) -> None:
    for number, level in enumerate(made.levels):
        tasks = [each for each in level if not each.is_group]
        if not tasks:
            continue
        streams.say(f"level {number}")
        width = min(max(len(_called(each)) for each in tasks), 30)
        for each in sorted(tasks, key=lambda one: one.order):
            said = json.dumps(each.inputs, ensure_ascii=False) if each.inputs else ""
            if each.when == "open":
                said = f"(if {each.task.params['when']}) {said}"
            elif each.when:
                said = f"skipped: {each.when}"
            streams.say(f"  {_called(each):{width}}  {each.executor_id}  {safe_text(said, limit=SHOWN)}".rstrip())


def _called(each: Planned) -> str:
    return safe_text(each.task.params.get("flow_id") or each.task.name, limit=30)


def _as_data(each: Planned) -> dict[str, Any]:
    return {
        "id": each.task.id,
        "id_in_flow": each.task.params.get("flow_id"),
        "name": each.task.name,
        "executor": each.executor_id,
        "version": each.executor_version,
        "group": each.is_group,
        "order": each.order,
        "waits_for": list(each.waits_for),
        "when": each.when,
        "inputs": each.inputs,
        "open_inputs": list(each.open_inputs),
    }
