"""Compiled source files of executor folders, so that not every process compiles all of them anew."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import sys
from collections.abc import Collection
from types import CodeType

from engine.cache import Cache
from engine.sources import Source

Compiled = tuple[CodeType, frozenset[str]]
"""The code of a file, and the files that its imports may mean."""
_SHA = 64


def recall(cache: Cache, source: Source, folder: str) -> Compiled | None:
    """What exactly these bytes were compiled to by this Python, in a folder of that name; None for not known."""
    kept = cache.read(_name(source, folder))
    if kept is None or kept[:_SHA] != source.sha.encode():
        return None
    try:
        code, edges = marshal.loads(kept[_SHA:])
    except (ValueError, EOFError, TypeError):
        return None
    return (code, frozenset(edges)) if isinstance(code, CodeType) else None


def keep(cache: Cache, source: Source, folder: str, code: CodeType, edges: Collection[str]) -> None:
    """Remember it, in place of what the file was compiled to before."""
    cache.write(_name(source, folder), source.sha.encode() + marshal.dumps((code, sorted(edges))))


def _name(source: Source, folder: str) -> str:
    """One for each file and Python: its path stands in the code, its place in the folder in the edges."""
    python = (sys.implementation.cache_tag, importlib.util.MAGIC_NUMBER.hex(), sys.flags.optimize)
    said = repr((python, source.path, source.rel, folder)).encode("utf-8", "surrogateescape")
    return f"code-{hashlib.sha256(said).hexdigest()}"
