"""`taskdeck test`: run an executor's examples the way a launch goes, in an engine of its own, and report."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands.exits import CANCELLED, FINE, PROBLEMS, leave
from tui.commands.findings import Finding, findings, numbered_examples
from tui.commands.folders import folders_of, require
from tui.commands.given_inputs import with_keys
from tui.commands.naming import file_name
from tui.commands.report import Report
from tui.commands.streams import Streams
from tui.commands.trial import Bench, Interrupted, open_bench

if TYPE_CHECKING:
    from engine import Catalogue, Settings
    from engine.catalogue import Launchable

Run = tuple[int | None, Mapping[str, Any]]
"""An example's place (None: given inputs only) and what it is launched with."""


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Exit code 0, 1, 2 or 3 as the help says. Raises `SettingsError` for what is not there to be run."""
    require(options.executors)
    code, is_abandoned = asyncio.run(_run(options, settings, streams))
    if is_abandoned:
        leave(code)  # code that ignores its end would write over the last line
    return code


async def _run(options: argparse.Namespace, settings: Settings, streams: Streams) -> tuple[int, bool]:
    """The exit code, and whether code was left behind that does not stop."""
    here = Path.cwd()  # before foreign code may change it
    report = Report(options.id, streams, as_json=options.json)
    bench: Bench | None = None
    runs: list[Run] = []
    try:
        async with open_bench(settings, folders_of(options.executors, settings), streams) as bench:
            for finding in _about(bench.catalogue, options.id):
                streams.note(finding.as_line(here))
            runs = _runs(_find(bench.catalogue, options.id), options, streams)
            for number, inputs in runs:
                report.add(await bench.run(options.id, inputs, number))
        code = FINE if report.completed == len(runs) else PROBLEMS
    except Interrupted as interrupted:
        if interrupted.trial is not None:
            report.add(interrupted.trial)
        left = len(runs) - len(report.trials)
        streams.note(f"cancelled; {left} of {len(runs)} not run" if left else "cancelled")
        code = CANCELLED
    if runs:
        report.end()
    return code, bench is not None and bench.has_abandoned


def _find(catalogue: Catalogue, executor_id: str) -> Launchable:
    from engine import ExecutorError

    spec = catalogue.entry(executor_id)
    if spec is None:
        raise ExecutorError(catalogue.unknown_entry(executor_id))
    return spec


def _about(catalogue: Catalogue, executor_id: str) -> list[Finding]:
    """The problems that may be why there is no such executor, or that it has."""
    names = {executor_id, file_name(executor_id)}
    return [
        found
        for found in findings(catalogue)
        if not found.is_warning and (found.executor == executor_id or Path(found.file).stem in names)
    ]


def _runs(spec: Launchable, options: argparse.Namespace, streams: Streams) -> list[Run]:
    """What is to be run. Raises `SettingsError` where that is nothing."""
    from engine import SettingsError

    given = with_keys({}, options.inputs, spec)
    runs: list[Run] = []
    for number, example in numbered_examples(spec):
        if isinstance(example, Mapping):
            runs.append((number, {**example, **given}))
        else:
            streams.note(f"example {number} is no dict and is left out")
    if options.example is not None:
        numbers = ", ".join(str(number) for number, _ in runs)
        runs = [run for run in runs if run[0] == options.example]
        if not runs:
            raise SettingsError(f"'{spec.id}' has no example {options.example}", f"It has {numbers or 'none'}")
    if not runs and not given:
        raise SettingsError(f"'{spec.id}' has no examples", 'Add some, examples = ({"key": "value"},), or give --input')
    return runs or [(None, given)]
