"""Tells the terminal what goes on: its title, a bell or a notification when a run that was launched here ends."""

from __future__ import annotations

from collections.abc import Collection
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

from engine.task import Task
from tui import look
from tui.driver import notify_terminal, set_title
from tui.notices import Watched, asking_words, is_told, title

if TYPE_CHECKING:
    from tui.app import ConsoleApp

TITLE_EVERY = 1.0
"""Seconds between two changes of the terminal's title."""


class Herald:
    """Looks at the forest when it is told that something changed."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app
        self._watched = Watched()
        self._title = ""
        self._pause: Timer | None = None

    def launched(self, task: Task) -> None:
        """A person launched or reran it here: its run's end is told of."""
        self._watched.add(task.run_id, monotonic())
        self._tell_ends()

    def news(self) -> None:
        """Something changed."""
        self._tell_ends()
        if self._pause is None:
            self.say_title()

    def asked(self, task_ids: Collection[str]) -> None:
        """Tasks wait for an answer from now on, whoever launched them: a bell, and the question's task by its name."""
        app = self._app
        if app.settings.notify == "off":
            return
        app.bell()
        names = [row.task.name for task_id in task_ids if (row := app.forest.row(task_id)) is not None]
        said = asking_words(names[0] if names else "a task", len(task_ids))
        app.notify(f"{said}: {app.keys.label('runs.answer')} opens it")
        if app.settings.notify == "notify":
            notify_terminal(app, f"taskdeck: {self._written(said)}")

    def _tell_ends(self) -> None:
        app, forest, settings = self._app, self._app.forest, self._app.settings
        for run_id in self._watched.runs:
            row = forest.row(run_id)
            if row is None or not row.has_ended:
                continue
            ending = self._watched.ended(run_id, row.task.name, forest.tree_status(row), monotonic())
            if ending and is_told(settings.notify, ending, after=settings.notify_after, focused=app.app_focus):
                app.bell()
                if settings.notify == "notify":
                    notify_terminal(app, f"taskdeck: {self._written(ending.text)}")

    def say_title(self) -> None:
        """The terminal's title, at most once a second."""
        self._pause = None
        app = self._app
        if not look.has_title():
            return
        counts = app.thread.engine.counts
        words = title(counts.running, app.forest.counts.failed, counts.asking)
        text = self._written(words) if app.settings.title else ""
        if text != self._title:
            self._title = text
            set_title(app, text)
            if app.live:
                self._pause = app.set_timer(TITLE_EVERY, self.say_title)

    def _written(self, text: str) -> str:
        """`text` as the terminal can show it."""
        if not self._app.look.ascii:
            return text
        from tui.glyphs import to_ascii

        return to_ascii(text, foreign=not self._app.look.utf8)
