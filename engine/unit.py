"""One version of one file: its code, its module, and what it registered."""

from __future__ import annotations

import importlib.util
import itertools
import linecache
import logging
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from engine import code_cache
from engine.cache import Cache
from engine.catalogue import ExecutorSpec, Origin, Problem
from engine.executor import Registration, collecting
from engine.leftovers import tracking
from engine.module_view import ModuleView
from engine.output import importing
from engine.problems import code_name
from engine.repair import imports
from engine.sources import Source
from engine.spec import describe
from engine.version_source import VersionSource

if TYPE_CHECKING:
    import ast

PARENT = "_exec"
"""Modules of executor files are `_exec.NAME@SHA-N` in `sys.modules`: N makes each load's name its own."""
_numbers = itertools.count(1)

Parts = tuple[str, ...]


def candidates(parts: Parts) -> tuple[str, ...]:
    """The files that `import a.b` may mean, best first; () is the folder itself."""
    if not parts:
        return ("__init__.py",)
    base = "/".join(parts)
    return f"{base}/__init__.py", f"{base}.py"


def package_of(rel: str) -> Parts:
    """The package that the file's relative imports start from."""
    return tuple(rel.split("/")[:-1])


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that compiles. `edges` are the files (there or not) that its import statements may mean, lazy ones too."""

    source: Source
    code: CodeType
    edges: frozenset[str]


def compile_source(source: Source, folder: str, cache: Cache) -> Draft:
    """The code of the bytes that were read; `__pycache__` is never asked. `folder` is the folder's own name.

    What `cache` knows of just these bytes is taken from there. Raises whatever the compiler raises, mostly SyntaxError.
    """
    if (known := code_cache.recall(cache, source, folder)) is not None:
        return Draft(source, *known)
    import ast  # which is slow to come, and only needed here

    name = code_name(source.path, source.sha)
    tree: Any = compile(source.content, name, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    code = compile(tree, name, "exec", dont_inherit=True)
    found = {rel for parts in _imports(tree, package_of(source.rel), folder) for rel in candidates(parts)}
    edges = frozenset(found - {source.rel})
    code_cache.keep(cache, source, folder, code, edges)
    return Draft(source, code, edges)


def _imports(tree: ast.Module, package: Parts, folder: str) -> Iterator[Parts]:
    """Every module that the file names, with the packages that it lies in, as a path inside the folder."""
    import ast

    for node in _statements(tree):
        named: list[Parts] = []
        relative = False
        if isinstance(node, ast.Import):
            named = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            relative = node.level > 0
            base = package[: max(len(package) - node.level + 1, 0)] if relative else ()
            base += tuple(node.module.split(".")) if node.module else ()
            named = [base, *((*base, alias.name) for alias in node.names if alias.name != "*")]
        for parts in named:
            yield from (parts[:size] for size in range(0 if relative else 1, len(parts) + 1))
            if parts[:1] == (folder,):  # the folder may itself be a package that its files name in full
                yield from (parts[1:size] for size in range(1, len(parts) + 1))


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements, nested ones too; expressions hold no imports, so they are not walked (a third of the time)."""
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            todo.extend(getattr(node, name, ()))


class Neighbours(Protocol):
    """The files that a unit can import: those of its generation."""

    folder: str
    is_package: bool

    def has(self, rel: str) -> bool: ...
    def has_under(self, parts: Parts) -> bool: ...
    def unit(self, rel: str, importer: Unit) -> Unit:
        """Give the unit of `rel`, loading it if need be; raises `BrokenImport`."""
        ...

    def cycle(self, rel: str) -> str:
        """The import cycle that leads to `rel`, in words."""
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be loaded in its present state. `root` is the problem behind it, maybe in a helper."""

    sha: str
    problem: Problem
    root: Problem
    edges: frozenset[str]
    draft: Draft | None = None


class BrokenImport(Exception):
    """Raised at the line that imports a broken file of the folder; carries that file's problem."""

    def __init__(self, root: Problem) -> None:
        where = f"{root.file}, line {root.line}" if root.line else root.file
        super().__init__(f"{root.text} (in {where})")
        self.root = root


