"""The launch dialog: an executor's inputs as a form or as JSON, checked as the engine checks them (forms.md)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Static, TextArea

from engine.catalogue import ExecutorSpec
from tui.forms.carry import unfit
from tui.forms.keys import counted, hints, launch_bindings
from tui.forms.model import ABSENT, Form
from tui.forms.pane import FormPane
from tui.forms.raw_tab import RawTab
from tui.text import safe_text
from tui.versions import ABSENT as NOT_HERE
from tui.versions import short

READ_SECONDS = 0.15
"""The JSON is read this long after the last key (forms.md 1.6)."""

DRAIN_SECONDS = 0.5
"""The longest that a key waits for the keys before it."""

LARGE_SCHEMA = 64_000
"""Characters; the schemas above are compiled off the loop."""

SHARE = 0.94
"""How much of the height the dialog may take; launch.tcss says the same."""

MARGINS = 3
"""Rows of the border, and above the form."""

DESCRIPTION_LENGTH = 300


Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What to launch; `inputs` are as given, without the defaults, which the engine fills (behaviour.md 4.1)."""

    executor_id: str
    inputs: dict[str, Any]


class LaunchScreen(ModalScreen["LaunchRequest | None"]):
    """Dismisses with a `LaunchRequest` on ctrl+r when the inputs hold, with None on Esc; `form` keeps what was typed.

    `inputs` fill the form of a rerun, which is then checked at once; `draft` is the form of an earlier, left dialog.
    """

    AUTO_FOCUS = None
    CSS_PATH = "../styles/launch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = launch_bindings()

    class Compiled(Message):
        """The schema is compiled."""

    class Changed(Message):
        """The executor is another one now."""

    def __init__(
        self,
        spec: ExecutorSpec,
        inputs: dict[str, Any] | None = None,
        *,
        title: str = "Launch",
        draft: Form | None = None,
    ) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
        self.spec = spec
        self._heading = title
        if draft is None:
            form = Form(spec.schema, ABSENT if inputs is None else inputs)
        else:
            form = draft if draft.schema == spec.schema else draft.with_schema(spec.schema)
        self._pane = FormPane(form, tried=inputs is not None)
        self._raw = RawTab()
        self._ready = False
        self._is_gone = False
        """Whether the executor is not in the catalogue any more."""
        self._said = self._was = ""
        self._reading: Timer | None = None

    @property
    def form(self) -> Form:
        return self._pane.form

    def compose(self) -> ComposeResult:
        with Vertical(id="launch") as dialog:
            dialog.border_title = Content(safe_text(self._heading))
            yield Static(id="launch-name")
            yield Static(id="launch-about")
            yield self._pane
            yield self._raw
            yield Static(id="launch-said")
            with Horizontal(id="launch-foot"):
                yield Button(Content("Launch"), id="launch-button", compact=True)
                yield Static(id="launch-count")
            yield Static(id="launch-hint")

    async def on_mount(self) -> None:
        self._raw.display = False
        self._describe()
        try:
            size = len(json.dumps(self.spec.schema, default=str))
        except (TypeError, ValueError, RecursionError):
            size = 0
        if size > LARGE_SCHEMA:
            self.run_worker(self._prepare, thread=True, exit_on_error=False)
        else:
            await self._begin()

    def _prepare(self) -> None:
        self.form.prepare()
        self.post_message(self.Compiled())

    @on(Compiled)
    async def _begin(self) -> None:
        """The schema is compiled: draw the rows, or say why there are none."""
        self.form.prepare()
        self._ready = True
        if self._refusal:
            self._show_raw()
        else:
            await self._pane.show()
            if self._pane.tried and self.form.problems:
                await self._pane.go(self.form.problems[0].path)
            elif not self._pane.focus_first():
                self.query_one(Button).focus()
        self._refresh()

    @property
    def _refusal(self) -> str:
        """Why nothing can be launched, whatever is typed (behaviour.md 4.3)."""
        return self.spec.schema_problem or self.form.schema_problem or ""

    def executor_changed(self, spec: ExecutorSpec | None) -> None:
        """There is a new catalogue; None where it does not have the executor. What was typed stays."""
        if spec is None:
            if not self._is_gone:
                self._is_gone = True
                self.post_message(self.Changed())
        elif self._is_gone or spec.version != self.spec.version:
            self._was = "it is back in the catalogue" if self._is_gone else "its code changed on disk"
            self.spec, self._is_gone = spec, False
            self.post_message(self.Changed())

    # what the dialog says

    def _describe(self) -> None:
        name = safe_text(self.spec.name or self.spec.id)
        known = "" if name == self.spec.id else f"  {safe_text(self.spec.id)}"
        self.query_one("#launch-name", Static).update(Content.assemble((name, "bold"), (known, "$dim")))
        about = self.query_one("#launch-about", Static)
        about.update(Content(safe_text(self.spec.description, limit=DESCRIPTION_LENGTH)))
        about.display = bool(self.spec.description)

    def _refresh(self, said: str | None = None) -> None:
        """Bring the lines below the form in step; `said` stands until the next word."""
        if said is not None:
            self._said = said
        loose = self._pane.loose() if self._ready and self._pane.tried else []
        text = self._refusal and f"✗ cannot be launched: {self._refusal}"
        if self._is_gone:
            text = f"✗ cannot be launched: {self.spec.id} is {NOT_HERE} any more; what was typed is kept"
        if not text and self.form.text_problem:
            text = f"✗ {self.form.text_problem}" + ("" if self._raw.display else " · F2 back to the text · F6 drops it")
        if not text and loose:
            text = f"✗ {loose[0].text}"
        line = self.query_one("#launch-said", Static)
        line.set_class(bool(text) or self._said.startswith("✗"), "-bad")
        line.update(Content(safe_text(text or self._said)))
        line.display = bool(text or self._said)
        count = counted(self.form.problems) if self._ready else "reading the schema"
        self.query_one("#launch-count", Static).update(Content(count))
        self._hint()
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Let the form scroll, and not the lines below it leave the dialog, where it needs more rows than there are."""
        if not self.is_attached:
            return
        dialog = self.query_one("#launch")
        others = [child for child in dialog.children if child.display and child is not self._pane]
        rest = sum(child.outer_size.height + child.styles.margin.height for child in others)
        needed = self._pane.view.virtual_size.height + rest + MARGINS
        dialog.set_class(not self._raw.display and needed > self.size.height * SHARE, "-full")

    def _hint(self) -> None:
        """The keys of this moment: those of the dialog, and what the focused row adds."""
        widget = None if self._raw.display else self._pane.focused()
        trouble = self._ready and self._pane.tried and bool(self.form.problems)
        keys = hints(self.app, widget, in_json=self._raw.display, trouble=trouble)
        self.query_one("#launch-hint", Static).update(Content(" · ".join(keys)))

    def on_descendant_focus(self) -> None:
        self._hint()

    @on(FormPane.Edited)
    def _edited(self, event: FormPane.Edited) -> None:
        event.stop()
        self._refresh(event.note)

    # keys

    async def action_launch(self) -> None:
        await self._after_keys(self._launch)

    async def action_switch(self) -> None:
        await self._after_keys(self._switch)

    async def action_leave(self) -> None:
        await self._after_keys(self._leave)

    async def action_undo_edit(self) -> None:
        await self._after_keys(self._undo)

    async def action_problem(self, step: int) -> None:
        await self._in_form(lambda: self._go_problem(step))

    async def action_add_item(self) -> None:
        await self._in_form(self._pane.add_item)

    async def action_remove_item(self) -> None:
        await self._in_form(self._pane.remove_item)

    async def action_move_item(self, step: int) -> None:
        await self._in_form(lambda: self._pane.move_item(step))

    async def action_next_state(self) -> None:
        await self._in_form(self._pane.next_state)

    async def action_reveal(self) -> None:
        await self._in_form(self._pane.reveal)

    async def action_lengthen(self) -> None:
        await self._in_form(self._pane.lengthen)

    async def action_explain(self) -> None:
        await self._in_form(self._pane.explain)

    async def _after_keys(self, act: Act) -> None:
        """Do what a key asks for before any later key is read; the keys before it are let reach their editor first."""
        editor, read = self.focused, asyncio.Event()
        if editor is not None and editor.call_later(read.set):
            with suppress(TimeoutError):
                await asyncio.wait_for(read.wait(), DRAIN_SECONDS)
        if self.is_current and self.is_attached:
            if self._ready:
                self._pane.take_all()
            await act()

    async def _in_form(self, act: Act) -> None:
        if self._ready and not self._raw.display:
            await self._after_keys(act)

    async def _go_problem(self, step: int) -> None:
        self._refresh(await self._pane.go_problem(step))

    async def _undo(self) -> None:
        if self.form.unread_text is not None:
            self.form.drop_text()
            if self._raw.display:
                self._show_raw()
            await self._pane.show()
            self._refresh("the text was dropped")
        elif self._ready and not self._raw.display:
            await self._pane.undo()

    @on(Button.Pressed)
    @on(FormPane.LaunchAsked)
    async def _launch_asked(self, event: Message) -> None:
        event.stop()
        self._pane.take_all()
        await self._launch()

    async def _leave(self) -> None:
        if self._raw.display and self._raw.edited:
            self.form.load_text(self._raw.text)
        self.dismiss(None)

    async def _launch(self) -> None:
        """Launch what the form, or the JSON where that is shown, says; else go to the first problem."""
        if self._refusal or self._is_gone or not self._ready:
            self._refresh()
            return
        if self._raw.display:
            if self._reading is not None:
                self._reading.stop()  # read now; later it would take back what is said here
            self._read()
        problems = self.form.problems
        if not problems:
            self.dismiss(LaunchRequest(self.spec.id, self.form.sent))
            return
        self._pane.tried = True
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        if self._raw.display:
            first = problems[0]
            place = ".".join(str(key) for key in first.path)
            self._refresh(f"✗ {count}: {place} {first.text}" if place else f"✗ {count}: {first.text}")
            return
        await self._pane.go(problems[0].path)
        self._refresh(f"✗ {count} to mend first · F8 goes to the next")

    # the JSON

    async def _switch(self) -> None:
        if not self._raw.display:
            self._show_raw()
        elif not self._refusal:
            if self._raw.edited:
                self.form.load_text(self._raw.text)
            self._raw.display, self._pane.display = False, True
            await self._pane.show()
            if not self._pane.focus_first():
                self.query_one(Button).focus()
        self._refresh("")

    def _show_raw(self) -> None:
        self._raw.show(self.form.text(), read_only=bool(self._refusal))
        self._raw.display, self._pane.display = True, False
        self._raw.focus()

    @on(TextArea.Changed, "#raw-tab")
    def _raw_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._reading is not None:
            self._reading.stop()
        self._reading = self.set_timer(READ_SECONDS, self._read)

    def _read(self) -> None:
        """Take what the JSON says."""
        if self._raw.display and self._raw.edited and not self._refusal:
            self.form.load_text(self._raw.text)
            self._refresh("")

    @on(Changed)
    async def _follow_executor(self) -> None:
        """Go on in the form of the new schema with all that was typed, and name what does not fit it."""
        if self._is_gone:
            self._refresh("")
            return
        self._describe()
        if self._ready:
            self._pane.take_all()
        self._read()
        old, version = self.form, short(self.spec.version)
        if old.schema == self.spec.schema:
            self._refresh(f"{self._was}, {version} is launched now; what was typed is kept")
            return
        form = old.with_schema(self.spec.schema)
        form.prepare()
        lost = unfit(old, form)
        said = f"fits no more: {lost}" if lost else "what was typed is kept"
        await self._pane.replace(form, f"its inputs changed on disk ({version}); {said}")
        if self._refusal and not self._raw.display:
            self._show_raw()
        self._refresh()
