"""What a person does with the code behind tasks from the console's screen: edit it, see what ran, run it again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on

from engine.task import Task
from tui.boundary import ask
from tui.screens.drafting import Drafting
from tui.screens.permission import changes
from tui.screens.steering import named
from tui.text import safe_text
from tui.versions import ABSENT, short
from tui.widgets.detail import DetailPane

if TYPE_CHECKING:
    from engine.catalogue import Catalogue
    from tui.screens.quit import Question

Place = tuple[str, int | None]
"""A file and the line in it."""


class Code(Drafting):
    """Goes on where `Drafting` ends."""

    _catalogue: Catalogue
    _editing = False

    # --- the source of a version -----------------------------------------------------------------------------

    @on(DetailPane.SourceWanted)
    def _source_wanted(self, event: DetailPane.SourceWanted) -> None:
        from tui.source import read_source

        event.stop()
        key, spec = event.key, self._catalogue.entry(event.executor_id)
        ask(
            self.detail,
            lambda: read_source(self.thread, key[1], spec),
            lambda lines: self.detail.source_loaded(key, lines),
            group="version",
            exclusive=True,
        )

    @changes("rerun")
    def action_rerun_then(self) -> None:
        """Run the selected task again with the version that the attempt in the detail, or its latest one, ran."""
        row = self.selected()
        if row is None or self.refuses_history(row):
            return
        task_id, engine = row.task.id, self.thread.engine

        async def read() -> tuple[Task | None, list[Task]]:
            task = await engine.task(task_id)
            return task, await engine.affected(task_id) if task is not None and task.is_terminal else []

        self.ask_engine(lambda: self.thread.ask(read()), lambda found: self._ask_rerun_then(*found))

    def _ask_rerun_then(self, task: Task | None, again: Sequence[Task]) -> None:
        if task is None:
            self.app.notify("the task is no longer in the store", severity="warning")
            return
        shown = self.detail.version if self.detail.task_id == task.id else None
        version, spec = shown or task.executor_version, self._catalogue.entry(task.executor_id)
        if not task.is_terminal:
            self.app.notify("it has not ended yet", severity="warning")
        elif not version:
            self.app.notify(f"{named(task)} ran no code of an executor", severity="warning")
        elif spec is not None and spec.version == version:
            key = self.app.keys.label("runs.rerun")
            self.app.notify(f"{short(version)}, which it ran, is the current version: {key} reruns it")
        else:
            from tui.screens.confirm import ConfirmScreen
            from tui.screens.dangers import dangers_of

            current = spec.version if spec is not None else None
            dangers = dangers_of(self._catalogue, again)
            page = (
                ConfirmScreen(f"Rerun with {short(version, current or '')}", dangers)
                if dangers
                else rerun_question(named(task), version, current)
            )
            self.app.push_screen(page, lambda sure: self._rerun_then(task.id, version) if sure else None)

    def _rerun_then(self, task_id: str, version: str) -> None:
        engine = self.thread.engine
        self.app.pump.hurry()
        self.ask_engine(lambda: self.thread.ask(engine.rerun(task_id, version=version)), self.show_started)

    # --- the editor ------------------------------------------------------------------------------------------

    @changes("edit")
    def action_edit(self) -> None:
        """Open the person's editor at what is selected; everything goes on meanwhile."""
        place = self._place()
        if place is not None and not self._editing:
            self.ask_engine(lambda: self._edit(*place))

    async def _edit(self, file: str, line: int | None) -> None:
        from tui.editor import EditorError, arguments, edit, editor

        words = editor(os.environ)
        if not await asyncio.to_thread(os.path.isfile, file):
            raise EditorError(f"the file {file} is not there", "It was deleted or renamed")
        if self._editing:
            return
        self._editing = True
        try:
            code = await edit(self.app, arguments(words, file, line))
        finally:
            self._editing = False
        if code:
            said = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
            self.app.notify(f"{Path(words[0]).name} {said}", severity="warning")

    def _place(self) -> Place | None:
        """The file and line of what the person means; None, after saying why, where there is none."""
        row = self.catalogue.row
        if self.pane == "detail" and self.detail.place is not None:
            return self.detail.place
        if self.pane == "runs" or (self.pane == "detail" and self.detail.task_id):
            task = self.selected()
            return self._place_of(task.task.executor_id) if task is not None else None
        if row is not None and row.spec is not None:
            return self._place_of(row.spec.id)
        problem = row.problem if row is not None else None
        if row is not None and problem is None and self._catalogue.problems:
            problem = self._catalogue.problems[0]  # the heading of the problems
        if problem is None:
            self.app.notify("nothing is selected that has a file", severity="warning")
            return None
        return problem.file, problem.line

    def _place_of(self, executor_id: str) -> Place | None:
        spec = self._catalogue.entry(executor_id)
        if spec is not None and spec.file:
            return spec.file, spec.line
        name = safe_text(executor_id)
        self.app.notify(f"{name} has no file" if spec is not None else f"{name} is {ABSENT}", severity="warning")
        return None


def rerun_question(name: str, version: str, current: str | None) -> Question:
    """Asked before a former version runs again; `name` is cleaned by the caller."""
    from tui.screens.quit import Question

    instead = f"not with the current {short(current, version)}" if current else f"its executor is {ABSENT}"
    text = f"Run {name} again with {short(version, current or '')}, the version that it ran then ({instead})?"
    return Question("Rerun with the version of then", f"{text} What depends on it runs again too.", ("Don't", "Run it"))
