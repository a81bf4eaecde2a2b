"""Import statements of executor files: what lies in the same folder comes from the same generation.

Each executor module has builtins of its own, whose `__import__` looks among the folder's files first. The rest of the
process imports as ever: a file `json.py` in the folder hides the standard one from its neighbours only.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from engine.executor import collecting
from engine.module_view import VIEWED
from engine.unit import Parts, Unit, candidates, package_of

RESERVED = frozenset({"engine", "aipartnerupflow"})
"""Always this engine (1.1), whatever files the folder has."""


_private: dict[str, Any] = {}


def private_builtins() -> dict[str, Any]:
    """The builtins that executor modules run with.

    One dict of nine kilobytes for all of them, copied anew only when somebody changed the process's builtins or ours.
    """
    global _private
    present = {**vars(builtins), "__import__": _import}
    if len(present) != len(_private) or any(_private.get(name) is not value for name, value in present.items()):
        _private = present
    return _private


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """What `import` and `from ... import` in an executor module call, at load and later from its functions."""
    scope = sys._getframe(1).f_globals if globals is None else globals
    importer = scope.get("__loader__")
    if isinstance(importer, Unit):
        module = import_local(importer, name, tuple(fromlist or ()), level)
        if module is not None:
            return module
    # what an installed module registers while it is imported is not this file's, and only its first import would tell
    token = collecting.set([])
    try:
        found = builtins.__import__(name, globals, locals, fromlist or (), level)
    finally:
        collecting.reset(token)
    if not fromlist and found.__name__ in VIEWED and isinstance(importer, Unit):
        return importer.view(found.__name__)
    return found


def import_local(importer: Unit, name: str, fromlist: Parts, level: int) -> ModuleType | None:
    """Import from the importer's folder; None when the name is not of there.

    Raises ImportError as Python does, and `BrokenImport` when the file that is meant could not be loaded.
    """
    near = importer.neighbours
    parts: Parts = tuple(name.split(".")) if name else ()
    rooted = level > 0
    if rooted:
        package = package_of(importer.rel)
        if level > len(package) + 1:
            raise ImportError("attempted relative import beyond the executor folder")
        parts = package[: len(package) - level + 1] + parts
    elif parts[0] in RESERVED or importer.rel == f"{parts[0]}.py":
        return None  # a file requests.py that says `import requests` means the installed one
    elif near.is_package and parts[0] == near.folder:
        parts, rooted = parts[1:], True
    elif _locate(importer, parts[:1]) is None and not _in_namespace(importer, parts, fromlist):
        return None
    chain: list[ModuleType] = []
    for size in range(0 if rooted else 1, len(parts) + 1):
        module = _module(importer, parts[:size])
        if chain:
            _attach(chain[-1], parts[size - 1], module)
        chain.append(module)
    if not fromlist:
        return chain[0]
    for wanted in fromlist:
        _provide(importer, chain[-1], parts, wanted)
    return chain[-1]


def _locate(importer: Unit, parts: Parts) -> str | None:
    return next((rel for rel in candidates(parts) if importer.neighbours.has(rel)), None)


def _in_namespace(importer: Unit, parts: Parts, fromlist: Parts) -> bool:
    """A folder without `__init__.py` counts only where the very file is there: an installed package may be meant."""
    if not importer.neighbours.has_under(parts[:1]):
        return False
    return any(_locate(importer, full) for full in (parts, *((*parts, wanted) for wanted in fromlist)))


def _module(importer: Unit, parts: Parts) -> ModuleType:
    if rel := _locate(importer, parts):
        return importer.neighbours.unit(rel, importer).module
    if parts and not importer.neighbours.has_under(parts):
        dotted = ".".join(parts)
        raise ModuleNotFoundError(f"No module named '{dotted}' in the executor folder", name=dotted)
    if parts not in importer.namespaces:
        importer.namespaces[parts] = ModuleType(".".join(parts) or importer.neighbours.folder)
        importer.namespaces[parts].__path__ = []
    return importer.namespaces[parts]


def _attach(parent: ModuleType, name: str, child: ModuleType) -> None:
    """Make `child` an attribute of its package, as Python does at the first import.

    The package then holds this version of it, so a change of the child makes the package stale as well.
    """
    if hasattr(parent, name):
        return
    setattr(parent, name, child)
    owner, unit = parent.__dict__.get("__loader__"), child.__dict__.get("__loader__")
    if isinstance(owner, Unit) and isinstance(unit, Unit):
        owner.edges.add(unit.rel)


def _provide(importer: Unit, module: ModuleType, parts: Parts, wanted: str) -> None:
    """See that `from module import wanted` will find it: an attribute, or a file of the package."""
    if wanted == "*":
        for name in getattr(module, "__all__", ()):
            if not hasattr(module, name) and _locate(importer, (*parts, name)):
                _attach(module, name, _module(importer, (*parts, name)))
    elif not hasattr(module, wanted):
        if _locate(importer, (*parts, wanted)) or importer.neighbours.has_under((*parts, wanted)):
            _attach(module, wanted, _module(importer, (*parts, wanted)))
            return
        unit = module.__dict__.get("__loader__")
        source = unit.rel if isinstance(unit, Unit) else "/".join(parts) or importer.neighbours.folder
        message = f"cannot import name '{wanted}' from {source}"
        if isinstance(unit, Unit) and not unit.ready and unit is not importer:
            message += f", which is still being imported (import cycle: {importer.neighbours.cycle(unit.rel)})"
        raise ImportError(message, name=".".join(parts))
