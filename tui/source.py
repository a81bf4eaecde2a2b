"""The source of the version that a task ran, and what changed since: lines for the detail pane."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.errors import TaskdeckError
from tui.diff import diff_lines
from tui.text import safe_text
from tui.versions import ABSENT, short
from tui.wording import amount

if TYPE_CHECKING:
    from engine.catalogue import Launchable
    from engine.version_source import VersionSource
    from tui.late_engine import LateEngine

Line = tuple[str, str]
MOST_LINES = 50_000
"""Lines of one part that are shown; a source of the largest size is 25,000 lines of usual code."""


async def read_source(thread: LateEngine, version: str, spec: Launchable | None) -> list[Line]:
    """What the Source tab shows of `version`, against the current `spec`; the work is done beside the screen."""
    try:
        then = await thread.ask(thread.engine.source(version))
    except TaskdeckError as refusal:
        return [(f"✗ the source of {short(version)} cannot be read", "bad"), (str(refusal), "dim")]
    return await asyncio.to_thread(source_lines, version, then, spec)


def source_lines(version: str, then: VersionSource | None, spec: Launchable | None) -> list[Line]:
    """First what changed since, where anything did, then the source itself, each file with its line numbers."""
    now = spec.source() if spec is not None else None
    if then is None and spec is not None and spec.version == version:
        then = now
    ran = short(version, spec.version if spec is not None else "")
    if then is None:
        return [(f"the source of {ran} is not kept", "warn")]
    lines: list[Line] = []
    if spec is None:
        lines.append((f"it ran {ran}; its executor is {ABSENT} now", "warn"))
    elif spec.version == version:
        lines.append((f"it ran {ran}, the current version", "head"))
    else:
        current = short(spec.version, version)
        lines.append((f"it ran {ran}, current is {current}; - and + lead from {ran} to {current}", "head"))
        lines += _changes(then.texts(), now.texts() if now is not None else None, ran, current)
    for path, text in then.texts().items():
        lines += [("", ""), (f"── {safe_text(path)}  {ran} ──", "head"), *_cut(_numbered(text))]
    return lines


def _numbered(text: str) -> Iterator[Line]:
    return ((f"{number:>5} │ {line}", "") for number, line in enumerate(text.rstrip("\n").split("\n"), 1))


def _changes(then: dict[str, str], now: dict[str, str] | None, ran: str, current: str) -> Iterator[Line]:
    """The diff of each file that changed, the executor's own first."""
    if now is None:
        yield f"the source of {current} cannot be had", "warn"
        return
    same = True
    for old_path, new_path in _pairs(list(then), list(now)):
        old, new = then.get(old_path, ""), now.get(new_path, "")
        if old == new and old_path == new_path:
            continue
        same = False
        yield "", ""
        yield f"--- {safe_text(old_path) or 'nothing'}  {ran}", "bad"
        yield f"+++ {safe_text(new_path) or 'nothing'}  {current}", "good"
        yield from _cut(diff_lines(_split(old), _split(new)))
    if same:
        yield "its files are the same", "dim"


def _split(text: str) -> list[str]:
    return text.rstrip("\n").split("\n") if text else []


def _pairs(then: list[str], now: list[str]) -> Iterator[tuple[str, str]]:
    """Paths that are compared: the own files with each other, else those of one name; "" where there is none."""
    if then and now:
        yield then[0], now[0]
        then, now = then[1:], now[1:]
    yield from ((path, path if path in now else "") for path in then)
    yield from (("", path) for path in now if path not in then)


def _cut(lines: Iterator[Line]) -> Iterator[Line]:
    """At most `MOST_LINES` of `lines`, and how many more there are."""
    more = 0
    for number, line in enumerate(lines):
        if number < MOST_LINES:
            yield line
        else:
            more += 1
    if more:
        yield f"… {amount(more, 'line')} more", "dim"
