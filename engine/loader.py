"""Executor folders: what lies on the disk becomes one immutable catalogue, again and again, whatever is saved there."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from engine.catalogue import Catalogue, ExecutorSpec, Origin, Problem
from engine.errors import ExecutorError
from engine.generation import Generation
from engine.problems import code_name, problem_of
from engine.sources import Listing, Source, scan
from engine.unit import Draft, Failure, Unit, compile_source, reachable
from engine.version_source import VersionSource

SETTLE = (0.05, 0.2)
"""Pauses in seconds before a file that looks half-written, emptied or gone is taken for it: looks at 50 and 250 ms."""


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
        real: dict[str, Folder] = {}
        for folder in folders:
            real.setdefault(os.path.realpath(folder.path), folder)
        self._shelves = [_Shelf(folder, import_limit) for folder in real.values()]
        self._loose = _Shelf(Folder(Path(os.sep), "script"), import_limit)
        """Earlier versions of files whose folder is not looked at any more."""
        self._in_use = in_use
        self._lock = threading.Lock()
        self.catalogue = Catalogue()
        """The last published snapshot; swapped whole, so any thread may read it."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders looked at, absolute, in order of precedence."""
        return tuple(Path(shelf.root) for shelf in self._shelves)

    def reconcile(self) -> Catalogue | None:
        """Look at the disk and load what changed; give the new snapshot, or None when nothing did.

        Blocks (for as long as imports take): call it from a worker thread. Idempotent, and safe to call at any time.
        """
        with self._lock:
            self._retire()
            changed = [shelf.refresh() for shelf in self._shelves]
            if not any(changed) and self.catalogue.epoch:
                return None
            executors, problems = _merge(self._shelves)
            self.catalogue = Catalogue(MappingProxyType(executors), tuple(problems), self.catalogue.epoch + 1)
            return self.catalogue

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


