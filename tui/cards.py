"""What the detail pane says in words: a task's facts, an executor's card, a problem with its source.

Lines are `(text, role)` and may be foreign; the view that draws them cleans them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalogue import Catalogue, ExecutorSpec, Launchable, Problem
from engine.task import Task, TaskStatus
from tui.result_shapes import JSON, text_lines
from tui.text import safe_text
from tui.versions import short, standing
from tui.wording import amount, bar, duration, moment, running_for, state, word_of

if TYPE_CHECKING:
    from engine.history import AuditEntry
    from engine.store import Attempt
    from engine.trace import Trace
    from tui.row import Row
    from tui.task_reader import Reading

Line = tuple[str, str]
PARTED = "each attempt runs in a process of its own"
INTERRUPTED = "interrupted"
"""The kind of error of attempts whose process ended first: nobody knows when (7.2)."""
LABEL = 12
"""Width of the labels of facts."""
AROUND = 4
"""Source lines shown before and after the line of a problem."""
SOURCE_LIMIT = 1_000_000
"""Characters of a source file that are read for the excerpt."""


def fact(label: str, value: object, role: str = "") -> Line:
    return f"{label:<{LABEL}}{safe_text(value)}", role


def no_result(task: Task, waiting: str, helps: str = "", *, loaded: bool) -> list[Line]:
    """What stands in place of a result; `helps` says what the person can do about what it waits for."""
    if task.status is TaskStatus.PENDING:
        lines = [(waiting or "not started yet", state(task, waiting)[2])]
        return [*lines, ("", ""), (helps, "dim")] if helps else lines
    if task.status is TaskStatus.IN_PROGRESS:
        said = f"  {task.progress_message}" if task.progress_message else ""
        lines = [(f"running  {bar(task.progress, 20)} {task.progress:4.0%}{said}", "live")]
        return [*lines, ("", ""), (f"{waiting}: {helps}" if helps else waiting, "warn")] if waiting else lines
    if task.skipped:
        why = f"skipped, {task.progress_message}" if task.progress_message else "skipped by a person"
        return [("null", "live"), ("", ""), (f"{why}; it counts as completed, with result null", "warn")]
    if not loaded:
        return []
    if task.status is TaskStatus.CANCELLED:
        return [("cancelled, no result", "warn")]
    if task.status is TaskStatus.FAILED:
        return [("failed, no result", "bad")]
    if "flow" in task.params:
        return [("a flow returns nothing itself: its tasks do", "dim")]
    return [("null", "live"), ("", ""), ("the executor returned nothing", "dim")]


def inputs(task: Task) -> list[Line]:
    """As given, and as received where that differs: what was added and what was changed stand out."""
    received = task.effective_inputs
    if received is None or received == task.inputs:
        return text_lines(task.inputs)
    return [
        ("as execute received them: defaults and results of dependencies filled in (+), changed (~)", "dim"),
        *_marked(received, task.inputs),
        ("", ""),
        ("as given", "dim"),
        *text_lines(task.inputs),
    ]


def _marked(received: Mapping[str, Any], given: Mapping[str, Any]) -> list[Line]:
    """An object in lines, before each a sign where its member is not as in `given`."""
    lines: list[Line] = [("  {", JSON)]
    for index, (key, value) in enumerate(received.items()):
        sign = "+" if key not in given else " " if given[key] == value else "~"
        inner = text_lines({key: value})[1:-1]
        comma = "," if index < len(received) - 1 else ""
        lines += [
            (f"{sign} {text}{comma if at == len(inner) - 1 else ''}", role) for at, (text, role) in enumerate(inner)
        ]
    return [*lines, ("  }", JSON)]


def error(task: Task, trace: Sequence[str] = (), edit: str = "") -> list[Line]:
    """Kind and message; of the traceback what is not the engine's own, and which place `edit`, a key, opens."""
    from tui.traceback_text import frames_left, place_of

    if not task.error:
        return [("no error", "dim")]
    kind = [(task.error_type, "head")] if task.error_type else []
    lines: list[Line] = [*kind, *((line, "bad") for line in task.error.split("\n")), ("", "")]
    if task.is_interrupted:
        return [*lines, ("rerun it to start again from here", "dim")]
    if not trace:
        return lines[:-1]
    if (place := place_of(trace)) is not None and edit:
        lines += [(f"{edit} opens {place[0]}:{place[1]}", "dim"), ("", "")]
    return [*lines, *((line, "key" if line.startswith('  File "') else "") for line in frames_left(trace))]


