"""The catalogue pane: problems above all, then what can be run, filtered while one types."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from engine.catalogue import Catalogue, ExecutorSpec, Launchable, Problem
from tui import cards
from tui.bindings import bindings_of
from tui.keymap import label_of
from tui.text import safe_text
from tui.widgets.filter_line import FilterLine
from tui.widgets.rows import Piece, Rows
from tui.wording import amount

if TYPE_CHECKING:
    from engine.flow import FlowSpec

FLOW = "⇒"
"""Stands before what launches several tasks."""


class CatalogueRow(NamedTuple):
    """A heading (neither is set), a problem, or an executor or flow."""

    problem: Problem | None = None
    spec: ExecutorSpec | FlowSpec | None = None

    @property
    def key(self) -> str:
        """Tells the row apart from others when the catalogue changes."""
        if self.spec:
            return self.spec.id
        return f"!{self.problem.file}:{self.problem.executor_id}" if self.problem else "!"


def _place(spec: Launchable) -> tuple[bool, bool, str]:
    """What a person may run before what not, their own before what ships."""
    return bool(spec.barred), spec.origin == "shipped", spec.id


class CatalogueList(Rows):
    """Draws the rows."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("catalogue")

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[CatalogueRow] = []
        self.broken: frozenset[str] = frozenset()
        self.flashing: frozenset[str] = frozenset()
        """Executors that changed just now."""
        self.column = 0
        self.empty: Sequence[Piece] = ()
        """What is said while there are no rows."""

    def show(self, rows: list[CatalogueRow], broken: frozenset[str], cursor: int) -> None:
        self.rows, self.broken = rows, broken
        self.column = min(max((len(row.spec.id) for row in rows if row.spec), default=0), 24)
        self.set_reactive(Rows.cursor, self.validate_cursor(cursor))
        self.rows_changed()

    @property
    def row(self) -> CatalogueRow | None:
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def count(self) -> int:
        return len(self.rows) or len(self.empty)

    def is_marked(self, index: int) -> bool:
        return bool(self.rows) and super().is_marked(index)

    def action_choose(self) -> None:
        if self.rows:
            super().action_choose()

    def draw(self, index: int, width: int) -> list[Piece]:
        if not self.rows:
            return [("  ", ""), self.empty[index]]
        row = self.rows[index]
        if row.problem:
            return [("  " + cards.headline(row.problem), "bad")]
        if row.spec is None:
            number = sum(1 for row in self.rows if row.problem)
            return [(f"✗ {amount(number, 'problem')}", "bad")]
        spec = row.spec
        if spec.barred:
            return [(f"- {safe_text(spec.id):<{self.column}}  not allowed here", "dim")]
        is_broken = bool(spec.id in self.broken or spec.schema_problem)
        is_flow = not isinstance(spec, ExecutorSpec)
        mark = "✗ " if is_broken else "↻ " if spec.id in self.flashing else f"{FLOW} " if is_flow else "  "
        name = safe_text(spec.name) if spec.name != spec.id else ""
        flash = "live" if spec.id in self.flashing else ""
        sign = "live" if is_flow and not is_broken else "bad"
        return [(mark, flash or sign), (f"{safe_text(spec.id):<{self.column}}", flash), (f"  {name}", flash or "dim")]

    def flash(self, ids: Collection[str]) -> None:
        """Have these executors stand out, and no others; repaints the rows for which that changes."""
        changed, self.flashing = self.flashing ^ frozenset(ids), frozenset(ids)
        self.repaint([index for index, row in enumerate(self.rows) if row.spec and row.spec.id in changed])


class CataloguePane(Vertical):
    """The list and its filter line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.catalogue = Catalogue(is_loading=True)
        self._beside = ""

    def head(self, beside: str = "") -> None:
        """Write the pane's title and how many executors there are; `beside` names what shares its place."""
        self._beside = beside
        number = len(self.catalogue.entries)
        self.border_title = Content(f"1 Catalogue{f' {number:,}' if number else ''}{beside}")

    def compose(self) -> ComposeResult:
        yield FilterLine()
        yield CatalogueList()

    @property
    def rows(self) -> CatalogueList:
        return self.query_one(CatalogueList)

    @property
    def filter_line(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def row(self) -> CatalogueRow | None:
        """What the cursor stands on."""
        return self.rows.row

    def show(self, catalogue: Catalogue) -> None:
        """Another catalogue; the cursor stays on what it was on, the filter stays."""
        self.catalogue = catalogue
        self._fill(self.row.key if self.row else None)

    def flash(self, ids: Collection[str] = ()) -> None:
        """Have executors stand out that changed just now; none of them any more with nothing given."""
        self.rows.flash(ids)

    def select(self, key: str) -> bool:
        """Put the cursor on the row `key`; False when there is none."""
        for index, row in enumerate(self.rows.rows):
            if row.key == key:
                self.rows.cursor = index
                return True
        return False

    def select_problem(self, problem: Problem) -> None:
        """Put the cursor on `problem`."""
        for index, row in enumerate(self.rows.rows):
            if row.problem == problem:
                self.rows.cursor = index

    def _fill(self, keep: str | None = None) -> None:
        """Make the rows; the cursor goes to the row `keep`, else to the best match."""
        from tui.fuzzy import rank

        catalogue, query = self.catalogue, self.filter_line.text.strip()
        rows = [CatalogueRow(problem=problem) for problem in catalogue.problems]
        if rows:
            rows.insert(0, CatalogueRow())
        best = len(rows)
        specs = sorted(catalogue.entries.values(), key=_place)
        if query:
            specs = [specs[hit.index] for hit in rank(query, specs)]
        rows += [CatalogueRow(spec=spec) for spec in specs]
        keys = [row.key for row in rows]
        files = {problem.file for problem in catalogue.problems}
        named = {problem.executor_id for problem in catalogue.problems}
        broken = frozenset(spec.id for spec in specs if spec.file in files or spec.id in named)
        self.rows.empty = self._why_empty(query)
        self.rows.show(rows, broken, keys.index(keep) if keep in keys else best)
        self.head(self._beside)
        self.border_subtitle = f"{len(specs)} of {len(catalogue.entries)}" if query else ""
        self.rows.tell_moved()

    def _why_empty(self, query: str) -> Sequence[Piece]:
        """What to do about a list without rows."""
        if query:
            key = label_of(self.app, "catalogue.clear_filter")
            return (("nothing matches", "dim"), *([(f"{key} clears the filter", "dim")] if key else []))
        if self.catalogue.is_loading:
            return (("reading the executors", "dim"),)
        return (("no executors here yet", "dim"), ("how to add one: at the right, or below", "dim"))

    @on(FilterLine.Changed)
    def _filter_changed(self, event: FilterLine.Changed) -> None:
        event.stop()
        self._fill(None if event.text.strip() else (self.row.key if self.row else None))

    @on(FilterLine.Left)
    def _filter_left(self, event: FilterLine.Left) -> None:
        event.stop()
        self.screen.set_focus(self.rows)
        if not event.keep:
            self.filter_line.close()

    @on(FilterLine.Stepped)
    def _stepped(self, event: FilterLine.Stepped) -> None:
        event.stop()
        self.rows.move_by(event.lines)
