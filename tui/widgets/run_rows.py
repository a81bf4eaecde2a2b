"""The list of runs: a line each, columns that give way by width, drawn on demand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from engine.history import Run, TaskCounts
from engine.task import Task, TaskStatus
from tui.bindings import bindings_of
from tui.cells import fitted
from tui.row import SLOT
from tui.run_list import RunList
from tui.text import safe_name, safe_text
from tui.widgets.rows import Piece, Rows
from tui.wording import duration, state

if TYPE_CHECKING:
    from tui.app import ConsoleApp

STATE, STARTED, TIME, COUNTS = 12, 11, 8, 14
NAME, LABEL, USER, ORIGIN = 18, 14, 8, 14
"""Least cells of a column; name and label share what is left."""
LONGEST = 200
MARKED = "*"


class RunRows(Rows):
    """Keeps the cursor on its run whatever comes and goes around it."""

    app: ConsoleApp
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("history")

    def __init__(self, listed: RunList) -> None:
        super().__init__()
        self.listed = listed
        self.selected: str | None = None
        """The id of the run under the cursor."""
        self.marked: str | None = None
        self.empty: Sequence[Piece] = (("reading the history", "dim"),)

    @property
    def run(self) -> Run | None:
        runs = self.listed.runs
        return runs[self.cursor] if self.cursor < len(runs) else None

    def count(self) -> int:
        return len(self.listed) or len(self.empty)

    def is_marked(self, index: int) -> bool:
        return bool(self.listed.runs) and super().is_marked(index)

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self.listed) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self.selected = self.run.id if self.run else None
        super().watch_cursor(old, new)

    def resync(self, *, top: bool = False) -> None:
        """The runs are others: find the selected one, or stay at the same place; with `top` go to the newest."""
        before, was_first = self.selected, self.cursor == 0
        place = None if top else self.listed.place(before)
        if place is not None and was_first and not self.has_focus:
            place = 0  # nobody chose it: the newest is shown
        self.rows_changed(0 if top else place if place is not None else self.cursor)
        self.selected = self.run.id if self.run else None
        if self.selected != before or top:
            self.tell_moved()

    def select(self, run_id: str) -> bool:
        """Put the cursor on a run; False when it is not held."""
        place = self.listed.place(run_id)
        if place is None:
            return False
        self.selected = run_id
        self.rows_changed(place)
        self.tell_moved()
        return True

    def mark(self, run_id: str | None) -> None:
        """Have a run stand out as the one to compare with."""
        changed = (self.marked, run_id)
        self.marked = run_id
        self.repaint([place for each in changed if (place := self.listed.place(each)) is not None])

    def tick(self) -> None:
        """Repaint the runs on the screen that go on."""
        runs = self.listed.runs
        self.repaint([at for at in self.on_screen() if at < len(runs) and runs[at].ended_at is None])

    def counts_of(self, run: Run) -> TaskCounts:
        """Its tasks by status: of what runs here, as the console counts them."""
        row = self.app.forest.row(run.id) if run.ended_at is None else None
        tally = row.tally if row is not None else None
        if row is None or (tally is None and run.counts.total > 1):
            return run.counts
        tally = tally or row.own()
        return TaskCounts(*(tally[SLOT[status]] for status in TaskStatus))

    def draw(self, index: int, width: int) -> list[Piece]:
        if not self.listed.runs:
            return [("  ", ""), self.empty[index]]
        run = self.listed.runs[index]
        counts = self.counts_of(run)
        glyph, word, role = self._state(run, counts)
        now = self.app.clock()
        began = run.began_at or run.created_at
        took = ((run.ended_at or now) - began).total_seconds()
        done, bad = _counts(counts)
        pieces: list[Piece] = [
            (MARKED if run.id == self.marked else " ", "warn"),
            (f"{glyph} {word:<{STATE - 2}}", role),
            (f"{_started(began, now):>{STARTED}} ", "dim"),
            (f"{duration(took):>{TIME}} ", "dim"),
            (f"{done:>{COUNTS - cell_len(bad)}}", "dim"),
            (f"{bad}  ", "bad"),
        ]
        left = width - STATE - STARTED - TIME - COUNTS - 6
        return [*pieces, *self._texts(run, max(left, NAME))]

    def titles(self, width: int) -> str:
        """The names of the columns, above them."""
        left = width - STATE - STARTED - TIME - COUNTS - 6  # the last cell may be the scrollbar's
        first = f" {'state':<{STATE}}{'started':>{STARTED}} {'took':>{TIME}} {'tasks':>{COUNTS}}  "
        _, *tail = _shares(max(left, NAME))
        return (
            first
            + "name, label and tags".ljust(_shares(max(left, NAME))[0])
            + "".join(f" {title:<{cells}}" for title, cells in zip(("user", "where"), tail, strict=False))
        )

    def _state(self, run: Run, counts: TaskCounts) -> tuple[str, str, str]:
        """Glyph, word and role of the run as a whole."""
        if run.status is TaskStatus.IN_PROGRESS:
            if self.app.thread.engine.is_paused(run.id):
                return "‖", "paused", "warn"
            if counts.total and not counts.in_progress:
                return "○", "waiting", "warn"
        elif run.root.status is run.status:
            return state(run.root)
        return state_of(run.status)

    def _texts(self, run: Run, room: int) -> list[Piece]:
        """Name, label and tags, user, and where it was launched, as far as there is room."""
        room, *tail = _shares(room)
        pieces: list[Piece] = []
        name = safe_name(run.root.name, limit=LONGEST)
        executor = safe_text(run.root.executor_id, limit=LONGEST)
        what = name if executor == name or run.size > 1 else f"{name}  {executor}"
        words = _label_words(run)
        share = min(cell_len(words), max(room * 2 // 5, 0)) if room >= NAME + LABEL else 0
        pieces.append((fitted(what, room - share - (1 if share else 0)), ""))
        if share:
            pieces.append((" " + fitted(words, share), "key"))
        for text, cells in zip((run.root.user_id or "", run.origin), tail, strict=False):
            pieces.append((" " + fitted(safe_text(text, limit=LONGEST), cells), "dim"))
        return pieces


def _shares(room: int) -> list[int]:
    """Cells of name and label together, then of user and origin where there is room for them."""
    shares = [room]
    for cells, least in ((USER, NAME + LABEL), (ORIGIN, NAME + LABEL)):
        if shares[0] - cells - 1 < least:
            break
        shares[0] -= cells + 1
        shares.append(cells)
    return shares


def _started(at: datetime, now: datetime) -> str:
    """Local time: to the second on the day of `now`, to the minute in its year, else the day."""
    local, today = at.astimezone(), now.astimezone()
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d}"


class RunTitles(Widget):
    """The names of the columns of `rows`."""

    def __init__(self, rows: RunRows) -> None:
        super().__init__(id="run-titles")
        self.rows = rows

    def render(self) -> Content:
        return Content.styled(self.rows.titles(self.size.width), "$dim")


def state_of(status: TaskStatus) -> tuple[str, str, str]:
    """Glyph, word and role of a status."""
    return state(Task("", "", "", status=status))


def _counts(counts: TaskCounts) -> tuple[str, str]:
    """`7/10` and ` 2✗`; of a single task nothing."""
    if counts.total <= 1:
        return "", ""
    bad = f" {_short(counts.failed)}✗" if counts.failed else ""
    return f"{_short(counts.completed)}/{_short(counts.total)}", bad


def _short(number: int) -> str:
    return str(number) if number < 10_000 else f"{number // 1000}k" if number < 10_000_000 else f"{number // 10**6}M"


def _label_words(run: Run) -> str:
    tags = run.root.params.get("tags")
    words = [safe_text(run.label, limit=LONGEST)] if run.label else []
    if isinstance(tags, list):
        words += [f"#{safe_text(tag, limit=40)}" for tag in tags[:8]]
    return " ".join(words)