def info(
    full: Task,
    task: Task,
    waiting: str,
    reading: Reading,
    tries: int,
    now: datetime,
    current: str | None = "",
    *,
    find: Callable[[str], Task | None] = lambda task_id: None,
    needed: Sequence[str] = (),
) -> list[Line]:
    """All that is known of a task, and each of its attempts; `current` is its executor's version (see `standing`).

    `find` gives other tasks by id, `needed` are the names of those that wait for this one.
    """
    glyph, word, role = state(task, waiting)
    facts = [
        fact("name", task.name, "head"),
        fact("state", f"{glyph} {word}" + (f"  {waiting}" if waiting and not task.is_terminal else ""), role),
        fact("executor", task.executor_id),
        _version(task.executor_version or full.executor_version or "", current),
        *_times(task, now),
        *_traces(task, reading.traces),
        fact("user", task.user_id or "–"),
        fact("priority", f"{task.priority}  (0 urgent, 3 low)"),
        fact("task id", task.id),
        fact("run id", task.run_id),
        *([fact("run's label", reading.label)] if reading.label else []),
        *([fact("run's tags", ", ".join(reading.tags))] if reading.tags else []),
    ]
    facts += _edges(task, find, needed)
    facts += _origin(task)
    facts += _asked(full, reading.tags)
    tried = _tried(task, reading.attempts, now, current)
    if len(tried) > 1 or tries > 1 or (tried and task.started_at is None):
        of = f" of {tries}" if task.attempt <= tries > 1 else ""
        facts += [("", ""), (f"{amount(len(tried), 'attempt')}{of}", "head"), *tried]
    if reading.acts:
        facts += [("", ""), ("who did what, from where", "head"), *map(_act, reading.acts)]
    return facts


def _times(task: Task, now: datetime) -> list[Line]:
    """When it was made, began and ended, how long it waited and ran."""
    created, started, ended = task.created_at, task.started_at, task.completed_at
    lines = [fact("created", moment(created)), fact("started", moment(started))]
    if started is not None and task.attempt <= 1:
        lines[1] = fact("started", f"{moment(started)}  after {duration((started - created).total_seconds())}")
    took = duration(running_for(task, now))
    if task.is_interrupted:
        lines.append(fact("ended", f"unknown: its console ended first, seen at {moment(ended)}", "warn"))
    else:
        lines.append(fact("ended", moment(ended) + (f"  after {took}" if took and ended else "")))
        if took and started and not ended:
            lines.append(fact("running for", took, "live"))
    return lines


def _traces(task: Task, traces: Sequence[Trace]) -> list[Line]:
    """How the latest attempt ran, and what any of them left running."""
    ran = next((trace.ran for trace in traces if trace.attempt == task.attempt), "")
    lines = [fact("ran in" if task.is_terminal else "runs in", ran)] if ran else []
    left = [(trace.attempt, text) for trace in traces for text in trace.left]
    for index, (attempt, text) in enumerate(left):
        of = f"  (attempt {attempt})" if attempt != task.attempt else ""
        lines.append(fact("" if index else "left behind", f"{text}{of}", "warn"))
    return lines


def _edges(task: Task, find: Callable[[str], Task | None], needed: Sequence[str]) -> list[Line]:
    """What it waits for, each with its state, and what waits for it."""
    lines = []
    for index, dependency in enumerate(task.dependencies):
        other = find(dependency.id)
        said = dependency.id
        if other is not None:
            glyph, word, _ = state(other)
            said = f"{glyph} {word}  {other.name}"
        kind = "" if dependency.required else "  (optional: its end is enough)"
        lines.append(fact("" if index else "waits for", said + kind))
    lines += [fact("" if index else "needed by", name) for index, name in enumerate(needed)]
    return lines


