"""A tree of tasks, built by keys: the tree, beside it the selected task or the planned levels, problems live."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui import draft_card
from tui.actions import by_id
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.draft_check import Findings, examine
from tui.feed import Delta
from tui.screens.compose_files import ComposeFiles
from tui.screens.panes import SMALLEST
from tui.screens.sub import EVERYWHERE, Sub
from tui.text import safe_text
from tui.widgets.draft_rows import DraftRows
from tui.widgets.rows import Rows
from tui.widgets.text_view import TextView
from tui.wording import amount

if TYPE_CHECKING:
    from tui.draft_desk import Desk
    from tui.late_engine import LateEngine

BESIDE = 100
"""Columns from which the second pane stands beside the tree."""
HINTS = ("add", "fill", "link", "problem", "run", "save", "view", "undo", "rename", "remove", "back")
"""The keys that the last line tells, the most needed first."""
EMPTY_HINTS = ("add", "open", "undo", "flow", "back")
LINKING = ("link", "optional", "back")


class ComposeScreen(ComposeFiles):
    """The draft is checked on a thread after each edit; while one check runs the next one waits for it."""

    CSS_PATH: ClassVar[Any] = ["../styles/history.tcss", "../styles/compose.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        *(each for each in Sub.BINDINGS if isinstance(each, Binding) and each.id in EVERYWHERE),
        *(
            each
            for each in bindings_of("compose", moving=False)
            if isinstance(each, Binding) and each.action.startswith("screen.")
        ),
    ]

    def __init__(self, thread: LateEngine, desk: Desk) -> None:
        super().__init__(thread, desk)
        self._view: Literal["task", "levels"] = "task"
        self._checking = False
        self._stale = False
        self._lines: list[draft_card.Line] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="compose"):
            with Vertical(id="draft", classes="pane"):
                yield DraftRows()
            with Vertical(id="beside", classes="pane"):
                yield TextView(id="about")
        yield Static(Content(f"the console needs {SMALLEST[0]}x{SMALLEST[1]}"), id="too-small")
        yield Static(id="compose-keys", classes="keys")

    def on_mount(self) -> None:
        self.set_focus(self.rows)
        self.app.listeners.append(self._heard)
        self.changed(self.desk.selected)

    def on_unmount(self) -> None:
        if self._heard in self.app.listeners:
            self.app.listeners.remove(self._heard)

    def on_screen_resume(self) -> None:
        if self.rows.is_attached:
            self.set_focus(self.rows)

    @property
    def about(self) -> TextView:
        return self.query_one("#about", TextView)

    @property
    def findings(self) -> Findings:
        return self.rows.findings

    def _heard(self, delta: Delta) -> None:
        """Executors changed: what was right may be wrong now."""
        if delta.catalogue is not None:
            self._check()

    # --- what is seen -----------------------------------------------------------------------------------------

    def changed(self, select: int | None = None) -> None:
        self.rows.show(self.draft, select)
        self._keep()
        self._check()
        self._refresh()

    def _refresh(self) -> None:
        """Bring all but the tree in step."""
        item = self.rows.item
        self.desk.selected = item.key if item is not None else None
        self.query_one("#draft").border_title = Content(f"Compose │ {self.words()}")
        count = self.findings.count
        said = f"✗ {amount(count, 'problem')}" if count else "✔ no problems" if self.draft.items else ""
        self.query_one("#draft").border_subtitle = Content(f"checking · {said}" if self._checking and said else said)
        self._show_about()
        self._hint()

    def _show_about(self) -> None:
        item, label = self.rows.item, self.app.keys.label
        source = self.draft.item(self.rows.source)
        title = "Levels" if self._view == "levels" else safe_text(item.title, limit=60) if item else "First steps"
        if item is None:
            lines = [*draft_card.flow_lines(self.findings), *draft_card.empty_lines(label)]
        elif self._view == "levels":
            lines = draft_card.level_lines(self.draft, self.findings)
        else:
            lines = draft_card.flow_lines(self.findings)
            lines += draft_card.task_lines(self.draft, item, self.findings, self.thread.engine.catalogue)
        if source is not None:
            lines = [*self._linking_lines(source.title), ("", ""), *lines]
            title = f"Linking {safe_text(source.title, limit=40)}"
        other = "levels" if self._view == "task" else "task"
        beside = self.query_one("#beside")
        beside.border_title = Content(title)
        beside.border_subtitle = Content(f"{label('compose.view')} {other}" if item is not None else "")
        if lines != self._lines:
            self._lines = lines
            self._lay()

    def _lay(self) -> None:
        """The lines beside the tree, cut to the width that there is."""
        self.about.show(draft_card.in_words(self._lines, max(self.about.size.width - 3, 20)))

    def _linking_lines(self, name: str) -> list[draft_card.Line]:
        label = self.app.keys.label
        return [
            (f"{name} depends on what is marked ●; ○ is optional.", "live"),
            (
                f"{label('compose.link')} on another task links it or cuts it, {label('compose.optional')} makes it "
                f"optional, {label('compose.back')} ends.",
                "dim",
            ),
        ]

    def _hint(self) -> None:
        label = self.app.keys.label
        names = LINKING if self.rows.source is not None else HINTS if self.draft.items else EMPTY_HINTS
        parts, room = [], self.size.width - len("  ? help") - 1
        for name in names:
            action = by_id(f"compose.{name}")
            if action is None or not label(action.id):
                continue
            does = {"link": "link or cut", "back": "end linking"}.get(name) if names is LINKING else None
            part = f"{label(action.id)} {does or action.name.lower()}"
            if name == "problem" and not self.findings.count:
                continue
            if room - len(part) - 2 < 0:
                break
            parts.append(part)
            room -= len(part) + 2
        self.query_one("#compose-keys", Static).update(Content(" " + "  ".join([*parts, f"{label('app.help')} help"])))

    def on_resize(self) -> None:
        width, height = self.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(width >= BESIDE, "-beside")
        self.query_one("#compose").display = not small
        self.query_one("#too-small").display = small
        self._hint()
        self.call_after_refresh(self._lay)

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._refresh()

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        event.stop()
        if not self.end_linking():
            self.fill()

    def action_view(self) -> None:
        self._view = "task" if self._view == "levels" else "levels"
        self._refresh()

    def action_back(self) -> None:
        if not self.end_linking():
            if self.draft.items and not self.desk.is_saved:
                key = self.app.keys.label("app.compose")
                self.app.notify(f"the draft is kept: {key} goes on with it")
            self.dismiss()

    # --- the check --------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._checking:
            self._stale = True
            return
        self._checking, self._stale = True, False
        draft, catalogue, flow_id = self.draft, self.thread.engine.catalogue, self.desk.flow_id

        async def work() -> Findings:
            try:
                return await asyncio.to_thread(examine, draft, catalogue, flow_id)
            finally:
                self._checking = False

        ask(self, work, self._checked, group="check")

    def _checked(self, findings: Findings) -> None:
        self.rows.judge(findings)
        if self._stale:
            self._check()
        self._refresh()

    def action_problem(self, by: int) -> None:
        """Go round the tasks with a problem."""
        items, problems = self.draft.items, self.findings.problems
        here = self.rows.cursor
        order = range(1, len(items) + 1) if by > 0 else range(-1, -len(items) - 1, -1)
        place = next(
            ((here + step) % len(items) for step in order if problems.get(items[(here + step) % len(items)].key)), None
        )
        if place is not None:
            self._go_problem(place)
        elif problems.get(None):
            self.app.notify(safe_text(str(problems[None][0]), limit=300), severity="warning")
        else:
            self.app.notify("no problems" if not self._checking else "it is being checked")

    def _go_problem(self, place: int) -> None:
        self._view = "task"
        self.rows.cursor = place
        self._refresh()

    def first_problem(self) -> bool:
        problems = self.findings.problems
        if not self.findings.count or self._checking:
            return False
        place = next((at for at, item in enumerate(self.draft.items) if problems.get(item.key)), None)
        key = self.app.keys.label("compose.problem")
        said = f"{amount(self.findings.count, 'problem')} to mend first"
        if place is not None:
            self._go_problem(place)
            said += f" · {key} goes to the next"
        self.app.notify(said, severity="warning")
        return True

    # --- kept -------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """The draft is on the disk as soon as the disk takes it."""
        found, shelf = self.desk.state(), self.desk.shelf
        if found is not None:
            work = partial(shelf.save, *found)
            self.app.run_worker(work, thread=True, name="draft", exit_on_error=False)
