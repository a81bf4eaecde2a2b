"""`taskdeck check`: load everything as the console would and tell what is wrong. Nothing is executed."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.commands.entries import flow_problems, is_file_name, read_file
from tui.commands.exits import FINE, PROBLEMS, count
from tui.commands.findings import Finding, findings
from tui.commands.folders import folders_of, given_folders, require
from tui.commands.streams import Streams

if TYPE_CHECKING:
    from engine import Catalogue, Settings


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Exit code 1 where there is a problem. Raises `SettingsError` for folders that cannot be used."""
    from engine import Loader

    here = Path.cwd()  # before foreign code may change it
    files = [name for name in options.folders if is_file_name(name) and not Path(name).is_dir()]
    only = [name for name in options.folders if name not in files]
    named = [*options.executors, *only]
    require(named)
    folders = given_folders(named) if only else folders_of(named, settings)
    loader = Loader(folders, import_limit=settings.import_limit)
    catalogue = loader.reconcile() or loader.catalogue
    found = [] if files and not only else findings(catalogue)
    found += [finding for name in files for finding in _in_file(name, catalogue)]
    if options.strict:
        found = [replace(each, is_warning=False) for each in found]
    if options.json:
        streams.say(json.dumps([_as_data(each, here) for each in found]))
    else:
        for each in found:
            streams.say(each.as_line(here))
    warnings = sum(each.is_warning for each in found)
    problems = len(found) - warnings
    streams.note(_summary(catalogue, problems, warnings))
    return PROBLEMS if problems else FINE


def _in_file(name: str, catalogue: Catalogue) -> list[Finding]:
    """What is wrong with the flow in a file, by itself and beside these executors."""
    spec, problems = read_file(name)
    path = str(Path(name).expanduser().absolute())
    if spec is not None:
        problems = [*flow_problems(catalogue, spec)]
    return [Finding(path, each.line, spec.id if spec is not None else None, str(each)) for each in problems]


def _as_data(finding: Finding, here: Path) -> dict[str, str | int | None]:
    return {
        "file": finding.where(here),
        "line": finding.line,
        "executor": finding.executor,
        "level": "warning" if finding.is_warning else "problem",
        "text": finding.text,
    }


def _summary(catalogue: Catalogue, problems: int, warnings: int) -> str:
    files = {spec.file for spec in catalogue.executors.values()}
    parts = [f"{count(len(catalogue.executors), 'executor')} in {count(len(files), 'file')}"]
    if catalogue.flows:
        parts.append(count(len(catalogue.flows), "flow"))
    parts.append(count(problems, "problem"))
    if warnings:
        parts.append(count(warnings, "warning"))
    return ", ".join(parts)