MOST_NEEDED = 20
"""Of the tasks that wait for one so many are named."""
LOOKED_AT = 5_000
"""In runs of more tasks nobody is looked for that waits for one."""


def needed_by(task: Task, row: Row | None) -> list[str]:
    """The names of the tasks of the run that wait for `task`, whose row is `row`."""
    while row is not None and row.parent is not None:
        row = row.parent
    if row is None or row.total > LOOKED_AT:
        return []
    found = (each.task for each in row.subtree())
    names = [each.name for each in found if any(dependency.id == task.id for dependency in each.dependencies)]
    return names if len(names) <= MOST_NEEDED else [*names[:MOST_NEEDED], f"and {len(names) - MOST_NEEDED} more"]


def _asked(full: Task, tags: Sequence[str]) -> list[Line]:
    """What was said at the launch beside the inputs: key, params; its tags where they are not those of the run."""
    lines = []
    if full.idempotency_key:
        lines.append(fact("key", full.idempotency_key))
    for name, value in full.params.items():
        if name != "executor_id" and not (
            name == "tags" and isinstance(value, list) and all(each in tags for each in value)
        ):
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append(fact(safe_text(name, limit=LABEL - 1), shown))
    return lines


def _act(act: AuditEntry) -> Line:
    said = "".join(f"  {key} {value}" for key, value in act.detail.items() if value and isinstance(value, str | int))
    return (
        f"  {moment(act.at)}  {safe_text(act.what):<10} {safe_text(act.who)}  {safe_text(act.origin)}{safe_text(said)}",
        "",
    )


def _version(version: str, current: str | None) -> Line:
    """The version that ran, and the current one where that is another."""
    if not version:
        return fact("version", "–")
    said = f"{version[:12]}  {standing(version, current)}"
    if current and current != version:
        return fact("version", f"{said}: that is {short(current, version)}", "warn")
    return fact("version", said, "" if current is not None else "warn")


def _origin(task: Task) -> list[Line]:
    """Where it comes from and when it may start, where there is something to say."""
    facts = []
    if task.not_before is not None and task.status is TaskStatus.PENDING:
        facts.append(fact("not before", moment(task.not_before)))
    if task.spawned is not None:
        facts.append(fact("spawned by", f"attempt {task.spawned} of {task.parent_id}"))
    if task.original_task_id:
        facts.append(fact("copy of", task.original_task_id))
    return facts


def _tried(task: Task, attempts: Sequence[Attempt], now: datetime, current: str | None) -> list[Line]:
    """A line for each attempt: the former ones as they were stored, the latest as it stands now."""
    latest = task.attempt if task.started_at is not None else None
    lines = [
        _attempt_line(
            each.number,
            word_of(each.status),
            each.started_at,
            None if each.error_type == INTERRUPTED else each.completed_at,
            standing(each.executor_version or "", current),
            each.error_type,
            each.error,
        )
        for each in attempts
        if each.number != latest
    ]
    if latest is not None:
        word = state(task)[1]
        ended = None if task.is_interrupted else task.completed_at or now
        version = standing(task.executor_version or "", current)
        lines.append(_attempt_line(latest, word, task.started_at, ended, version, task.error_type, task.error))
    return lines


def _attempt_line(
    number: int,
    word: str,
    began: datetime | None,
    ended: datetime | None,
    version: str,
    kind: str | None,
    error: str | None,
) -> Line:
    took = duration((ended - began).total_seconds()) if began is not None and ended is not None else ""
    said = f"  {kind or ''} {error}" if error else ""
    ran = f"  {version}" if version else ""
    return f"{number:>3}  {moment(began)}  {took:>7}  {word}{ran}{safe_text(said)}", ""


