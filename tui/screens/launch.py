"""The launch dialog: an executor's inputs as a form or as JSON, checked as the engine checks them (forms.md)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import on
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Button

from engine.catalogue import Launchable
from engine.schema import path_text
from tui.forms.carry import unfit
from tui.forms.keys import launch_bindings
from tui.forms.model import ABSENT, Problem
from tui.forms.options import LaunchOptions
from tui.forms.pane import FormPane
from tui.forms.raw_text import NAMES
from tui.screens.confirm import ConfirmScreen
from tui.screens.dangers import Danger
from tui.screens.launch_fields import LaunchFields
from tui.screens.launch_request import LaunchRequest
from tui.screens.shelf import Shelf
from tui.versions import short

__all__ = ["LaunchRequest", "LaunchScreen"]

LARGE_SCHEMA = 64_000
"""Characters; the schemas above are compiled off the loop."""


class LaunchScreen(LaunchFields):
    """Dismisses with a `LaunchRequest` on ctrl+r when the inputs hold, with None on Esc.

    `inputs` and `options` fill the form of a rerun, which is then checked at once; `again` says that the run keeps its
    label and key. `shelf` is where drafts and presets are kept. `told` is what the last run said of the inputs.
    `beside` gives what is dangerous among the tasks that would run too: it is confirmed with the launch.
    """

    AUTO_FOCUS = None
    CSS_PATH: ClassVar[Any] = ["../styles/launch.tcss", "../styles/fields.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = launch_bindings()

    class Compiled(Message):
        """The schema is compiled."""

    class Changed(Message):
        """The executor is another one now."""

    def __init__(
        self,
        spec: Launchable,
        inputs: dict[str, Any] | None = None,
        *,
        title: str = "Launch",
        options: LaunchOptions | None = None,
        again: bool = False,
        shelf: Shelf | None = None,
        told: Sequence[Problem] = (),
        beside: Callable[[], Sequence[Danger]] = tuple,
    ) -> None:
        form = self.FORM(spec.schema, ABSENT if inputs is None else inputs)
        super().__init__(spec, form, options or LaunchOptions(), title, shelf=shelf, again=again, told=told)
        self._pane.tried = self._is_filled = inputs is not None
        self._beside = beside
        self._was = ""
        self._warned = self._begun = False

    async def on_mount(self) -> None:
        self._lay("form")
        self._describe()
        try:
            size = len(json.dumps(self.spec.schema, default=str))
        except (TypeError, ValueError, RecursionError):
            size = 0
        if size > LARGE_SCHEMA:
            self.run_worker(self._prepare, thread=True, exit_on_error=False)
        else:
            self.post_message(self.Compiled())  # after the screen's own first styling, which would style each row again

    @property
    def is_opening(self) -> bool:
        """Whether no row stands there yet that could take what is typed."""
        return not self._begun

    def _prepare(self) -> None:
        self.form.prepare()
        self.post_message(self.Compiled())

    @on(Compiled)
    async def _begin(self) -> None:
        """The schema is compiled: draw the rows, or say why there are none."""
        self.form.prepare()
        self._ready = True
        if self._refusal:
            await self.turn_to("json")
        else:
            await self._pane.check()
            await self._pane.show()
            if self._pane.tried and self._pane.problems:
                await self._pane.first_problem()
            elif not self._pane.focus_first():
                self.query_one(Button).focus()
            if not self._is_filled:
                self.seek_draft()
        self._begun = True
        self._fit()
        self._refresh()

    def executor_changed(self, spec: Launchable | None) -> None:
        """There is a new catalogue; None where it does not have the executor. What was typed stays."""
        if spec is None:
            if not self._is_gone:
                self._is_gone = True
                self.post_message(self.Changed())
        elif self._is_gone or spec.version != self.spec.version:
            self._was = "it is back in the catalogue" if self._is_gone else "its code changed on disk"
            self.spec, self._is_gone = spec, False
            self.post_message(self.Changed())

    @on(FormPane.Edited)
    def _edited(self, event: FormPane.Edited) -> None:
        event.stop()
        self._warned = False
        self._refresh(event.note)
        self._keep_soon()

    # keys

    async def action_launch(self) -> None:
        await self._after_keys(self._launch)

    async def action_switch(self) -> None:
        await self._after_keys(lambda: self._toggle("json"))

    async def action_options(self) -> None:
        await self._after_keys(lambda: self._toggle("options"))

    async def action_preview(self) -> None:
        await self._after_keys(lambda: self._toggle("preview"))

    async def action_leave(self) -> None:
        await self._after_keys(self._leave)

    async def action_undo_edit(self) -> None:
        await self._after_keys(self._undo)

    async def action_add_item(self) -> None:
        await self._in_form(self.pane.add_item)

    async def action_remove_item(self) -> None:
        await self._in_form(self.pane.remove_item)

    async def action_move_item(self, step: int) -> None:
        await self._in_form(lambda: self.pane.move_item(step))

    async def action_redo_edit(self) -> None:
        await self._after_keys(self._redo)

    async def action_page(self, step: int) -> None:
        await self._in_form(lambda: self.pane.page(step))

    async def action_suggest(self) -> None:
        """Elsewhere the key moves by a word."""
        row = self.pane.focused_row() if self._ready and self._shows_form else None
        if row is None or row.suggestion is ABSENT:
            raise SkipAction
        await self._in_form(self.pane.suggest)

    async def action_reading(self) -> None:
        await self._in_form(self.pane.reading)

    async def action_reveal(self) -> None:
        await self._in_form(self.pane.reveal)

    async def action_lengthen(self) -> None:
        await self._in_form(self.pane.lengthen)

    async def _undo(self) -> None:
        if self.form.unread_text is not None:
            self.form.drop_text()
            if self._view == "json":
                await self.turn_to("json")
            await self._pane.show()
            self._refresh("the text was dropped")
        elif self._view == "json" and not self._refusal:
            await self._step_text(back=True)
        elif self._ready and self._shows_form and (self.pane.form.can_undo or not await self.go_back()):
            await self.pane.undo()

    async def _redo(self) -> None:
        if self._view == "json" and not self._refusal and self._ready:
            await self._step_text(back=False)
        elif self._ready and self._shows_form:
            await self.pane.redo()

    async def _step_text(self, *, back: bool) -> None:
        """Undo or redo where the text is shown: one stack for form and text (1.6)."""
        form = self.form
        if not (form.can_undo if back else form.can_redo):
            if not back or not await self.go_back():
                self._refresh(f"there is nothing to {'undo' if back else 'do again'}")
            return
        if back:
            form.undo()
        else:
            form.redo()
        await self._show_text(stay=True)
        self._refresh("undone" if back else "done again")
        self._keep_soon()

    async def _leave(self) -> None:
        """Leave the options and the preview for the form, and the dialog for good; the draft is kept."""
        if self._view in ("options", "preview"):
            await self.turn_to("json" if self._refusal else "form")
            return
        if self._view == "json" and self.form.unread_text is not None and not self._warned:
            self._warned = True
            self._refresh()
            name = NAMES[self._raw.in_language]
            self.app.notify(f"{name} that does not parse is not kept: Esc again drops it", severity="warning")
            return
        self.keep_draft()
        self.dismiss(None)

    # launching

    @on(Button.Pressed)
    @on(FormPane.LaunchAsked)
    async def _launch_asked(self, event: Message) -> None:
        event.stop()
        await self._take_all()
        await self._launch()

    async def _launch(self) -> None:
        """Launch what the form, or the JSON where that is shown, says; else go to the first problem."""
        if self._refusal or self._is_gone or not self._ready:
            self._refresh()
            return
        await self._pane.check()
        if self.form.problems:
            await self._show_problems()
        elif self._options.form.problems:
            self._options.tried = True
            await self.turn_to("options")
            await self._options.go(self._options.form.problems[0].path)
            self._refresh("✗ an option is wrong: mend it first")
        elif (trouble := await self._schedule_trouble())[0]:
            await self._show_trouble(*trouble)
        elif self.spec.is_dangerous or self._beside():
            await self._confirm()
        else:
            self._answer()

    async def _schedule_trouble(self) -> tuple[str, str]:
        """Why it cannot be scheduled as the options say, and which of them is wrong; no words when it can."""
        given = self.options.schedule
        if given is None:
            return "", ""
        from tui.forms.schedule_options import problem_of

        sent = self.form.sent
        return await asyncio.to_thread(problem_of, given, self.options.given, self.spec.schema, sent)

    async def _show_trouble(self, words: str, option: str) -> None:
        """Say why it cannot be scheduled where it can be mended."""
        if option:
            await self.turn_to("options")
            await self._options.go(("schedule", option) if option == "rule" else (option,))
        self._refresh(f"✗ {words}")

    async def _show_problems(self) -> None:
        problems = self.form.problems
        self._pane.tried = True
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        if self._view == "json":
            await self._mark()
            if self._marks:
                self._go_line(self._marks[0][0])
            self._refresh(f"✗ {count}: {path_text(problems[0].path)} {problems[0].text}".replace(":  ", ": "))
            return
        if self._view != "form":
            await self.turn_to("form")
        await self._pane.first_problem()
        key = self._key("problem")
        self._refresh(f"✗ {count} to mend first" + (f" · {key} goes to the next" if key else ""))

    async def _confirm(self) -> None:
        """Show exactly what goes out and have the executor's id typed; what changed meanwhile has to be looked at."""
        asked, beside = (self.spec.version, self._content()), self._beside()
        dangers = [Danger(self.spec.id, "", await self._previewed())] if self.spec.is_dangerous else []

        def answered(sure: bool | None) -> None:
            if sure and not self._is_gone and asked == (self.spec.version, self._content()):
                self._answer()
            elif sure:
                self._refresh("✗ it changed meanwhile: look at it again")

        self.app.push_screen(ConfirmScreen(self._heading, [*dangers, *beside]), answered)

    def _answer(self) -> None:
        self._is_answered = True
        if self._keeping is not None:
            self._keeping.stop()
        drafted = self._kept is not None
        options = LaunchOptions(self._content()[1])
        self.dismiss(LaunchRequest(self.spec.id, self.form.sent, options, drafted, self.form.schema))

    # the executor changed

    @on(Changed)
    async def _follow_executor(self) -> None:
        """Go on in the form of the new schema with all that was typed, and name what does not fit it."""
        if self._is_gone:
            self._refresh("")
            return
        self._describe()
        await self._take_all()
        old, version = self.form, short(self.spec.version)
        if old.schema == self.spec.schema:
            self._refresh(f"{self._was}, {version} is launched now; what was typed is kept")
            return
        form = old.with_schema(self.spec.schema)
        form.prepare()
        lost = unfit(old, form)
        said = f"fits no more: {lost}" if lost else "what was typed is kept"
        self._before.clear()
        await self._pane.replace(form, f"its inputs changed on disk ({version}); {said}")
        if self._refusal and self._view != "json":
            await self.turn_to("json")
        self._refresh()
