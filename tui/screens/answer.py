"""The form of an answer: what a task asks, drawn as a launch form is; ctrl+r approves, a key and a button reject."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from engine.answers import Asked
from engine.catalogue import ExecutorSpec, Launchable
from engine.errors import TaskError
from engine.executor import BaseTask
from tui.boundary import ask
from tui.forms.keys import answer_bindings
from tui.keymap import label_of
from tui.screens.ask_name import NameScreen
from tui.screens.launch import LaunchScreen
from tui.screens.launch_views import View
from tui.text import safe_name, safe_text
from tui.wording import moment

TEXT = 4_000
"""Characters of the question's text that are shown."""
REASON = 500
LOOK_EVERY = 1.0
"""Seconds between two looks at whether it still waits: whoever answers may do so in another process."""

Then = Callable[[bool, dict[str, Any], str], object]
"""What is done with an answer: whether it approves, the values of the form, the reason."""


class AnswerScreen(LaunchScreen):
    """Calls `then` with the answer and closes; Esc closes it without one."""

    BINDINGS: ClassVar[list[BindingType]] = answer_bindings()

    def __init__(self, asked: Asked, then: Then, still: Callable[[], Awaitable[Asked]]) -> None:
        """`still` gives the question as it stands now, and raises `TaskError` once it wants no answer any more."""
        self.asked = asked
        self._then = then
        self._still = still
        question = asked.question
        spec = ExecutorSpec(asked.task.executor_id, question.title, question.text, _Nothing, question.schema)
        super().__init__(spec, title="Answer")

    def buttons(self) -> Iterator[Widget]:
        options = self.asked.question.options
        if "approve" in options:
            yield Button(Content("Approve"), id="launch-button", compact=True)
        if "reject" in options:
            yield Button(Content("Reject"), id="reject-button", compact=True)

    def compose(self) -> ComposeResult:
        yield from super().compose()
        self.call_after_refresh(self._describe)

    async def on_mount(self) -> None:
        self.set_interval(LOOK_EVERY, self._look)

    def _look(self) -> None:
        """Close, and say why, once another console, a command or the deadline was faster."""
        if self.is_current:
            ask(self, self._look_now, group="question")

    async def _look_now(self) -> None:
        try:
            await self._still()
        except TaskError as gone:
            if self.is_current:
                self.dismiss(None)
                self.app.notify(safe_text(str(gone)), severity="warning")

    def _describe(self) -> None:
        asked, task = self.asked, self.asked.task
        name = safe_text(asked.question.title)
        self.query_one("#launch-name", Static).update(
            Content.assemble((name, "bold"), (f"  {safe_name(task.name)} {task.id[:8]}", "$dim"))
        )
        lines = [safe_text(asked.question.text, lines=True, limit=TEXT)] if asked.question.text else []
        beside = [f"asked {moment(asked.since)}"]
        if asked.question.users:
            beside.append(f"of {safe_text(', '.join(asked.question.users), limit=60)}")
        if asked.deadline is not None:
            beside.append(f"{asked.question.on_timeout} by itself {moment(asked.deadline)}")
        self.query_one("#launch-about", Static).update(Content("\n".join([*lines, " · ".join(beside)])))

    def executor_changed(self, spec: Launchable | None) -> None:
        """The question stands as it was asked, whatever becomes of the executor."""

    def _count(self) -> str:
        return super()._count() if self._ready and self.asked.question.has_form else ""

    def _hint(self) -> None:
        options = self.asked.question.options
        keys = [
            f"{self._key('run')} approve" if "approve" in options else "",
            f"{label_of(self.app, 'answer.reject')} reject" if "reject" in options else "",
            f"{self._key('leave')} leave",
            f"{self._key('menu')} field menu" if self.asked.question.has_form else "",
        ]
        self._write(self.query_one("#launch-hint", Static), " · ".join(filter(None, keys)))

    async def _toggle(self, view: View) -> None:
        """There are no launch options to show."""
        if view in ("options", "preview"):
            self._refresh("a question has neither options nor a preview")
        else:
            await super()._toggle(view)

    async def action_recall(self) -> None:
        self._refresh("nothing is kept of answers")

    action_save_preset = action_compare = action_recall

    async def _launch(self) -> None:
        if "approve" in self.asked.question.options:
            await super()._launch()
        else:
            self._refresh("✗ this question can only be rejected")

    def _answer(self) -> None:
        values = self.form.sent
        self.dismiss(None)
        self._then(True, values if isinstance(values, dict) else {}, "")

    @on(Button.Pressed, "#reject-button")
    def _reject_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        event.prevent_default()
        self._reject()

    async def action_reject(self) -> None:
        await self._after_keys(self._reject_soon)

    async def _reject_soon(self) -> None:
        self._reject()

    def _reject(self) -> None:
        if "reject" not in self.asked.question.options:
            self._refresh("✗ this question takes no rejection")
            return
        words = "Why? The task fails with this reason."
        self.app.push_screen(NameScreen("Reject", words, longest=REASON, verb="rejects"), self._rejected)

    def _rejected(self, reason: str | None) -> None:
        if reason is not None:
            self.dismiss(None)
            self._then(False, {}, reason)


class _Nothing(BaseTask):
    """A question has no code of its own to run."""

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return inputs
