"""Executor folders: what lies on the disk becomes one immutable catalogue, again and again, whatever is saved there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from engine.cache import own_cache
from engine.catalogue import Catalogue, ExecutorSpec, Origin, Problem
from engine.errors import ExecutorError
from engine.flow_checks import FlowChecks
from engine.import_marks import ImportMarks
from engine.repair import imports
from engine.shelf import Shelf
from engine.spec import ANY_OBJECT
from engine.verdicts import verdicts
from engine.version_source import VersionSource

PATIENCE = 1.0
"""Seconds that an import may hold up the snapshot for the other files; see `Loader.reconcile`."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of executors. Those given first win (1.4): given folders, then the user's, then the shipped one."""

    path: Path
    origin: Origin


class Loader:
    """Keeps `catalogue` equal to what the folders hold.

    Under it `@executor_register` only marks classes; nothing enters the process's default registry (1.4). A file that
    fails is a problem and keeps its last good version. What files print while they are imported is not caught here:
    they run in a copy of the caller's context, so a context-bound output router applies to them.
    """

    def __init__(
        self,
        folders: Sequence[Folder],
        *,
        import_limit: float = 10.0,
        in_use: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """`import_limit`: seconds that one file's import may take. `in_use`: the versions that runs are pinned to.

        A module stays in `sys.modules` while its version is in force or in use, since pickle, dataclasses and type
        hints look there.
        """
        cache = own_cache()
        real: dict[str, Folder] = {}
        for folder in folders:
            real.setdefault(os.path.realpath(folder.path), folder)
        self._shelves = [Shelf(folder.path, folder.origin, import_limit, cache) for folder in real.values()]
        self._loose = Shelf(Path(os.sep), "script", import_limit, cache)
        """Earlier versions of files whose folder is not looked at any more."""
        self._flows = FlowChecks()
        self._in_use = in_use
        self._import_limit = import_limit
        self._marks: ImportMarks | None = None
        self._lock = threading.Lock()
        self.catalogue = Catalogue()
        """The last published snapshot; swapped whole, so any thread may read it."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders looked at, absolute, in order of precedence."""
        return tuple(Path(shelf.root) for shelf in self._shelves)

    def reconcile(self, named: Collection[str] | None = None, *, wait: bool = True) -> Catalogue | None:
        """Look at the disk and load what changed; give the new snapshot, or None when nothing did.

        `named` are the paths that are said to have changed: only they are looked at, where that can be enough. Without
        it everything is read and compared by content.

        Blocks (for as long as imports take): call it from a worker thread. Without `wait` it does so for no more than a
        moment; files that look half-written and imports that take long are taken in by another call, in `due` seconds.
        Idempotent, and safe to call at any time.
        """
        with self._lock:
            if named is None:
                self._retire()
            elif any(not path.startswith(tuple(shelf.prefix for shelf in self._shelves)) for path in named):
                named = None  # the file system has another name for the folder
            if not self.catalogue.epoch and verdicts.is_empty:
                _make_ready()
            is_news = self._refresh(named, None if wait else PATIENCE)
            while wait and (due := self.due) is not None:
                time.sleep(due)
                is_news |= self._refresh((), None)
            is_loading = self.due is not None
            is_news |= self.catalogue.is_loading and not is_loading
            if not is_news and self.catalogue.epoch:
                return None
            executors, problems = _merge(self._shelves)
            flows, wrong = self._flows.merge([shelf.flows for shelf in self._shelves], executors, problems)
            verdicts.save()
            self.catalogue = Catalogue(
                MappingProxyType(executors),
                tuple(problems),
                self.catalogue.epoch + 1,
                is_loading,
                MappingProxyType(flows),
                MappingProxyType(wrong),
            )
            return self.catalogue

    def mark(self, store: Path) -> None:
        """From now on, note beside the store what is being imported, and try what ended an earlier process apart."""
        marks = ImportMarks(store, self._import_limit)
        try:
            marks.open()
        except OSError:  # a store that can only be read: nothing is noted
            return
        imports.marks = self._marks = marks

    def close(self) -> None:
        if self._marks is not None:
            if imports.marks is self._marks:
                imports.marks = None
            self._marks.close()

    @property
    def due(self) -> float | None:
        """Seconds until the next `reconcile` is wanted though nothing may have changed; None when there is no need."""
        return min((due for shelf in self._shelves if (due := shelf.due) is not None), default=None)

    def _refresh(self, named: Collection[str] | None, patience: float | None) -> bool:
        news = [shelf.refresh(named, patience) for shelf in self._shelves]  # each of them, whatever the first says
        return any(news)

    def _retire(self) -> None:
        """Drop what the snapshot before last held alone: whoever took a spec from that has pinned it by now."""
        shelves = [shelf for shelf in (*self._shelves, self._loose) if shelf.has_former]
        if shelves:
            in_use = self._in_use()
            for shelf in shelves:
                shelf.retire(in_use)

    def revive(self, version: str, source: VersionSource, executor_id: str) -> ExecutorSpec:
        """An earlier version of an executor, from its source; the catalogue stays as it is.

        Blocks, like `reconcile`. Raises `ExecutorError` when the source cannot be loaded, has no such executor or is
        not that version.
        """
        with self._lock:
            shelf = next((s for s in self._shelves if s.root == source.root), self._loose)
            known = next((u for u in shelf.named if u.version == version and u.specs), None)
            unit = known or shelf.revive(source)
        spec = next((spec for spec in unit.specs if spec.id == executor_id), None)
        if unit.version != version or spec is None:
            raise ExecutorError(
                f"the kept source of version {version[:10]} does not give executor '{executor_id}' of that version",
                "Run the present version instead",
            )
        return spec


def _make_ready() -> None:
    """Import what checking a schema needs: a quarter of a second that is no file's fault."""
    from engine.schema import compile

    compile(ANY_OBJECT)


def _merge(shelves: Iterable[Shelf]) -> tuple[dict[str, ExecutorSpec], list[Problem]]:
    """One catalogue of all folders; an earlier folder's executor replaces a later one's and says so (1.4)."""
    executors: dict[str, ExecutorSpec] = {}
    problems: list[Problem] = []
    for shelf in shelves:
        found, clashes = _pick(shelf.claims())
        problems += [*shelf.problems(), *clashes]
        for executor_id, spec in found.items():
            first = executors.setdefault(executor_id, spec)
            if first is not spec and first.replaces is None:
                executors[executor_id] = replace(first, replaces=spec.origin)
    return executors, problems


def _pick(claims: Iterable[tuple[ExecutorSpec, bool]]) -> tuple[Mapping[str, ExecutorSpec], list[Problem]]:
    """Who gets each id inside one folder: the first by path order, or the last that overrides (1.4)."""
    plain: dict[str, ExecutorSpec] = {}
    overriding: dict[str, ExecutorSpec] = {}
    problems = []
    for spec, override in claims:
        if override:
            overriding[spec.id] = spec
        elif (first := plain.setdefault(spec.id, spec)) is not spec:
            text = (
                f"ValueError: executor id '{spec.id}' is taken: {_where(spec)} clashes with {_where(first)}; "
                "choose another id or register with override=True"
            )
            problems.append(Problem(spec.file or "", spec.line, text, executor_id=spec.id))
    return plain | overriding, problems


def _where(spec: ExecutorSpec) -> str:
    name = getattr(spec.factory, "__qualname__", spec.name)
    return f"{name} ({spec.file}:{spec.line})" if spec.line else f"{name} ({spec.file})"