class _Shelf:
    """One folder's state: the units in force and the files that failed (a file may have both)."""

    def __init__(self, folder: Folder, import_limit: float) -> None:
        path = Path(os.path.abspath(folder.path))
        self.root, self.name = str(path), path.name
        self.origin = folder.origin
        self.units: dict[str, Unit] = {}
        self.failures: dict[str, Failure] = {}
        self.blind: dict[str, str] = {}
        self._limit = import_limit
        self.named: set[Unit] = set()
        """Units whose modules have names in `sys.modules`."""
        self.has_former = False
        """Whether some of them may not be in force any more."""
        self._drafts: dict[str, Draft | Failure] = {}

    def refresh(self) -> bool:
        """Bring the state up to the disk; False when nothing changed."""
        listing, changed = self._look()
        blind = {prefix: _blind_words(error) for prefix, error in listing.blind.items()}
        news = bool(changed) or blind != self.blind
        self.blind = blind
        if changed:
            self._load(listing, changed)
        self._drafts.clear()
        return news

    def _known(self) -> dict[str, str]:
        return {rel: unit.draft.source.sha for rel, unit in self.units.items()} | {
            rel: failure.sha for rel, failure in self.failures.items()
        }

    def _look(self) -> tuple[Listing, set[str]]:
        """Scan until what changed looks whole: editors and copies write in steps."""
        known = self._known()
        for pause in (*SETTLE, None):
            listing = scan(self.root)
            changed = {rel for rel, source in listing.files.items() if known.get(rel) != source.sha}
            gone = {rel for rel in known if rel not in listing.files and not listing.hides(rel)}
            if pause is None or not (gone or any(self._looks_unfinished(listing.files[rel]) for rel in changed)):
                break
            time.sleep(pause)
        return listing, changed | gone

    def _looks_unfinished(self, source: Source) -> bool:
        unit = self.units.get(source.rel)
        if unit is not None and not source.content and not source.error and unit.draft.source.content:
            return True
        return isinstance(self._draft(source), Failure)

    def _draft(self, source: Source) -> Draft | Failure:
        """The compiled file, or why there is none; compiled once for each content."""
        known = self._drafts.get(source.rel)
        if isinstance(known, Draft) and known.source.sha == source.sha:
            return known
        if isinstance(known, Failure) and known.sha == source.sha:
            return known
        made: Draft | Failure
        try:
            if source.error is not None:
                raise source.error
            made = compile_source(source, self.name)
        except BaseException as error:  # RecursionError and MemoryError too
            problem = problem_of(error, source.path, code_file=code_name(source.path, source.sha))
            made = Failure(source.sha, problem, problem, frozenset())
        self._drafts[source.rel] = made
        return made

    def _load(self, listing: Listing, changed: set[str]) -> None:
        stale = self._stale(changed)
        gone = {rel for rel in changed if rel not in listing.files}
        drafts: dict[str, Draft] = {}
        failed = {rel: failure for rel, failure in self.failures.items() if rel not in stale}
        for rel in stale - gone:
            made = self._draft(listing.files[rel]) if rel in changed else self._draft_at_hand(rel)
            if isinstance(made, Draft):
                drafts[rel] = made
            else:
                failed[rel] = made
        kept = {rel: unit for rel, unit in self.units.items() if rel not in stale and rel not in failed}
        generation = Generation(self.name, self.origin, drafts, kept, failed, self._limit)
        generation.run()
        last_good = {rel: unit for rel, unit in self.units.items() if rel in generation.failed}
        self.units = {**last_good, **kept, **generation.loaded}
        self.failures = generation.failed
        generation.bind(self.units)
        self.named.update(generation.loaded.values())
        self.has_former = True

    def _draft_at_hand(self, rel: str) -> Draft | Failure:
        """What a file that did not change itself was last compiled to."""
        failure = self.failures.get(rel)
        if failure is not None:
            return failure.draft or failure
        return self.units[rel].draft

    def _stale(self, changed: set[str]) -> set[str]:
        """`changed` and every file that imports one of them, directly or not."""
        edges: list[tuple[str, frozenset[str] | set[str]]] = [
            *((rel, unit.edges | unit.eager) for rel, unit in self.units.items() if rel not in self.failures),
            *((rel, failure.edges) for rel, failure in self.failures.items()),
        ]
        stale, fresh = set(changed), set(changed)
        while fresh:
            fresh = {rel for rel, used in edges if rel not in stale and not fresh.isdisjoint(used)}
            stale |= fresh
        return stale

    def revive(self, source: VersionSource) -> Unit:
        """Load the files of an earlier version beside what is in force. Raises `ExecutorError`."""
        name = Path(source.root).name
        first = next(iter(source.files))
        drafts = {}
        for rel, content in source.files.items():
            sha = hashlib.sha256(content).hexdigest()
            drafts[rel] = compile_source(Source(rel, f"{source.root}/{rel}", sha, content), name)
        generation = Generation(name, self.origin, drafts, {}, {}, self._limit)
        generation.run()
        if first in generation.failed:
            problem = generation.failed[first].problem
            raise ExecutorError(f"the earlier version cannot be loaded: {problem.text}", "Run the present one instead")
        generation.bind(generation.loaded)
        self.named.update(generation.loaded.values())
        self.has_former = True
        return generation.loaded[first]

    def retire(self, in_use: Collection[str]) -> None:
        """Drop the names of modules that no unit in force and no run uses any more."""
        pinned = {unit for unit in self.named if unit.version in in_use and unit.specs}
        live = reachable([*self.units.values(), *pinned])
        code_in_use = {unit.draft.code.co_filename for unit in live}
        for unit in self.named - live:
            unit.forget(unit.draft.code.co_filename in code_in_use)
        self.named &= live
        self.has_former = bool(pinned.difference(self.units.values()))

    def claims(self) -> Iterator[tuple[ExecutorSpec, bool]]:
        """Every executor of the folder by path order, with whether it was registered with override=True."""
        for _, unit in sorted(self.units.items()):
            for registration, spec in zip(unit.registrations, unit.specs, strict=False):
                yield spec, registration.override

    def problems(self) -> Iterator[Problem]:
        for prefix, words in sorted(self.blind.items()):
            yield Problem(f"{self.root}/{prefix}" if prefix else self.root, None, words)
        for rel in sorted({*self.units, *self.failures}):
            if rel in self.failures:
                yield self.failures[rel].problem
            else:
                yield from self.units[rel].problems


def _merge(shelves: Iterable[_Shelf]) -> tuple[dict[str, ExecutorSpec], list[Problem]]:
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


def _blind_words(error: OSError) -> str:
    words = "the folder is not there" if isinstance(error, FileNotFoundError) else (error.strerror or str(error))
    return f"{type(error).__name__}: {words}"
