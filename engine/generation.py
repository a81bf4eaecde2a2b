"""A generation: the changed files of a folder and all that import them, loaded together in dependency order."""

from __future__ import annotations

import contextvars
import ctypes
import hashlib
import sys
import threading
from collections.abc import Iterator, Mapping

from engine.catalogue import Origin, Problem
from engine.imports import private_builtins
from engine.problems import problem_at, problem_of
from engine.unit import BrokenImport, Draft, Failure, Parts, Unit, package_of


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
    the others go on.
    """

    def __init__(
        self,
        folder: str,
        origin: Origin,
        drafts: Mapping[str, Draft],
        kept: Mapping[str, Unit],
        failed: Mapping[str, Failure],
        limit: float,
    ) -> None:
        self.folder = folder
        self.origin = origin
        self.drafts = drafts
        self.kept = kept
        self.failed = dict(failed)
        self.loaded: dict[str, Unit] = {}
        self.limit = limit
        self.is_package = self.has("__init__.py")
        self._running: dict[str, Unit] = {}
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

    def run(self) -> None:
        """Load every draft; never raises for what the files do."""
        for rel in self._order():
            for due in (*_packages(rel), rel):
                if due in self.drafts and due not in self.loaded and due not in self.failed:
                    self._execute_in_thread(due)
        self._spread_failures()

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

    def _execute_in_thread(self, rel: str) -> None:
        def execute() -> None:
            try:
                self._execute(rel)
            except BaseException:  # SystemExit too; it is kept in `failed` already
                pass

        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(execute,), name=f"import {rel}", daemon=True)
        thread.start()
        thread.join(self.limit)
        if thread.is_alive():
            self._abandon(thread)

    def _execute(self, rel: str) -> Unit:
        draft = self.drafts[rel]
        unit = Unit.of(draft, self, self._builtins)
        self._running[rel] = unit
        try:
            unit.run(self.origin)
        except BaseException as error:
            if self._running.get(rel) is unit:
                del self._running[rel]
                self._fail(unit, error)
            root = self.failed[rel].root
            raise BrokenImport(root) from error
        if self._running.get(rel) is not unit:
            raise SystemExit("this import was given up")
        del self._running[rel]
        unit.ready = True
        self.loaded[rel] = unit
        return unit

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

    def _abandon(self, thread: threading.Thread) -> None:
        """Give up on what `thread` imports: the innermost file is at fault, those that import it cannot go on."""
        stuck, self._running = dict(self._running), {}
        frame = sys._current_frames().get(thread.ident or 0)
        root: Problem | None = None
        for unit in reversed(stuck.values()):
            source, code_file = unit.draft.source, unit.draft.code.co_filename
            text = str(BrokenImport(root)) if root else f"TimeoutError: the import did not end within {self.limit:g} s"
            problem = problem_at(frame, source.path, code_file, text)
            root = root or problem
            self._record(unit, problem, root)
        if thread.ident is not None and thread.is_alive():  # ends a loop in Python code; a blocked call stays behind
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))

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


def version_of(unit: Unit) -> str:
    """The content hash (hex) over a file and all the helpers it uses; of a file without helpers, its own SHA-256."""
    helpers = sorted((used.rel, used.draft.source.sha) for used in unit.reachable() if used is not unit)
    if not helpers:
        return unit.draft.source.sha
    lines = [unit.draft.source.sha, *(f"{rel}\0{sha}" for rel, sha in helpers)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _packages(rel: str) -> Iterator[str]:
    """The `__init__.py` of each package that `rel` lies in, outermost first: Python runs those before it."""
    parts = package_of(rel)
    return (f"{'/'.join(parts[:size])}/__init__.py" for size in range(1, len(parts) + 1))


def _has_under(files: Mapping[str, object], parts: Parts) -> bool:
    prefix = "/".join(parts) + "/"
    return any(rel.startswith(prefix) for rel in files)
