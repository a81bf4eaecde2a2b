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


STAY, QUIT, GO_ON = range(3)
"""The answers to `quit_question`."""


def quit_question(running: int, queued: int, scheduled: int, minutes: float) -> Question:
    """Asked by `q` while tasks run, wait or are scheduled; without a screen they go on for `minutes` at most."""
    parts = [
        (running, "runs", "run"),
        (queued, "waits for a slot", "wait for a slot"),
        (scheduled, "waits for its time", "wait for their time"),
    ]
    said = [(number, one if number == 1 else many) for number, one, many in parts if number]
    tasks = ", ".join(f"{amount(n, 'task') if not at else f'{n:,}'} {does}" for at, (n, does) in enumerate(said))
    after = " What has not begun goes on with the next console." if queued + scheduled else ""
    lasting = f"Without a screen they go on for {minutes:,.0f} minutes at most; a new console shows them."
    return Question(
        "Quit", f"{tasks}.{after}\n{lasting}", ("Stay", "Cancel and quit" if running else "Quit", "Leave running")
    )


def skip_question(name: str) -> Question:
    """Asked before a task is skipped; `name` is cleaned by the caller."""
    return Question(
        "Skip",
        f"Skip {name}? It counts as completed with result null, and what waits for it runs.",
        ("Don't", "Skip it"),
    )


def clone_question(name: str, tasks: int) -> Question:
    """Asked before a tree is copied and launched."""
    return Question("Clone", f"Launch a copy of {name} with all its {amount(tasks, 'task')}?", ("Don't", "Launch it"))


def delete_question(name: str, tasks: int, *, whole: bool) -> Question:
    """Asked before a run (`whole`) or a branch of one is deleted; there is no way back."""
    if tasks == 1:
        what = f"Delete the run {name}, its result and its log?" if whole else f"Delete {name}, its result and its log?"
    else:
        these = f"the run {name} with all its" if whole else f"{name} and all below it,"
        what = f"Delete {these} {amount(tasks, 'task')}, their results and logs?"
    return Question("Delete", f"{what} It can't be taken back.", ("Keep", "Delete"))


def cancel_question(name: str, tasks: int) -> Question:
    """Asked before a task with children, or a whole tree, is cancelled; `name` is cleaned by the caller."""
    return Question(
        "Cancel", f"Cancel {name} with all {amount(tasks, 'task')} of its tree?", ("Keep running", "Cancel")
    )
