"""A generation: the changed files of a folder and all that import them, loaded together in dependency order."""

from __future__ import annotations

import contextvars
import ctypes
import hashlib
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.catalogue import Origin, Problem
from engine.imports import private_builtins
from engine.problems import problem_at, problem_of
from engine.unit import BrokenImport, Draft, Failure, Parts, Unit, dependents, package_of


class Bound:
    """The neighbours of a unit whose generation is complete: later imports see what the unit was loaded with."""

    def __init__(self, folder: str, is_package: bool, files: Mapping[str, Unit | Failure]) -> None:
        self.folder = folder
        self.is_package = is_package
        self._files = files

    def has(self, rel: str) -> bool:
        return rel in self._files

    def has_under(self, parts: Parts) -> bool:
        return _has_under(self._files, parts)

    def unit(self, rel: str, importer: Unit) -> Unit:
        found = self._files[rel]
        if isinstance(found, Failure):
            raise BrokenImport(found.root)
        return found

    def cycle(self, rel: str) -> str:
        return rel


class Generation:
    """Loads `drafts`, beside what stays: `kept` units and `failed` files. Then `loaded` and `failed` hold the outcome.

    Every file runs in a thread of its own for at most `limit` seconds; one that does not end is left behind there, and
    the others go on. Drafts that are `loaded` already are not run again, only bound.
    """

    def __init__(
        self,
        folder: str,
        origin: Origin,
        drafts: Mapping[str, Draft],
        kept: Mapping[str, Unit],
        failed: Mapping[str, Failure],
        limit: float,
        loaded: Mapping[str, Unit] | None = None,
    ) -> None:
        self.folder = folder
        self.origin = origin
        self.drafts = drafts
        self.kept = kept
        self.failed = dict(failed)
        self.loaded: dict[str, Unit] = dict(loaded or {})
        self.limit = limit
        self.is_package = self.has("__init__.py")
        self._running: dict[str, Unit] = {}
        self._lock = threading.Lock()  # an import may end at the very moment at which it is given up
        self._is_given_up = False
        self._dues: Iterator[str] = iter(())
        self._worker: threading.Thread | None = None
        self._now: tuple[str | None, float] = (None, 0.0)
        """What it is loading, and since when (monotonic)."""
        self._builtins = private_builtins()

    # ------------------------------------------------------------------ the neighbours of the units that it loads

    def has(self, rel: str) -> bool:
        return rel in self.drafts or rel in self.kept or rel in self.failed

    def has_under(self, parts: Parts) -> bool:
        return any(_has_under(files, parts) for files in (self.drafts, self.kept, self.failed))

    def unit(self, rel: str, importer: Unit) -> Unit:
        if not importer.ready and self._running.get(importer.rel) is not importer:
            raise SystemExit("this import was given up")  # what is left behind must not load anything
        unit = self.loaded.get(rel) or self._running.get(rel) or self.kept.get(rel)
        if unit is None:
            if rel in self.failed:
                raise BrokenImport(self.failed[rel].root)
            unit = self._execute(rel)
        importer.eager.add(rel)
        return unit

    def cycle(self, rel: str) -> str:
        names = list(self._running)
        return " → ".join([*names[names.index(rel) :], rel]) if rel in self._running else rel

    # ------------------------------------------------------------------ loading

    def run(self, patience: float | None = None) -> Late | None:
        """Load every draft; never raises for what the files do.

        With `patience` (seconds) it ends at the first file whose import takes longer: that one goes on by itself, with
        all that needs it, and the caller loads the rest in another generation.
        """
        is_patient = patience is None or patience >= self.limit
        self._dues = self._due()
        while True:
            thread = self._start()
            stuck = self._wait(thread, self.limit if patience is None or is_patient else patience)
            if stuck is None:
                break
            if not is_patient:
                return self._put_aside(stuck, thread)
            self.abandon(thread)
        self._spread_failures()
        return None

    def _due(self) -> Iterator[str]:
        for rel in self._order():
            for due in (*packages(rel), rel):
                if due in self.drafts and due not in self.loaded and due not in self.failed:
                    yield due

    def _put_aside(self, due: str, thread: threading.Thread) -> Late:
        with self._lock:
            stuck, loaded = {due, *self._running}, dict(self.loaded)
        edges = [
            (rel, {*draft.edges, *packages(rel), *(loaded[rel].eager if rel in loaded else ())})
            for rel, draft in self.drafts.items()
        ]
        aside = {rel: self.drafts[rel] for rel in dependents(stuck, edges) if rel not in self.failed}
        done = {rel: unit for rel, unit in loaded.items() if rel not in aside}
        return Late(self, thread, aside, done, time.monotonic() + self.limit)

    def give_up(self, thread: threading.Thread) -> None:
        """End what goes on by itself; its outcome is not wanted any more."""
        with self._lock:
            self._is_given_up = True
            stuck, self._running = list(self._running.values()), {}
        for unit in stuck:
            unit.forget(code_in_use=False)
        _interrupt(thread)

    def used_by(self, rels: Collection[str]) -> set[str]:
        """The files that these ones imported up to now."""
        with self._lock:
            units = {**self._running, **self.loaded}
        return {used for rel in rels if rel in units for used in (*units[rel].edges.copy(), *units[rel].eager.copy())}

    def bind(self, current: Mapping[str, Unit]) -> None:
        """Fix what the loaded units use; `current` are the units in force, with last good ones where a file failed."""
        for unit in self.loaded.values():
            files: dict[str, Unit | Failure] = {}
            for rel in unit.edges | unit.eager:
                if found := current.get(rel) or self.failed.get(rel):
                    files[rel] = found
            unit.neighbours = Bound(self.folder, self.is_package, files)
            unit.uses = {rel: used for rel, used in files.items() if isinstance(used, Unit)}
        for unit in self.loaded.values():
            unit.seal(version_of)

    def _order(self) -> Iterator[str]:
        """Dependencies first, else by path; iterative, so a long chain of helpers needs no deep stack."""
        seen: set[str] = set()
        for start in sorted(self.drafts):
            todo = [(start, False)]
            while todo:
                rel, is_done = todo.pop()
                if is_done:
                    yield rel
                elif rel not in seen:
                    seen.add(rel)
                    todo.append((rel, True))
                    todo += [
                        (edge, False) for edge in sorted(self.drafts[rel].edges, reverse=True) if edge in self.drafts
                    ]

    def _start(self) -> threading.Thread:
        """One thread for all files, until one does not end: a thread for each costs as much as loading it."""

        def work() -> None:
            while due := self._next():
                thread.name = f"import {due}"
                try:
                    contextvars.copy_context().run(self._execute, due)
                except BaseException:  # SystemExit too; it is kept in `failed` already
                    pass

        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work,), daemon=True)
        self._worker = thread
        thread.start()
        return thread

    def _next(self) -> str | None:
        """The next file to load, for the thread that is not given up."""
        with self._lock:
            if self._worker is not threading.current_thread():
                return None
            due = next(self._dues, None)
            self._now = (due, time.monotonic())
            return due

    def _wait(self, thread: threading.Thread, seconds: float) -> str | None:
        """Until all is loaded, or a file takes longer than that: which one, the thread takes no other then."""
        while thread.is_alive():
            now = due, since = self._now
            rest = since + seconds - time.monotonic() if due else seconds
            if rest > 0:
                thread.join(rest)
                continue
            with self._lock:
                if self._now is now:
                    self._worker = None
                    return due
        return None

    def _execute(self, rel: str) -> Unit:
        draft = self.drafts[rel]
        unit = Unit.of(draft, self, self._builtins)
        with self._lock:
            self._running[rel] = unit
        try:
            if self._is_given_up:
                raise SystemExit("this import was given up")
            unit.run(self.origin)
        except BaseException as error:
            if self._ends(unit, well=False):
                self._fail(unit, error)
            failure = self.failed.get(rel)
            if failure is None:  # given up, by who knows what to do with it
                raise
            raise BrokenImport(failure.root) from error
        if not self._ends(unit, well=True):
            raise SystemExit("this import was given up")
        return unit

    def _ends(self, unit: Unit, *, well: bool) -> bool:
        """Take it from what is running; False when it was given up before."""
        with self._lock:
            if self._running.get(unit.rel) is not unit:
                return False
            del self._running[unit.rel]
            if well:
                unit.ready = True
                self.loaded[unit.rel] = unit
            return True

    def _fail(self, unit: Unit, error: BaseException) -> None:
        code_file = unit.draft.code.co_filename
        if isinstance(error, BrokenImport):
            problem = problem_of(error, unit.draft.source.path, code_file=code_file, text=str(error))
            self._record(unit, problem, error.root)
        else:
            problem = problem_of(error, unit.draft.source.path, code_file=code_file)
            self._record(unit, problem, problem)

    def _record(self, unit: Unit, problem: Problem, root: Problem) -> None:
        edges = frozenset(unit.edges | unit.eager)
        self.failed[unit.rel] = Failure(unit.draft.source.sha, problem, root, edges, unit.draft)
        unit.forget(code_in_use=False)

    def abandon(self, thread: threading.Thread) -> None:
        """Give up on what `thread` imports: the innermost file is at fault, those that import it cannot go on."""
        with self._lock:
            stuck, self._running = dict(self._running), {}
        frame = sys._current_frames().get(thread.ident or 0)
        root: Problem | None = None
        for unit in reversed(stuck.values()):
            source, code_file = unit.draft.source, unit.draft.code.co_filename
            text = str(BrokenImport(root)) if root else f"TimeoutError: the import did not end within {self.limit:g} s"
            problem = problem_at(frame, source.path, code_file, text)
            root = root or problem
            self._record(unit, problem, root)
        _interrupt(thread)

    def _spread_failures(self) -> None:
        """Units that hold a half-made module (an import cycle) of a file that failed have failed as well."""
        hit = True
        while hit:
            hit = False
            for rel, unit in list(self.loaded.items()):
                cause = next((self.failed[used] for used in sorted(unit.eager) if used in self.failed), None)
                if cause is not None:
                    hit = True
                    del self.loaded[rel]
                    self._fail(unit, BrokenImport(cause.root))


