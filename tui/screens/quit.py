"""Questions before something that can't be taken back; the safe answer is the first and has the focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.wording import amount


class Question(ModalScreen[int]):
    """Dismisses with the index of the chosen answer; 0 is the safe one, Esc means it too."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "Button"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,q", "answer(0)", show=False),
        Binding("right,l,j,down", "app.focus_next", show=False),
        Binding("left,h,k,up", "app.focus_previous", show=False),
    ]

    def __init__(self, title: str, text: str, answers: Sequence[str]) -> None:
        super().__init__()
        self._title, self._text, self._answers = title, text, answers

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._title)
            yield Static(Content(self._text), classes="said")
            with Horizontal(classes="answers"):
                for index, answer in enumerate(self._answers):
                    yield Button(Content(answer), id=f"answer-{index}", compact=True)
            yield Static(Content("Tab or h l choose · Enter answers · Esc: the first"), classes="hint")

    def action_answer(self, index: int) -> None:
        self.dismiss(index)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(int((event.button.id or "answer-0").removeprefix("answer-")))


def quit_question(running: int, queued: int) -> Question:
    """Asked by `q` while tasks run."""
    waiting = f" and {queued:,} wait" if queued else ""
    return Question(
        "Quit",
        f"{amount(running, 'task')} {'runs' if running == 1 else 'run'}{waiting}.",
        ("Stay", "Cancel them and quit"),
    )


def cancel_question(name: str, tasks: int) -> Question:
    """Asked before a task with children, or a whole tree, is cancelled; `name` is cleaned by the caller."""
    return Question(
        "Cancel", f"Cancel {name} with all {amount(tasks, 'task')} of its tree?", ("Keep running", "Cancel")
    )
