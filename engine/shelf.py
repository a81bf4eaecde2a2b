"""One folder of executors: the units in force, and how they follow what lies on the disk."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from engine.cache import Cache
from engine.catalogue import ExecutorSpec, Origin, Problem
from engine.errors import ExecutorError
from engine.flow_file import is_flow_name
from engine.flow_shelf import FlowShelf
from engine.generation import Generation, Late, packages
from engine.problems import code_name, problem_of
from engine.repair import imports
from engine.sources import Source, is_source_name, read, scan
from engine.unit import Draft, Failure, Unit, compile_source, dependents, reachable
from engine.version_source import VersionSource

SETTLE = (0.05, 0.25)
"""Seconds after which a file that looks half-written, emptied or gone is looked at again; then it is taken for it."""
LATE_LOOK = 0.05
"""Seconds between two looks at an import that goes on by itself."""
IMPATIENT = 0.05
"""Seconds that a file may take once another is being waited for: many slow ones must not add up."""


class Shelf:
    """One folder's state: the units in force and the files that failed (a file may have both)."""

    def __init__(self, path: Path, origin: Origin, import_limit: float, cache: Cache) -> None:
        path = Path(os.path.abspath(path))
        self.root, self.name = str(path), path.name
        self.prefix = self.root.rstrip(os.sep) + os.sep
        self.origin = origin
        self.units: dict[str, Unit] = {}
        self.failures: dict[str, Failure] = {}
        self.flows = FlowShelf(self.root, origin)
        self.named: set[Unit] = set()
        """Units whose modules have names in `sys.modules`."""
        self.has_former = False
        """Whether some of them may not be in force any more."""
        self._limit = import_limit
        self._cache = cache
        self._blind: dict[str, str] = {}
        self._folders: set[str] = set()
        """The folders of the last full look: what is new in one of them need not be looked for."""
        self._drafts: dict[str, Draft | Failure] = {}
        self._doubts: dict[str, float] = {}
        """Files that look half-written, emptied or gone, and since when (monotonic): editors and copies write in steps.

        The others need not wait for them.
        """
        self._late: list[Late] = []

    @property
    def due(self) -> float | None:
        """Seconds until it wants another look whatever the disk says, None for never."""
        now = time.monotonic()
        due = [
            next((s for s in (since + pause - now for pause in SETTLE) if s > 0), 0.0)
            for since in self._doubts.values()
        ]
        if self._late:
            due.append(LATE_LOOK)
        return min(due, default=None)

    def refresh(self, named: Collection[str] | None, patience: float | None) -> bool:
        """Bring the state up to the disk; False when nothing changed.

        `named`: look at these paths only (and at what is waited for), if that is possible. `patience`: seconds after
        which an import goes on by itself, to be taken in by a later call; None waits for as long as imports may take.
        """
        rels = None if named is None else self._rels(named)
        files, gone, is_news = self._look_at_all() if rels is None else self._look_at(rels)
        changed, gone = self._without_doubtful(files, gone)
        flows = {rel for rel in changed if is_flow_name(rel)}, {rel for rel in gone if is_flow_name(rel)}
        is_news |= self.flows.take({rel: files[rel] for rel in flows[0]}, flows[1])
        changed, gone = changed - flows[0], gone - flows[1]
        if changed or gone or any(late.is_due for late in self._late):
            before = self.units, self.failures
            self._load({rel: files[rel] for rel in changed}, gone, patience)
            is_news |= before != (self.units, self.failures)
        self._drafts = {rel: draft for rel, draft in self._drafts.items() if rel in self._doubts}
        return is_news

    # ------------------------------------------------------------------ looking

    def _look_at_all(self) -> tuple[dict[str, Source], set[str], bool]:
        """Every file; those that are gone; and whether what cannot be seen changed."""
        listing = scan(self.root)
        self._folders = listing.folders
        blind = {prefix: _blind_words(error) for prefix, error in listing.blind.items()}
        is_news, self._blind = blind != self._blind, blind
        known = {*self.units, *self.failures, *self.flows.known, *(rel for late in self._late for rel in late.drafts)}
        gone = {rel for rel in known if rel not in listing.files and not listing.hides(rel)}
        return listing.files, gone, is_news

    def _look_at(self, rels: Collection[str]) -> tuple[dict[str, Source], set[str], bool]:
        files, gone = {}, set()
        for rel in {*rels, *self._doubts}:
            if source := read(rel, f"{self.root}/{rel}"):
                files[rel] = source
            elif self._sha_of(rel) is not None:
                gone.add(rel)
        return files, gone, False

    def _rels(self, named: Collection[str]) -> set[str] | None:
        """The files among these paths that matter here; None where only a full look tells what they mean."""
        rels = set()
        for path in named:
            if not path.startswith(self.prefix):
                if path == self.root:
                    return None
                continue
            rel = path[len(self.prefix) :].replace(os.sep, "/")
            folder, _, name = rel.rpartition("/")
            if self._sha_of(rel) is not None or (folder in self._folders and is_source_name(name)):
                rels.add(rel)
            elif is_source_name(name) or rel in self._folders or os.path.isdir(path):
                return None
        return rels

    def _sha_of(self, rel: str) -> str | None:
        """Which content of the file is known, None when the file is not."""
        if is_flow_name(rel):
            return self.flows.sha_of(rel)
        for late in self._late:
            if rel in late.drafts:
                return late.drafts[rel].source.sha
        if rel in self.failures:
            return self.failures[rel].sha
        return self.units[rel].draft.source.sha if rel in self.units else None

    def _without_doubtful(self, files: Mapping[str, Source], gone: set[str]) -> tuple[set[str], set[str]]:
        """What changed and what is gone, without what may look otherwise in a moment."""
        changed = {rel for rel, source in files.items() if self._sha_of(rel) != source.sha}
        new = {rel for rel in changed if self._sha_of(rel) is None}
        moved = {files[rel].sha for rel in new}
        doubtful = {rel for rel in changed if self._looks_unfinished(files[rel])}
        missed = {rel for rel in gone if self._sha_of(rel) not in moved}
        now = time.monotonic()
        doubts = {rel: since for rel in doubtful | missed if now - (since := self._doubts.get(rel, now)) < SETTLE[-1]}
        if not missed.isdisjoint(doubts):  # a renamed and edited file must not clash with itself for a moment
            doubts |= {rel: self._doubts.get(rel, now) for rel in new}
        self._doubts = doubts
        return changed.difference(doubts), gone.difference(doubts)

    def _looks_unfinished(self, source: Source) -> bool:
        if is_flow_name(source.rel):
            return self.flows.looks_unfinished(source)
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
            made = compile_source(source, self.name, self._cache)
            if imports.marks is not None and (why := imports.marks.refusal(source, self.root)):
                problem = Problem(source.path, None, why)
                made = Failure(source.sha, problem, problem, made.edges)
        except BaseException as error:  # RecursionError and MemoryError too
            problem = problem_of(error, source.path, code_file=code_name(source.path, source.sha))
            made = Failure(source.sha, problem, problem, frozenset())
        self._drafts[source.rel] = made
        return made

    # ------------------------------------------------------------------ loading

    def _load(self, files: Mapping[str, Source], gone: set[str], patience: float | None) -> None:
        redone, loaded, failed = self._take_in({*files, *gone})
        stale = self._stale({*files, *gone, *redone})
        drafts: dict[str, Draft] = {}
        failed |= {rel: failure for rel, failure in self.failures.items() if rel not in stale}
        for rel in stale.difference(gone, failed):
            made = self._draft(files[rel]) if rel in files else redone.get(rel) or self._draft_at_hand(rel)
            if isinstance(made, Draft):
                drafts[rel] = made
            else:
                failed[rel] = made
        for late in self._late:  # what imports a file that is waited for waits with it
            waiting = dependents(late.drafts, [(rel, draft.edges) for rel, draft in drafts.items()])
            late.drafts |= {rel: drafts.pop(rel) for rel in waiting if rel in drafts}
        kept = {rel: unit for rel, unit in self.units.items() if rel not in stale and rel not in failed}
        loaded = {rel: unit for rel, unit in loaded.items() if rel in drafts}
        self._generate(Generation(self.name, self.origin, drafts, kept, failed, self._limit, loaded), gone, patience)

    def _generate(self, generation: Generation, gone: set[str], patience: float | None) -> None:
        """Run it; what takes long is put aside, and the rest goes on as a generation of its own."""
        if patience is not None and self._late:
            patience = IMPATIENT
        loaded: dict[str, Unit] = {}
        while late := generation.run(patience):
            self._late.append(late)
            patience = IMPATIENT
            kept = {rel: unit for rel, unit in generation.kept.items() if rel not in late.drafts} | dict(late.done)
            loaded |= late.done
            failed = {rel: failure for rel, failure in generation.failed.items() if rel not in late.drafts}
            generation = Generation(self.name, self.origin, late.rest(), kept, failed, self._limit)
        generation.loaded |= {rel: unit for rel, unit in loaded.items() if rel not in generation.loaded}
        in_force = {rel: unit for rel, unit in self.units.items() if rel not in gone}
        waiting = {rel for each in self._late for rel in each.drafts}
        last_good = {rel: unit for rel, unit in in_force.items() if rel in generation.failed or rel in waiting}
        still = {rel: failure for rel, failure in self.failures.items() if rel in waiting and rel not in gone}
        self.units = {**last_good, **generation.kept, **generation.loaded}
        self.failures = {**still, **generation.failed}
        generation.bind(self.units)
        self.named.update(generation.loaded.values())
        self.has_former = True

    def _take_in(self, changed: Collection[str]) -> tuple[dict[str, Draft], dict[str, Unit], dict[str, Failure]]:
        """The imports that went on by themselves and ended, or do not matter any more since a file of theirs changed.

        Gives the drafts to load (again), those units among them that need not run again, and what failed.
        """
        drafts: dict[str, Draft] = {}
        loaded: dict[str, Unit] = {}
        failed: dict[str, Failure] = {}
        for late in list(self._late):
            if late.concerns(changed):
                late.generation.give_up(late.thread)
            elif late.is_due:
                ended, broken = late.outcome(self.units)
                loaded |= ended
                failed |= broken
            else:
                continue
            self._late.remove(late)
            late.forget(loaded.values())
            drafts |= late.drafts
        return drafts, loaded, failed

    def _draft_at_hand(self, rel: str) -> Draft | Failure:
        """What a file that did not change itself was last compiled to."""
        failure = self.failures.get(rel)
        if failure is not None:
            return failure.draft or failure
        return self.units[rel].draft

    def _stale(self, changed: Collection[str]) -> set[str]:
        """`changed` and every file that imports one of them, directly or not."""
        edges: list[tuple[str, Collection[str]]] = [
            *((rel, unit.edges | unit.eager) for rel, unit in self.units.items() if rel not in self.failures),
            *((rel, failure.edges) for rel, failure in self.failures.items()),
        ]
        return dependents(changed, edges)

    def attempt(self, rel: str) -> Problem | None:
        """Import one file, with those that it needs, into nothing; what is wrong with it."""
        drafts: dict[str, Draft] = {}
        todo = [rel]
        while todo:
            due = todo.pop()
            source = read(due, f"{self.root}/{due}")
            if due in drafts or source is None or not isinstance(made := self._draft(source), Draft):
                continue
            drafts[due] = made
            todo += [*made.edges, *packages(due)]
        generation = Generation(self.name, self.origin, drafts, {}, {}, self._limit)
        generation.run()
        failure = generation.failed.get(rel)
        return failure.problem if failure is not None else None

    def revive(self, source: VersionSource) -> Unit:
        """Load the files of an earlier version beside what is in force. Raises `ExecutorError`."""
        name = Path(source.root).name
        first = next(iter(source.files))
        drafts = {}
        for rel, content in source.files.items():
            sha = hashlib.sha256(content).hexdigest()
            drafts[rel] = compile_source(Source(rel, f"{source.root}/{rel}", sha, content), name, self._cache)
        generation = Generation(name, self.origin, drafts, {}, {}, self._limit)
        generation.run()
        if first in generation.failed:
            problem = generation.failed[first].problem
            raise ExecutorError(f"the earlier version cannot be loaded: {problem.text}", "Run the present one instead")
        # its helpers are all that was kept with it, also those that a package only had since others imported them
        generation.loaded[first].eager.update(rel for rel in source.files if rel != first)
        generation.bind(generation.loaded)
        self.named.update(generation.loaded.values())
        self.has_former = True
        return generation.loaded[first]

    # ------------------------------------------------------------------ what it holds

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
        for prefix, words in sorted(self._blind.items()):
            yield Problem(f"{self.root}/{prefix}" if prefix else self.root, None, words)
        for rel in sorted({*self.units, *self.failures}):
            if rel in self.failures:
                yield self.failures[rel].problem
            else:
                yield from self.units[rel].problems
        yield from self.flows.told()


def _blind_words(error: OSError) -> str:
    words = "the folder is not there" if isinstance(error, FileNotFoundError) else (error.strerror or str(error))
    return f"{type(error).__name__}: {words}"