@dataclass(slots=True, eq=False)
class Late:
    """Files that are put aside because an import takes long: `drafts` are that file and all that need it.

    `done` is what the generation had loaded before, `deadline` (monotonic) when it is given up.
    """

    generation: Generation
    thread: threading.Thread
    drafts: dict[str, Draft]
    done: Mapping[str, Unit]
    deadline: float

    @property
    def is_due(self) -> bool:
        return not self.thread.is_alive() or time.monotonic() >= self.deadline

    def concerns(self, changed: Collection[str]) -> bool:
        """Whether a change of these files makes its outcome stale."""
        used = self.generation.used_by(self.drafts).union(self.drafts, *(draft.edges for draft in self.drafts.values()))
        return not used.isdisjoint(changed)

    def rest(self) -> dict[str, Draft]:
        """The drafts of the generation that it did not come to."""
        made = self.generation
        return {
            rel: draft
            for rel, draft in made.drafts.items()
            if rel not in self.drafts and rel not in self.done and rel not in made.failed
        }

    def outcome(self, current: Mapping[str, Unit]) -> tuple[dict[str, Unit], dict[str, Failure]]:
        """What its thread loaded and what failed; nothing loaded where that used what is not in force any more."""
        made = self.generation
        if self.thread.is_alive():
            made.abandon(self.thread)
        loaded = {rel: unit for rel, unit in made.loaded.items() if rel in self.drafts}
        failed = {rel: failure for rel, failure in made.failed.items() if rel in self.drafts}
        fresh = all(
            used in loaded or used in failed or current.get(used) is (made.loaded.get(used) or made.kept.get(used))
            for unit in loaded.values()
            for used in unit.eager
        )
        return (loaded if fresh else {}), failed

    def forget(self, adopted: Collection[Unit]) -> None:
        """Drop the names of what it loaded and nobody took over."""
        for rel, unit in list(self.generation.loaded.items()):
            if unit not in adopted and rel not in self.done:
                unit.forget(code_in_use=False)


def _interrupt(thread: threading.Thread) -> None:
    """Ends a loop in Python code; a blocked call stays behind."""
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


def version_of(unit: Unit) -> str:
    """The content hash (hex) over a file and all the helpers it uses; of a file without helpers, its own SHA-256."""
    helpers = sorted((used.rel, used.draft.source.sha) for used in unit.reachable() if used is not unit)
    if not helpers:
        return unit.draft.source.sha
    lines = [unit.draft.source.sha, *(f"{rel}\0{sha}" for rel, sha in helpers)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def packages(rel: str) -> Iterator[str]:
    """The `__init__.py` of each package that `rel` lies in, outermost first: Python runs those before it."""
    parts = package_of(rel)
    return (f"{'/'.join(parts[:size])}/__init__.py" for size in range(1, len(parts) + 1))


def _has_under(files: Mapping[str, object], parts: Parts) -> bool:
    prefix = "/".join(parts) + "/"
    return any(rel.startswith(prefix) for rel in files)
