"""The runs pane: the tree, the line that filters or searches it, and a title that says what stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from time import perf_counter

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from engine.task import Task
from tui import first_steps
from tui.forest import Forest
from tui.keymap import keymap_of, label_of
from tui.row_filter import QUICK
from tui.row_order import NEWEST
from tui.text import safe_text
from tui.widgets.filter_line import FILTER, SEARCH, FilterLine
from tui.widgets.rows import Piece
from tui.widgets.task_tree import TaskTree

TITLE = "2 Runs"
SLICE = 0.008
"""Seconds of looking for matches between two looks at the keys."""
BREATH = 0.001
WORDS = 24
"""Characters of a filter that the title shows."""


class RunsPane(Vertical):
    """The tree and its filter line."""

    def __init__(
        self,
        forest: Forest,
        clock: Callable[[], datetime],
        tries: Callable[[Task], int] = lambda task: 1,
        current: Callable[[str], str | None] = lambda executor_id: "",
        *,
        title: str = TITLE,
        id: str | None = None,
    ) -> None:
        """`title` is clean."""
        super().__init__(id=id, classes="pane")
        self.forest = forest
        self._heading = title
        self._tree = TaskTree(forest, clock, tries, current)
        self._line = FilterLine()
        self._looking: Iterator[None] | None = None
        self._goes_to_match = False
        self._title = self._before = ""
        self.retitle()

    def compose(self) -> ComposeResult:
        yield self._line
        yield self._tree

    @property
    def rows(self) -> TaskTree:
        return self._tree

    @property
    def filter_line(self) -> FilterLine:
        return self._line

    def ready(self) -> None:
        """The history is read: from now on an empty pane says what to do."""
        self.rows.empty = self._no_runs()
        self.rows.resync()

    def _no_runs(self) -> Sequence[Piece]:
        return first_steps.no_runs(keymap_of(self.app))

    def _nothing(self) -> Sequence[Piece]:
        key = label_of(self.app, "runs.clear_filter")
        return (("nothing matches", "dim"), *([(f"{key} clears the filter", "dim")] if key else []))

    # The title

    def retitle(self, before: str | None = None) -> None:
        """Say in the title what stands: filter, search, order, following, marks; `before` is written first."""
        if before is not None:
            self._before = before
        title = " · ".join(self._standing())
        if f"{self._before}{title}" != self._title:
            self._title = f"{self._before}{title}"
            self.border_title = Content(self._title)

    def _standing(self) -> Iterator[str]:
        view, marks = self.forest.view, len(self.forest.marks)
        words = safe_text(view.search.text.strip(), limit=WORDS)
        if view.filter:
            yield f"{self._heading} {len(view.filter.hits):,}/{len(self.forest):,}"
            yield safe_text(view.filter.text.strip(), limit=WORDS)
        else:
            yield self._heading
            if view.search:
                yield f"{len(view.search.hits):,} found: {words}"
        if view.order.name != NEWEST:
            yield f"by {view.order.name}"
        if self.rows.following:
            yield "following"
        if marks:
            yield f"{marks:,} marked"

    @on(TaskTree.Retitled)
    def _retitled(self, event: TaskTree.Retitled) -> None:
        event.stop()
        self.retitle()

    # Filter and search

    def filter_status(self) -> None:
        """The next of the filters by status, in the place of one that stands; other words of the filter stay."""
        words = self.forest.filter.split()
        quick = [word for word in words if word in QUICK]
        place = QUICK.index(quick[0]) if quick else 0
        others = [word for word in words if word not in QUICK]
        self.filter_line.put(" ".join([*others, QUICK[(place + 1) % len(QUICK)]]).strip())

    def search(self) -> None:
        """Open the line for a search, which hides nothing; where a filter stands, its matches are walked through."""
        self.filter_line.open(SEARCH)

    def clear(self) -> bool:
        """Take back what stands: the filter, else the marks, else the search; whether there was one of them."""
        if self.filter_line.display:
            self.filter_line.close()
        elif self.forest.marks:
            self.forest.marks.clear()
            self.rows.marked()
        elif self.forest.view.search:
            self._look("", hide=False)
        else:
            return False
        return True

    @on(FilterLine.Changed)
    def _typed(self, event: FilterLine.Changed) -> None:
        event.stop()
        self._look(event.text.strip(), hide=self.filter_line.sign == FILTER)

    def _look(self, text: str, *, hide: bool) -> None:
        """Look for what matches; of 100,000 tasks in slices, in the place of a search that is still under way."""
        self._looking = self.forest.view.filtering(text, hide=hide)
        if hide:
            self.rows.empty = self._nothing() if text else self._no_runs()
        self._look_on(self._looking)

    def _look_on(self, looking: Iterator[None]) -> None:
        if looking is not self._looking:
            return  # something else was typed meanwhile
        until = perf_counter() + SLICE
        for _ in looking:
            if perf_counter() > until:
                self.set_timer(BREATH, lambda: self._look_on(looking))
                return
        self._looking = None
        self.rows.resync()
        if self._goes_to_match:
            self._to_match()

    @on(FilterLine.Left)
    def _left(self, event: FilterLine.Left) -> None:
        event.stop()
        self.screen.set_focus(self.rows)
        if not event.keep:
            self.filter_line.close()
        elif self.filter_line.sign == SEARCH:
            self.filter_line.hide()
            self._to_match()

    def _to_match(self) -> None:
        """From where the cursor is to the first match, once all are found."""
        self._goes_to_match = self._looking is not None
        if self._goes_to_match:
            return
        row = self.rows.row
        if row is None or row not in self.forest.view.search.hits:
            self.rows.action_match(1)

    @on(FilterLine.Stepped)
    def _stepped(self, event: FilterLine.Stepped) -> None:
        event.stop()
        self.rows.move_by(event.lines)
