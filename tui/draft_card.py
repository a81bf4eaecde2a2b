"""What is said of a draft beside its tree: one task, the flow, the planned levels. Lines may be foreign. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from rich.cells import cell_len

from engine import json_data
from engine.catalogue import Catalogue
from engine.flow import FlowProblem
from tui.draft import Draft, Item, Need
from tui.draft_check import Findings, Slot
from tui.forms.options import NORMAL, PRIORITIES
from tui.text import safe_text
from tui.wording import amount

Line = tuple[str, str]
WIDTH = 12
LONGEST = 300
MOST = 100
"""Inputs of a task that are listed."""
HANDLED = ("id", "name", "executor", "inputs", "when", "priority")


def need_text(draft: Draft, need: Need) -> str:
    """A dependency in a few words."""
    target = draft.item(need.to)
    named = target.title if target is not None else f"{json_data.encode(need.written)}?"
    return named if need.required else f"{named} (optional)"


def task_lines(draft: Draft, item: Item, findings: Findings, catalogue: Catalogue) -> list[Line]:
    """One task: its problems first, then all that its entry says."""
    spec = catalogue.get(item.runs)
    children = draft.children(item.key)
    is_group = spec is None and bool(children) and not item.executor
    what = "nothing itself: it is a group" if is_group else item.runs
    lines = [*_problem_lines(findings.problems.get(item.key, ()))]
    if spec is not None and spec.is_dangerous:
        lines.append(("! dangerous: its launch asks for its name", "warn"))
    about = f"  {spec.name}" if spec is not None and spec.name != spec.id else ""
    lines.append((f"{'runs':<{WIDTH}}{what}{about}", "head"))
    if item.fields.get("name") and item.fields.get("name") != item.title:
        lines.append((f"{'name':<{WIDTH}}{item.fields['name']}", ""))
    parent = draft.item(item.up)
    if parent is not None:
        lines.append((f"{'under':<{WIDTH}}{parent.title}", ""))
    elif item.lost_parent is not None:
        lines.append((f"{'under':<{WIDTH}}{json_data.encode(item.lost_parent)}, which is no task", "bad"))
    needs = [need_text(draft, need) for need in item.needs]
    lines.append((f"{'depends on':<{WIDTH}}{', '.join(needs) or 'nothing'}", "" if needs else "dim"))
    if users := draft.dependents(item.key):
        lines.append((f"{'needed by':<{WIDTH}}{', '.join(each.title for each in users)}", ""))
    if is_group:
        return lines
    when = item.fields.get("when")
    lines.append((f"{'when':<{WIDTH}}{when if when is not None else 'always'}", "" if when is not None else "dim"))
    lines += _options(item.fields)
    return [*lines, *_inputs(item.inputs)]


def _options(fields: Mapping[str, Any]) -> Iterator[Line]:
    priority = fields.get("priority", NORMAL)
    known = isinstance(priority, int) and 0 <= priority < len(PRIORITIES)
    named = PRIORITIES[priority] if known else json_data.encode(priority)
    yield f"{'priority':<{WIDTH}}{named}", "dim" if priority == NORMAL else ""
    for name in ("retries", "timeout"):
        if fields.get(name) is None:
            yield f"{name:<{WIDTH}}the executor's own", "dim"
    for name, value in fields.items():
        if name not in HANDLED and value is not None:
            yield f"{name:<{WIDTH - 1}} {_value(value)}", ""


def _inputs(inputs: Mapping[str, Any]) -> list[Line]:
    if not inputs:
        return [(f"{'inputs':<{WIDTH}}none", "dim")]
    lines: list[Line] = [("inputs", "head")]
    width = min(max(map(len, inputs)), 24)
    for name, value in list(inputs.items())[:MOST]:
        lines.append((f"  {name:<{width}}  {_value(value)}", "key" if "{{" in _value(value) else ""))
    if len(inputs) > MOST:
        lines.append((f"  {len(inputs) - MOST} more", "dim"))
    return lines


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json_data.encode(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _problem_lines(problems: tuple[FlowProblem, ...]) -> Iterator[Line]:
    for problem in problems:
        yield f"✗ {problem.text}", "bad"
        if problem.hint:
            yield f"  {problem.hint}", "dim"


def flow_lines(findings: Findings) -> list[Line]:
    """The problems that stand at no task."""
    return list(_problem_lines(findings.problems.get(None, ())))


def in_words(lines: Iterable[Line], width: int) -> list[Line]:
    """The lines cut between words to `width` cells; what follows is indented like its line's second column."""
    made: list[Line] = []
    for text, role in lines:
        text = safe_text(text, lines=True)
        for part in text.split("\n"):
            if cell_len(part) <= width or cell_len(part) != len(part):
                made.append((part, role))
                continue
            lead = re.match(r" *(?:[^ ]+ {2,})?", part)
            indent = min(len(lead.group()) if lead is not None else 0, width // 3)
            made += [(each, role) for each in wrap(part, width, subsequent_indent=" " * indent, drop_whitespace=True)]
    return made


def empty_lines(label: Callable[[str], str]) -> list[Line]:
    """The way to the first tree; `label` gives the key of an action."""

    def key(action: str, does: str) -> Line:
        return (f"  {label(f'compose.{action}'):<8} {does}", "")

    return [
        ("Build a tree of tasks: launch it, or keep it as a flow file.", ""),
        ("", ""),
        ("Begin one", "head"),
        key("add", "add a task: choose its executor"),
        key("open", "open a flow file"),
        (f"  {label('runs.draft'):<8} in the runs or the catalogue: what is selected there", ""),
        ("", ""),
        ("Then", "head"),
        key("fill", "fill the inputs of a task"),
        key("link", "point at what it depends on"),
        key("view", "see what runs first, and what beside it"),
        key("run", "launch it"),
        key("save", "save it as a flow file"),
    ]


def level_lines(draft: Draft, findings: Findings) -> list[Line]:
    """What runs first, and what beside what."""
    lines: list[Line] = []
    items = {item.key: item for item in draft.items}
    for number, level in enumerate(findings.levels, 1):
        tasks = [slot for slot in level if not slot.is_group]
        together = f"{amount(len(tasks), 'task')}{' at the same time' if len(tasks) > 1 else ''}"
        if lines:
            lines.append(("", ""))
        lines.append((f"Level {number}  {together}", "head"))
        lines += (_slot_line(items, slot, findings) for slot in tasks)
    if len(findings.levels) > 1:
        lines += [("", ""), ("Each task begins as soon as what it waits for is done.", "dim")]
    if findings.no_levels:
        lines += [("", "")] if lines else []
        lines.append((findings.no_levels, "warn" if draft.items else "dim"))
    return lines


def _slot_line(items: Mapping[int, Item], slot: Slot, findings: Findings) -> Line:
    item = items.get(slot.key)
    if item is None:  # it was just removed
        return "", ""
    sign = "✗" if findings.problems.get(item.key) else "·"
    runs = f"  {item.runs}" if item.runs != item.title else ""
    after = ", ".join(each.title for key in slot.waits_for if (each := items.get(key)) is not None)
    said = [f"after {after}" if after else "", f"when {slot.when}" if slot.when else ""]
    if slot.priority != NORMAL and 0 <= slot.priority < len(PRIORITIES):
        said.append(PRIORITIES[slot.priority])
    words = " · ".join(filter(None, said))
    return f" {sign} {item.title}{runs}{'  ' + words if words else ''}", "bad" if sign == "✗" else ""
