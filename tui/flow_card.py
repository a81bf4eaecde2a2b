"""The card of a flow in the catalogue: its form, its tasks, its source. Lines may be foreign, like those of `cards`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.catalogue import Problem
from engine.flow import FlowSpec
from tui import cards
from tui.cards import Line
from tui.text import safe_text
from tui.wording import amount

SHOWN = 200
"""Tasks, and lines of the source, that the card shows."""


def flow_card(spec: FlowSpec, problems: Iterable[Problem] = ()) -> list[Line]:
    """What it is and takes, as for an executor; then which tasks it runs, and its file."""
    own = [problem for problem in problems if problem.executor_id != spec.id or not spec.schema_problem]
    return [
        (f"flow of {amount(len(spec.entries), 'task')}", "live"),
        *cards.executor(spec, own),
        ("", ""),
        ("tasks", "head"),
        *_cut(list(_tasks(spec)), "task"),
        ("", ""),
        ("source", "head"),
        *_cut([(line, "") for line in _source(spec)], "line"),
    ]


def _tasks(spec: FlowSpec) -> Iterator[Line]:
    names = [str(each.id or each.name) for each in spec.entries]
    width = min(max(map(len, names)), 24)
    depths: list[int] = []
    for each in spec.entries:
        depth, up = 0, each.up
        while up is not None and depth < 8:
            depth, up = depth + 1, spec.entries[up].up
        depths.append(depth)
    for each, name, depth in zip(spec.entries, names, depths, strict=True):
        executor = str(each.params.get("executor_id") or each.given.get("schemas", {}).get("method") or "")
        needs = ", ".join(names[at] for at, _, _ in each.edges)
        after = f"after {needs}" if needs else ""
        when = f"when {each.given['when']}" if each.given.get("when") is not None else ""
        said = "  ".join(part for part in (executor, after, when) if part)
        yield f" {'  ' * depth}{safe_text(name, limit=60):<{width}}  {safe_text(said, limit=200)}".rstrip(), ""


def _source(spec: FlowSpec) -> Iterator[str]:
    text = spec.content.decode("utf-8", "replace").rstrip("\n")
    return (f"{number:>4} │ {line}" for number, line in enumerate(text.split("\n"), 1))


def _cut(lines: list[Line], noun: str) -> list[Line]:
    more = len(lines) - SHOWN
    return lines if more <= 0 else [*lines[:SHOWN], (f"… {amount(more, noun)} more", "dim")]