def executor(spec: Launchable, problems: Iterable[Problem] = ()) -> list[Line]:
    """The card of one executor: what it is, what it takes, where it stands."""
    lines: list[Line] = [(spec.name, "head"), *((line, "") for line in spec.description.split("\n")), ("", "")]
    if spec.barred:
        lines += [(f"not allowed here: {spec.barred}", "warn"), ("", "")]
    if spec.schema_problem:
        why = "its input schema cannot be used" if isinstance(spec, ExecutorSpec) else "it cannot be launched"
        lines += [(f"✗ {why}: {spec.schema_problem}", "bad"), ("", "")]
    for problem in problems:
        lines += [(f"✗ {headline(problem)}", "bad"), (f"  {_until(problem)}", "dim"), ("", "")]
    lines += _inputs_of(spec.schema)
    lines += [("", "")]
    if spec.tags:
        lines.append(fact("tags", ", ".join(spec.tags), "dim"))
    if spec.file:
        lines.append(fact("file", f"{spec.file}:{spec.line or 1}", "dim"))
    if spec.version:
        lines.append(fact("version", spec.version[:12], "dim"))
    lines.append(fact("from", f"{spec.origin}{', ' + spec.note if spec.note else ''}", "dim"))
    return lines


def _until(problem: Problem) -> str:
    """What holds while there is that problem."""
    return PARTED if problem.is_apart else "the last good version stays in use"


def _inputs_of(schema: Mapping[str, Any]) -> list[Line]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return [("takes no declared inputs", "dim")]
    required = schema.get("required")
    needed = set(required) if isinstance(required, list | tuple) else set()
    width = min(max(len(str(name)) for name in properties), 24)
    lines: list[Line] = [("inputs", "head")]
    for name, part in properties.items():
        part = part if isinstance(part, Mapping) else {}
        kind = part.get("type", "enum" if "enum" in part else "any")
        kinds = "|".join(map(str, kind)) if isinstance(kind, list | tuple) else str(kind)
        mark = "*" if name in needed else " "
        said = safe_text(part.get("description", ""), limit=200)
        lines.append((f" {mark} {safe_text(name):<{width}}  {safe_text(kinds):<8} {said}".rstrip(), ""))
    return lines


def headline(problem: Problem) -> str:
    """`greeting_executor.py:12 SyntaxError: invalid syntax`, in one line."""
    line = f":{problem.line}" if problem.line else ""
    return f"{safe_text(Path(problem.file).name)}{line} {safe_text(problem.text)}"


def problem(given: Problem, source: Sequence[Line] = ()) -> list[Line]:
    """One problem: what, where, the source around it, the traceback."""
    lines: list[Line] = [
        (given.text, "bad"),
        (f"{given.file}{f', line {given.line}' if given.line else ''}", ""),
        ("", ""),
    ]
    if source:
        lines += [*source, ("", "")]
    lines += [(line, "dim") for line in given.traceback.rstrip("\n").split("\n")] if given.traceback else []
    until = "change and save the file: its new version is trusted again"
    return [
        *lines,
        ("", ""),
        (until if given.is_apart else "mend and save the file: it is loaded again at once", "dim"),
    ]


def source_excerpt(given: Problem) -> list[Line]:
    """The lines around the problem's, the very one marked; empty where the file cannot be read. Reads the disk."""
    if not given.line:
        return []
    try:
        with Path(given.file).open(encoding="utf-8", errors="replace") as file:
            source = file.read(SOURCE_LIMIT).split("\n")
    except OSError:
        return []
    first = max(given.line - AROUND, 1)
    last = min(given.line + AROUND, len(source))
    return [
        (
            f"{'▶' if number == given.line else ' '} {number:>4} │ {source[number - 1]}",
            "bad" if number == given.line else "",
        )
        for number in range(first, last + 1)
    ]


def problems(catalogue: Catalogue) -> list[Line]:
    """All problems, a line each."""
    apart = sum(problem.is_apart for problem in catalogue.problems)
    until = "the last good version of each stays in use" if not apart else f"{apart} of them: {PARTED}"
    return [
        (f"{amount(len(catalogue.problems), 'problem')}; {until}", "head"),
        ("", ""),
        *((f"✗ {headline(problem)}", "bad") for problem in catalogue.problems),
    ]