@dataclass(slots=True, eq=False)
class Unit:
    """One loaded version of one file. `uses` and `version` are known once its generation is complete.

    `edges` are the files whose change makes this one stale, `eager` those it imported while it ran.
    """

    draft: Draft
    module: ModuleType
    neighbours: Neighbours
    edges: set[str]
    eager: set[str] = field(default_factory=set)
    uses: dict[str, Unit] = field(default_factory=dict)
    namespaces: dict[Parts, ModuleType] = field(default_factory=dict)
    views: dict[str, ModuleView] = field(default_factory=dict)
    ready: bool = False
    version: str = ""
    registrations: list[Registration] = field(default_factory=list)
    specs: list[ExecutorSpec] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, draft: Draft, neighbours: Neighbours, builtins: Mapping[str, Any]) -> Unit:
        """Make the module, known to `sys.modules` and `linecache` under names of its own; nothing runs yet."""
        source = draft.source
        name = f"{PARENT}.{source.rel.removesuffix('.py')}@{source.sha[:10]}-{next(_numbers)}"
        module = ModuleType(name)
        unit = cls(draft, module, neighbours, set(draft.edges))
        is_package = source.rel.rpartition("/")[2] == "__init__.py"
        module.__dict__.update(
            __builtins__=builtins,
            __file__=source.path,
            __loader__=unit,
            __package__=name if is_package else PARENT,
        )
        if is_package:
            module.__path__ = []
        if PARENT not in sys.modules:
            parent = sys.modules[PARENT] = ModuleType(PARENT)
            parent.__path__ = []
            logging.getLogger(PARENT)
        sys.modules[name] = module
        linecache.lazycache(draft.code.co_filename, module.__dict__)
        return unit

    @property
    def rel(self) -> str:
        return self.draft.source.rel

    @property
    def text(self) -> str:
        """The source as text."""
        return importlib.util.decode_source(self.draft.source.content)

    def get_source(self, name: str) -> str:
        """The source, for linecache: tracebacks of this version show this version's lines, even after an edit."""
        return self.text

    def view(self, name: str) -> ModuleView:
        """What the file sees of a module that it must not change for others."""
        if name not in self.views:
            self.views[name] = ModuleView(name)
        return self.views[name]

    def run(self, origin: Origin) -> None:
        """Execute the file and describe what it registered. Raises whatever the file raises."""
        was = importing.set(True)
        try:
            self._execute()
            self._describe(origin)
        finally:
            importing.reset(was)

    def _execute(self) -> None:
        token = collecting.set(self.registrations)
        try:
            with imports.one(self.draft.source):
                exec(self.draft.code, self.module.__dict__)
        finally:
            if tracking.is_fork:  # a copy of the process that the file made: it is no engine
                os._exit(0)
            collecting.reset(token)

    def _describe(self, origin: Origin) -> None:
        code_file = self.draft.code.co_filename
        for registration in self.registrations:
            line = registration.line if registration.file == code_file else None
            spec, problem = describe(registration, origin=origin, file=self.draft.source.path, line=line)
            self.specs.append(spec)
            if problem is not None:
                self.problems.append(problem)

    def reachable(self) -> set[Unit]:
        """This unit and every one that it uses, directly or not."""
        return reachable([self])

    def seal(self, version: Callable[[Unit], str]) -> None:
        """Write the version into the specs, once all that it depends on is known."""
        self.version = version(self)
        self.specs = [replace(spec, version=self.version, source=self.source) for spec in self.specs]

    def source(self) -> VersionSource:
        """The files of this version: its own first, then those it uses."""
        others = sorted(self.reachable() - {self}, key=lambda used: used.rel)
        path = self.draft.source.path
        root = path.removesuffix(self.rel).rstrip("/") if path.endswith(self.rel) else ""
        return VersionSource(root, {used.rel: used.draft.source.content for used in (self, *others)})

    def forget(self, code_in_use: bool) -> None:
        """Drop the module's names; the code lives on in whoever still runs it."""
        sys.modules.pop(self.module.__name__, None)
        logging.root.manager.loggerDict.pop(self.module.__name__, None)
        if not code_in_use:
            linecache.cache.pop(self.draft.code.co_filename, None)


def reachable(units: Iterable[Unit]) -> set[Unit]:
    """`units` and all that they use."""
    found = set(units)
    todo = list(found)
    while todo:
        for used in todo.pop().uses.values():
            if used not in found:
                found.add(used)
                todo.append(used)
    return found


def dependents(changed: Iterable[str], edges: Iterable[tuple[str, Collection[str]]]) -> set[str]:
    """`changed` and every file that uses one of them, directly or not; `edges` are the files and what each uses."""
    users: dict[str, list[str]] = {}
    for rel, used in edges:
        for each in used:
            users.setdefault(each, []).append(rel)
    found = set(changed)
    todo = list(found)
    while todo:
        for rel in users.get(todo.pop(), ()):
            if rel not in found:
                found.add(rel)
                todo.append(rel)
    return found
