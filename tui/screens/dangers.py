"""What is dangerous among tasks that would run: it is named, with its exact inputs, before it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.schema import SchemaError, compile
from tui.forms.preview import Line, preview_lines

if TYPE_CHECKING:
    from engine.catalogue import Catalogue
    from engine.flow import FlowSpec
    from engine.task import Task

MOST_LINES = 400
"""Lines of the inputs of one task that a page shows."""


@dataclass(frozen=True, slots=True)
class Danger:
    """A dangerous executor that would run: its id, the task, the payload as lines. Foreign text."""

    executor_id: str
    task: str
    lines: Sequence[Line]


def dangers_of(catalogue: Catalogue, tasks: Iterable[Task]) -> list[Danger]:
    """Those of `tasks` whose executor is dangerous, in their order; secrets masked."""
    found = []
    for task in tasks:
        spec = catalogue.get(task.executor_id)
        if spec is not None and spec.is_dangerous:
            lines = preview_lines(spec.schema, task.inputs, _payload(spec.schema, task.inputs))[:MOST_LINES]
            if task.dependencies:
                lines.append(("with the results of what it depends on added", "dim"))
            found.append(Danger(spec.id, task.name, lines))
    return found


def dangers_in_flow(catalogue: Catalogue, flow: FlowSpec) -> list[Danger]:
    """Those of a flow's tasks whose executor is dangerous, with their inputs as the file has them."""
    if not any((spec := catalogue.get(each)) is not None and spec.is_dangerous for each in flow.executors):
        return []
    from engine.flow_tree import flow_tree

    return dangers_of(catalogue, flow_tree(flow, {}).tasks())


def _payload(schema: Any, inputs: dict[str, Any]) -> Any:
    """What execute gets of `inputs`: the defaults filled."""
    try:
        return compile(schema).with_defaults(inputs)
    except SchemaError:
        return inputs


def words_of(dangers: Sequence[Danger]) -> list[str]:
    """The ids, each once."""
    return list(dict.fromkeys(danger.executor_id for danger in dangers))


def danger_lines(dangers: Sequence[Danger]) -> list[Line]:
    """Each task with what goes to it; the name stands above where there is more than one."""
    lines: list[Line] = []
    for danger in dangers:
        if len(dangers) > 1 or danger.task:
            named = f"{danger.task} · {danger.executor_id}" if danger.task else danger.executor_id
            lines += [("", ""), (named, "head")] if lines else [(named, "head")]
        lines += danger.lines
    return lines
