"""Tracebacks as people read them: without the engine's own frames, with the place to open. No Textual in here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import engine

_FRAME = re.compile(r'  File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<name>.*))?$')
_OURS = str(Path(engine.__file__).parent)
"""The folder of the engine's code."""
Place = tuple[str, int | None]
"""A file and the line in it."""


def frames_left(lines: Sequence[str]) -> list[str]:
    """`lines` of a traceback without the frames of the engine; all of them where nothing else would be left."""
    kept: list[str] = []
    skipping = False
    frames = 0
    for line in lines:
        if match := _FRAME.match(line):
            skipping = Path(match["file"]).parent == Path(_OURS)
            frames += not skipping
        elif not line.startswith("    "):
            skipping = False
        if not skipping:
            kept.append(line)
    return kept if frames else list(lines)


def place_of(lines: Sequence[str]) -> Place | None:
    """Where the error was raised: the innermost frame that is not the engine's; None where there is none."""
    place: Place | None = None
    outside = None
    for line in lines:
        match = _FRAME.match(line)
        if match is None or match["file"].startswith("<"):
            continue
        found: Place = (match["file"], int(match["line"][:9]))
        place = found
        parts = Path(match["file"]).parts
        if "site-packages" not in parts and not match["file"].startswith(_OURS) and not _is_library(parts):
            outside = found
    return outside or place


def _is_library(parts: Sequence[str]) -> bool:
    """Whether a file is one of Python's own."""
    return "lib" in parts and any(part.startswith("python3") for part in parts)
