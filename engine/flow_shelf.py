"""The flow files of one folder: the flows in force, and how they follow what lies on the disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from engine.catalogue import Origin, Problem
from engine.problems import words
from engine.sources import Source

if TYPE_CHECKING:
    from engine.flow import FlowSpec

_Read = tuple["FlowSpec | None", tuple[Problem, ...]]


class FlowShelf:
    """`flows` are by path inside the folder. A file that is broken keeps its last good flow, beside its problems."""

    def __init__(self, root: str, origin: Origin) -> None:
        self.flows: dict[str, FlowSpec] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self._root = root
        self._origin = origin
        self._shas: dict[str, str] = {}
        self._reads: dict[str, tuple[str, _Read]] = {}
        """What a file was last read as, by its hash: it is looked at twice where it seems half-written."""

    @property
    def known(self) -> Collection[str]:
        return self._shas.keys()

    def sha_of(self, rel: str) -> str | None:
        """Which content of the file is known, None when the file is not."""
        return self._shas.get(rel)

    def looks_unfinished(self, source: Source) -> bool:
        """Whether a file may be half-written: it is empty, or no flow can be read in it."""
        return self._read(source)[0] is None

    def take(self, files: Mapping[str, Source], gone: Collection[str]) -> bool:
        """Take in what changed; whether anything did."""
        for rel in gone:
            for kept in (self.flows, self.problems, self._shas, self._reads):
                kept.pop(rel, None)
        for rel, source in files.items():
            spec, problems = self._read(source)
            self._shas[rel] = source.sha
            self._reads.pop(rel, None)
            if spec is not None:
                self.flows[rel] = spec
            self.problems.pop(rel, None)
            if problems:
                self.problems[rel] = problems
        return bool(files or gone)

    def claims(self) -> Iterator[FlowSpec]:
        """Every flow of the folder by path order."""
        return (spec for _, spec in sorted(self.flows.items()))

    def told(self) -> Iterator[Problem]:
        for _, problems in sorted(self.problems.items()):
            yield from problems

    def _read(self, source: Source) -> _Read:
        sha, known = self._reads.get(source.rel, ("", None))
        if known is None or sha != source.sha:
            known = self._read_anew(source)
            self._reads[source.rel] = source.sha, known
        return known

    def _read_anew(self, source: Source) -> _Read:
        from engine.flow import as_problem, read_flow  # with its libraries only where there are flows

        if source.error is not None:
            return None, (Problem(source.path, None, words(source.error)),)
        spec, problems = read_flow(source.content, source.path, origin=self._origin, root=self._root)
        former = self.flows.get(source.rel)
        flow_id = former.id if former is not None else None
        return spec, tuple(as_problem(problem, source.path, flow_id) for problem in problems)
