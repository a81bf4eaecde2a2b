"""The runs that the history holds: pages as they are read, and what changes on top of them and in them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from engine.history import Run, TaskCounts
from engine.task import TaskStatus

PAGE = 100
"""Runs read at once."""


class RunList:
    """Newest first by `seq`. `is_whole` once the last page was read."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.is_whole = False
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def before(self) -> int | None:
        """Where the next page begins."""
        return self.runs[-1].seq if self.runs else None

    @property
    def count_words(self) -> str:
        """`12` once the end is reached, `200+` before."""
        return f"{len(self.runs):,}" if self.is_whole else f"{len(self.runs):,}+"

    def place(self, run_id: str | None) -> int | None:
        """Where a run stands; None when it is not held."""
        return self._places.get(run_id or "")

    def get(self, run_id: str | None) -> Run | None:
        place = self.place(run_id)
        return self.runs[place] if place is not None else None

    def start(self, page: Sequence[Run]) -> None:
        """The first page of another filter."""
        self.is_whole = len(page) < PAGE
        self._set(list(page))

    def extend(self, page: Sequence[Run]) -> None:
        """The next page."""
        self.is_whole = len(page) < PAGE
        self._set([*self.runs, *(run for run in page if run.id not in self._places)])

    def renew(self, page: Sequence[Run]) -> None:
        """The first page as it is now: what stands in its range and not in it is gone."""
        if len(page) < PAGE:
            self.start([self._with_counts(run) for run in page])
            return
        last = page[-1].seq
        self._set([*map(self._with_counts, page), *(run for run in self.runs if run.seq < last)])

    def take(self, found: Iterable[Run], asked: Collection[str]) -> None:
        """Runs that were looked at again: those that were not found do not fit any more."""
        fresh = {run.id: self._with_counts(run) for run in found}
        self._set([fresh.get(run.id, run) for run in self.runs if run.id in fresh or run.id not in asked])

    def count(self, counts: dict[str, TaskCounts]) -> bool:
        """The tasks of runs that have not ended; whether that changes anything."""
        before = self.runs
        self.runs = [
            replace(run, counts=counts[run.id])
            if run.id in counts and run.ended_at is None and run.counts != counts[run.id]
            else run
            for run in before
        ]
        return any(one is not other for one, other in zip(before, self.runs, strict=True))

    def live(self) -> list[str]:
        """The ids of those that have not ended."""
        return [run.id for run in self.runs if run.status is TaskStatus.IN_PROGRESS]

    def _with_counts(self, run: Run) -> Run:
        """A run that was read without counts keeps those that it had."""
        held = self.get(run.id)
        if held is None or run.ended_at is not None or run.counts.total:
            return run
        return replace(run, counts=held.counts)

    def _set(self, runs: list[Run]) -> None:
        self.runs = runs
        self._places = {run.id: place for place, run in enumerate(runs)}
