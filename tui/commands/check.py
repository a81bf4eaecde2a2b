"""`taskdeck check`: load everything as the console would and tell what is wrong. Nothing is executed."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    named = [*options.executors, *options.folders]
    require(named)
    folders = given_folders(named) if options.folders else folders_of(named, settings)
    loader = Loader(folders, import_limit=settings.import_limit)
    catalogue = loader.reconcile() or loader.catalogue
    found = findings(catalogue)
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
    parts.append(count(problems, "problem"))
    if warnings:
        parts.append(count(warnings, "warning"))
    return ", ".join(parts)
