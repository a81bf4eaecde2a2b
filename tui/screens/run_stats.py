"""How each executor did over a while, and how many tasks end a second."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from engine.statistics import ExecutorStats
from tui.actions import Scope
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.feed import Delta
from tui.history_filter import written
from tui.run_stats import COLUMNS, KEPT, WINDOWS, ordered, spark
from tui.screens.sub import Sub
from tui.text import safe_text
from tui.widgets.rows import Piece, Rows
from tui.wording import at_time, bar, duration

if TYPE_CHECKING:
    from tui.app import ConsoleApp
    from tui.late_engine import LateEngine

BEAT = 1.0
"""Seconds between two looks at the rate."""
REST = 5.0
"""Seconds at least between two readings of the table while tasks end; one that takes long is made less often."""
SHARE = 20
NUMBERS = (8, 8, 14, 9, 9, 17)
"""Cells of the columns behind the name."""
TITLES = ("tasks", "failed", "failure rate", "p50", "p95", "last run")


class StatsRows(Rows):
    """A line for each executor."""

    app: ConsoleApp
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings_of("stats") if getattr(binding, "id", "") not in ("stats.back",)
    ]

    def __init__(self) -> None:
        super().__init__()
        self.stats: list[ExecutorStats] = []
        self.empty = "reading the tasks"

    @property
    def chosen(self) -> ExecutorStats | None:
        return self.stats[self.cursor] if self.cursor < len(self.stats) else None

    def show(self, stats: list[ExecutorStats]) -> None:
        """Others, or in another order; the cursor stays on its executor."""
        held = self.chosen
        ids = [each.executor_id for each in stats]
        self.stats = stats
        place = ids.index(held.executor_id) if held is not None and held.executor_id in ids else 0
        self.rows_changed(place)

    def count(self) -> int:
        return len(self.stats) or 1

    def is_marked(self, index: int) -> bool:
        return bool(self.stats) and super().is_marked(index)

    def draw(self, index: int, width: int) -> list[Piece]:
        if not self.stats:
            return [(f"  {self.empty}", "dim")]
        each = self.stats[index]
        rate = each.failure_rate
        texts = (
            f"{each.tasks:,}",
            f"{each.failed:,}" if each.failed else "",
            f"{bar(rate)} {rate:6.1%}" if rate else ("0 %" if rate is not None else ""),
            duration(each.p50),
            duration(each.p95),
            at_time(each.last, self.app.clock()),
        )
        running = f"  {each.running:,} running" if each.running else ""
        pieces: list[Piece] = [(" ", "")]
        for place, (text, cells) in enumerate(zip(texts, NUMBERS, strict=True)):
            if place < shown(width):
                pieces.append((f"{text:>{cells}} ", "bad" if place in (1, 2) and rate else ""))
        return [*pieces, (" " + safe_text(each.executor_id, limit=200), "head"), (running, "live")]


def shown(width: int) -> int:
    """How many columns there is room for beside the name."""
    left = width - 20
    for count, cells in enumerate(NUMBERS):
        left -= cells + 1
        if left < 0:
            return count
    return len(NUMBERS)


class _Head(Widget):
    """The rate as a line of blocks, and the titles of the columns."""

    app: ConsoleApp

    def __init__(self) -> None:
        super().__init__(id="stats-head")
        self.column = COLUMNS[1]

    def render(self) -> Content:
        width = self.size.width
        counts = self.app.rate.recent()
        now, peak = (counts[-1] if counts else 0), max(counts, default=0)
        said = f" tasks/s  now {now:,}  peak {peak:,} in {KEPT // 60} min  "
        blocks = spark(counts, min(max(width - len(said) - 2, 0), 120))
        titles = [" "]
        for place, (title, cells) in enumerate(zip(TITLES, NUMBERS, strict=True)):
            if place < shown(width):
                mark = "▼" if COLUMNS[place + 1] == self.column else ""
                titles.append(f"{mark + title:>{cells}} ")
        titles.append(" " + ("▼" if self.column == COLUMNS[0] else "") + "executor")
        return Content.assemble((said, ""), (blocks, "$text-success"), "\n\n", ("".join(titles), "$dim"))


class StatsScreen(Sub):
    """The table is read beside the screen, when it opens, when another time is chosen, and while tasks end."""

    SCOPE: ClassVar[Scope] = "stats"
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings_of("stats") if getattr(binding, "id", "") == "stats.back"
    ]

    def __init__(self, thread: LateEngine) -> None:
        super().__init__()
        self.thread = thread
        self._window = 1
        self._read_at = 0.0
        self._took = 0.0
        self._ended = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="pane"):
            yield _Head()
            yield StatsRows()
        yield Static(Content(" " + "  ".join(self.hints)), classes="keys")

    @property
    def rows(self) -> StatsRows:
        return self.query_one(StatsRows)

    @property
    def head(self) -> _Head:
        return self.query_one(_Head)

    def on_mount(self) -> None:
        self.set_focus(self.rows)
        self.app.listeners.append(self._heard)
        if self.app.live:
            self.set_interval(BEAT, self._tick)
        self._read()

    def on_unmount(self) -> None:
        if self._heard in self.app.listeners:
            self.app.listeners.remove(self._heard)

    def _heard(self, delta: Delta) -> None:
        if not self.app.live and self._ended != self.app.rate.total:
            self._read()

    def _tick(self) -> None:
        """The rate goes on; the table where tasks have ended since it was read."""
        if not self.is_current:
            return
        if any(self.app.rate.recent()):
            self.head.refresh()
        if self._ended != self.app.rate.total and monotonic() - self._read_at > max(REST, SHARE * self._took):
            self._read()

    def _read(self) -> None:
        name, seconds = WINDOWS[self._window]
        self.query_one(".pane").border_title = Content(f"Statistics │ {name if seconds is None else 'last ' + name}")
        since = self.app.clock() - timedelta(seconds=seconds) if seconds is not None else None
        self._read_at, self._ended = monotonic(), self.app.rate.total
        history = self.thread.engine.history
        ask(self, partial(self._ask, history, since), self._show, group="stats", exclusive=True)

    async def _ask(self, history: object, since: object) -> list[ExecutorStats]:
        began = monotonic()
        found = await self.thread.ask(self.thread.engine.history.statistics(since))  # type: ignore[arg-type]
        self._took = monotonic() - began
        return found

    def _show(self, stats: Sequence[ExecutorStats]) -> None:
        label = self.app.keys.label
        self.rows.empty = f"no task began in that time: {label('stats.longer')} looks at a longer one"
        if WINDOWS[self._window][1] is None:
            self.rows.empty = f"no task has run yet: {label('stats.back')} goes back to launch one"
        self.rows.show(ordered(stats, self.head.column))

    def action_window(self, by: int) -> None:
        window = max(0, min(self._window + by, len(WINDOWS) - 1))
        if window != self._window:
            self._window = window
            self._read()

    def action_sort(self, by: int) -> None:
        self.head.column = COLUMNS[(COLUMNS.index(self.head.column) + by) % len(COLUMNS)]
        self.head.refresh()
        self.rows.show(ordered(self.rows.stats, self.head.column))

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        """The executor's runs of that time."""
        from tui.screens.history import HistoryScreen

        event.stop()
        chosen = self.rows.chosen
        if chosen is None:
            return
        seconds = WINDOWS[self._window][1]
        since = f" since:{seconds / 3600:g}h" if seconds is not None else ""
        words = written("executor", chosen.executor_id) + since
        held = next((screen for screen in self.app.screen_stack if isinstance(screen, HistoryScreen)), None)
        if held is not None:
            held.use_filter(words)
            self.dismiss()
        else:
            self.app.push_screen(HistoryScreen(self.thread, self.app.clock, live=self.app.live, words=words))
