"""The month grid that F4 opens on a date: arrows go by days, PgUp PgDn by months, Enter takes (forms.md 1.2)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.forms import moments
from tui.text import safe_text

WEEKS = 6
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
WEEK_CELLS, DAY_CELLS = 4, 4
HINT = "←↑↓→ days · PgUp PgDn months · [ ] years\nt today · Enter takes · Esc leaves"


class CalendarScreen(ModalScreen["str | None"]):
    """Dismisses with the text of the chosen day, clock time and offset kept, or with None when it is left.

    `launch` says that ctrl+r closed it; then a day counts that was moved to.
    """

    CSS_PATH = "../styles/pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "days(-1)", show=False),
        Binding("right,l", "days(1)", show=False),
        Binding("up,k", "days(-7)", show=False),
        Binding("down,j", "days(7)", show=False),
        Binding("home", "week_end(0)", show=False),
        Binding("end", "week_end(6)", show=False),
        Binding("pageup", "months(-1)", show=False),
        Binding("pagedown", "months(1)", show=False),
        Binding("left_square_bracket,ctrl+pageup,ctrl+left", "months(-12)", show=False),
        Binding("right_square_bracket,ctrl+pagedown,ctrl+right", "months(12)", show=False),
        Binding("t", "today", show=False),
        Binding("enter,space", "take", show=False),
        Binding("ctrl+r", "launch", show=False, id="launch.run"),
        Binding("escape,f4,q", "leave", show=False),
    ]

    def __init__(self, label: str, kind: str, text: str, now: datetime) -> None:
        super().__init__()
        self._label, self._kind, self._text, self._now = label, kind, text, now
        self._set = moments.day_of(kind, text)
        self._day = self._set or now.date()
        self._moved = False
        self.launch = False

    def compose(self) -> ComposeResult:
        with Vertical(id="calendar"):
            yield Static(Content(safe_text(self._label)), classes="pick-title")
            yield Static(id="calendar-month")
            yield Static(id="calendar-days")
            yield Static(id="calendar-taken")
            yield Static(Content(HINT), classes="pick-hint")

    def on_mount(self) -> None:
        self._draw()

    def _draw(self) -> None:
        self.query_one("#calendar-month", Static).update(Content(self._day.strftime("%B ") + f"{self._day.year:04}"))
        self.query_one("#calendar-days", Static).update(self._grid())
        self.query_one("#calendar-taken", Static).update(Content(self._taken()))

    def _taken(self) -> str:
        """What Enter takes."""
        return moments.with_day(self._kind, self._text, self._day, self._now)

    def _grid(self) -> Content:
        """Six weeks from Monday on, each behind its number; today is underlined, the loaded day bold."""
        head = " " * WEEK_CELLS + "".join(name.center(DAY_CELLS) for name in WEEKDAYS)
        lines = [Content.assemble((head, "$dim"))]
        for week in range(WEEKS):
            pieces: list[tuple[str, str]] = []
            for place in range(7):
                day = self._at(week * 7 + place)
                if place == 0:
                    number = "" if day is None else f"{day.isocalendar().week:>2}"
                    pieces.append((number.ljust(WEEK_CELLS), "$dim"))
                pieces.append(self._cell(day))
            lines.append(Content.assemble(*pieces))
        return Content("\n").join(lines)

    def _cell(self, day: date | None) -> tuple[str, str]:
        if day is None:
            return " " * DAY_CELLS, ""
        chosen = day == self._day
        text = f"[{day.day:>2}]" if chosen else f"{day.day:>3} "
        styles = ["bold"] if day == self._set else []
        styles += ["underline"] if day == self._now.date() else []
        styles += ["reverse"] if chosen else ["$dim"] if day.month != self._day.month else []
        return text, " ".join(styles)

    def _at(self, place: int) -> date | None:
        """The day at a place of the grid; None before the first and behind the last that there are."""
        first = self._day.replace(day=1)
        try:
            return first + timedelta(days=place - first.weekday())
        except OverflowError:
            return None

    # moving

    def _go(self, day: date) -> None:
        self._day, self._moved = day, True
        self._draw()

    def action_days(self, days: int) -> None:
        try:
            self._go(self._day + timedelta(days=days))
        except OverflowError:
            pass

    def action_week_end(self, weekday: int) -> None:
        self.action_days(weekday - self._day.weekday())

    def action_months(self, months: int) -> None:
        year, month = divmod(self._day.year * 12 + self._day.month - 1 + months, 12)
        if date.min.year <= year <= date.max.year:
            self._go(date(year, month + 1, min(self._day.day, monthrange(year, month + 1)[1])))

    def action_today(self) -> None:
        self._go(self._now.date())

    def on_click(self, event: events.Click) -> None:
        """A click goes to a day, a second one there takes it."""
        if event.widget is None or event.widget.id != "calendar-days":
            return
        week, place = event.y - 1, (event.x - WEEK_CELLS) // DAY_CELLS
        day = self._at(week * 7 + place) if 0 <= week < WEEKS and 0 <= place < 7 else None
        if day is not None and day == self._day:
            self.action_take()
        elif day is not None:
            self._go(day)

    # leaving

    def action_take(self) -> None:
        self.dismiss(self._taken())

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_launch(self) -> None:
        self.launch = True
        self.dismiss(self._taken() if self._moved else None)
