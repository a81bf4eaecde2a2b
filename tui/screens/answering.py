"""What a person answers from the console's screen, and the way to what waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from tui.screens.steering import Steering, named
from tui.wording import moment

if TYPE_CHECKING:
    from engine.answers import Asked, Given


class Answering(Steering):
    """Goes on where `Steering` ends."""

    def action_answer(self) -> None:
        """Open the question of the selected task; where it asks nothing, a list of all that wait."""
        task_id = self.detail.task_id or self.runs.rows.selected
        row = self.runs.forest.row(task_id) if task_id else None
        if not self.started:
            self.app.notify("the engine is still starting", severity="warning")
        elif row is not None and row.task.is_asking:
            self.open_question(row.task.id)
        else:
            answers = self.thread.engine.answers
            self.ask_engine(lambda: self.thread.ask(answers.waiting()), self._choose_question)

    def _choose_question(self, waiting: Sequence[Asked]) -> None:
        if not waiting:
            self.app.notify("nothing waits for an answer")
            return
        from tui.screens.pick import Choice, PickScreen

        choices = [
            Choice(each.question.title, each.task.name, f"{each.task.name} · asked {moment(each.since)}")
            for each in waiting
        ]

        def picked(at: int | None) -> None:
            if at is not None:
                self._open(waiting[at])

        self.app.push_screen(PickScreen("Waits for an answer", choices, "opens it"), picked)

    def open_question(self, task_id: str) -> None:
        """Read what a task asks, as it stands in the store, and open its form."""
        answers = self.thread.engine.answers
        self.ask_engine(lambda: self.thread.ask(answers.question(task_id)), self._open)

    def _open(self, asked: Asked) -> None:
        from tui.screens.answer import AnswerScreen

        def give(approve: bool, values: dict[str, Any], reason: str) -> None:
            engine = self.thread.engine
            self.app.pump.hurry()
            work = engine.answers.give(asked.task.id, approve, values, reason=reason, who=engine.settings.user)
            self.ask_engine(lambda: self.thread.ask(work), lambda given: self._given(asked, given))

        def read() -> Awaitable[Asked]:
            return self.thread.ask(self.thread.engine.answers.question(asked.task.id))

        self.app.push_screen(AnswerScreen(asked, give, read))

    def _given(self, asked: Asked, given: Given) -> None:
        rest = "" if given.is_run else ": it goes on when a console has its run"
        self.app.notify(f"{named(asked.task)} was {given.answer.words()}{rest}")
