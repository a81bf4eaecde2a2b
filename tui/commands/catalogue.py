"""`taskdeck list`: the executors and flows of the catalogue."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from tui.commands.exits import FINE, count
from tui.commands.folders import folders_of, require
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Settings

DESCRIPTION = 300


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """One line each: id, name, description; with words only those that hold all of them."""
    from engine import Loader
    from engine.access import Access

    require(options.executors)
    loader = Loader(folders_of(options.executors, settings), import_limit=settings.import_limit)
    catalogue = Access(settings).marked(loader.reconcile() or loader.catalogue)
    words = [word.casefold() for word in options.words]
    specs = [
        spec
        for _, spec in sorted(catalogue.entries.items())
        if all(word in f"{spec.id} {spec.name} {spec.description} {' '.join(spec.tags)}".casefold() for word in words)
    ]
    if options.json:
        rows = [
            {
                "id": spec.id,
                "kind": "executor" if spec.id in catalogue.executors else "flow",
                "name": spec.name,
                "description": spec.description,
                "tags": list(spec.tags),
                "file": spec.file,
                "line": spec.line,
                "version": spec.version,
                "inputs_schema": spec.schema,
                "problem": spec.schema_problem or "; ".join(map(str, catalogue.flow_problems.get(spec.id, ()))) or None,
                "refused": spec.barred or None,
            }
            for spec in specs
        ]
        streams.say(json.dumps(rows, default=str))
    width = max((len(spec.id) for spec in specs), default=0)
    for spec in () if options.json else specs:
        kind = "" if spec.id in catalogue.executors else "flow: "
        about = safe_text(spec.barred or spec.description or spec.name, limit=DESCRIPTION)
        barred = "not allowed: " if spec.barred else ""
        streams.say(f"{safe_text(spec.id):{min(width, 40)}}  {barred}{kind}{about}".rstrip())
    if problems := len(catalogue.problems):
        streams.note(f"{count(problems, 'problem')}; `taskdeck check` tells them")
    return FINE
