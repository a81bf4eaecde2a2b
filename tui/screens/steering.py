"""What a person does from the console's screen to what waits or ran: pause, skip, clone, delete."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.task import Task, TaskStatus
from tui.forest import Row
from tui.screens.permission import changes
from tui.screens.task_actions import NAME_LIMIT, TaskActions, received
from tui.text import safe_name
from tui.wording import amount, word_of

if TYPE_CHECKING:
    from tui.history import History


class Steering(TaskActions):
    """Goes on where `TaskActions` ends; what the engine refuses becomes a toast there too."""

    history: History

    def steered(self) -> None:
        """Something was paused or resumed; the screen says so."""

    def is_paused(self, run_id: str) -> bool:
        """Whether a run is paused (8.3)."""
        return self.started and self.thread.engine.is_paused(run_id)

    def root_of(self, row: Row) -> Row:
        """The row of the run's root."""
        return self.runs.forest.row(row.task.run_id) or row

    def size_of(self, task_id: str) -> int:
        """How many tasks a run has of which only the root is held; else 0."""
        return self.history.size_of(task_id)

    # --- pause -----------------------------------------------------------------------------------------------

    @changes("pause")
    def action_pause_run(self) -> None:
        """Pause or resume the run of the selected task."""
        row = self.selected()
        if row is None:
            return
        run_id, engine = row.task.run_id, self.thread.engine
        root = self.root_of(row)
        name = named(root.task)
        if engine.is_paused(run_id):
            self.ask_engine(lambda: self.thread.ask(engine.resume(run_id)), lambda _: self._steered(f"{name} goes on"))
        elif root.has_ended:
            self.app.notify(f"the run {name} has ended: there is nothing to pause", severity="warning")
        else:
            key = self.app.keys.label("runs.pause")
            said = f"{name} is paused: what runs goes on, nothing new of it starts, {key} resumes it"
            self.ask_engine(lambda: self.thread.ask(engine.pause(run_id)), lambda _: self._steered(said))

    @changes("pause")
    def action_pause_queue(self) -> None:
        """Pause or resume everything."""
        if not self.started:
            self.app.notify("the engine is still starting", severity="warning")
            return
        engine = self.thread.engine
        if engine.paused:
            self.ask_engine(lambda: self.thread.ask(engine.resume()), lambda _: self._steered("the queue goes on"))
        else:
            said = "the queue is paused: what runs goes on, nothing new starts"
            self.ask_engine(lambda: self.thread.ask(engine.pause()), lambda _: self._steered(said))

    def _steered(self, said: str) -> None:
        self.app.notify(said)
        self.steered()

    # --- skip ------------------------------------------------------------------------------------------------

    @changes("skip")
    def action_skip_task(self) -> None:
        """Have a pending or failed task count as completed (8.4)."""
        from tui.screens.quit import skip_question

        row = self.selected()
        if row is None or self.refuses_history(row):
            return
        task = row.task
        if task.status not in (TaskStatus.PENDING, TaskStatus.FAILED):
            said = f"{named(task)} is {word_of(task.status)}: only what is pending or failed can be skipped"
            self.app.notify(said, severity="warning")
            return
        self.app.push_screen(skip_question(named(task)), lambda answer: self._skip(task.id) if answer else None)

    def _skip(self, task_id: str) -> None:
        self.app.pump.hurry()
        self.ask_engine(lambda: self.thread.ask(self.thread.engine.skip(task_id)))

    # --- clone -----------------------------------------------------------------------------------------------

    @changes("launch")
    def action_clone_task(self) -> None:
        """Launch a copy: of one task from its form, of a tree as it is. What was spawned at run time is not copied."""
        row = self.selected()
        if row is None:
            return
        task_id, engine = row.task.id, self.thread.engine
        tasks = max(_planned(row), self.size_of(task_id))
        if tasks == 1:
            self.ask_engine(lambda: self.thread.ask(engine.task(task_id)), self._open_clone)
        else:
            run_id = row.task.run_id
            self.ask_engine(lambda: self.thread.ask(engine.tree(run_id)), lambda found: self._ask_clone(row, found))

    def _ask_clone(self, row: Row, tree: Sequence[Task]) -> None:
        """Ask before a tree is copied and launched; what is dangerous in it is named, with what goes to it."""
        from tui.screens.confirm import ConfirmScreen
        from tui.screens.dangers import dangers_of
        from tui.screens.quit import clone_question

        task_id, planned = row.task.id, _planned_of(row.task.id, tree)
        if len(planned) < 2:
            self._open_clone(planned[0] if planned else None)
            return
        dangers = dangers_of(self.thread.engine.catalogue, planned)
        page = ConfirmScreen("Clone", dangers) if dangers else clone_question(named(row.task), len(planned))
        self.app.push_screen(page, lambda sure: self._clone_tree(task_id) if sure else None)

    def _open_clone(self, task: Task | None) -> None:
        if task is None:
            self.app.notify("the task is no longer in the store", severity="warning")
            return
        engine = self.thread.engine
        spec = engine.catalogue.get(task.executor_id)
        if spec is None:
            self.app.notify(engine.catalogue.unknown(task.executor_id), severity="warning")
            return
        if not self.may_run(spec, "launch"):
            return
        from tui.forms.options import options_of
        from tui.screens.launch import LaunchScreen
        from tui.screens.launching import clone

        options = options_of(task.priority, task.params)
        screen = LaunchScreen(spec, _inputs_of(task), title="Clone", options=options, shelf=self.shelf(spec))
        self.app.push_screen(screen, lambda request: self.start(request, partial(clone, engine, task)))

    def _clone_tree(self, task_id: str) -> None:
        from tui.screens.launching import clone_tree

        self.app.pump.hurry()
        self.ask_engine(lambda: self.thread.ask(clone_tree(self.thread.engine, task_id)), self._begun)

    # --- delete ----------------------------------------------------------------------------------------------

    @changes("delete")
    def action_delete_task(self) -> None:
        """Delete the selected task and all below it: the run, where it is the root."""
        from tui.screens.quit import delete_question

        row = self.selected()
        if row is None:
            return
        task = row.task
        if row.running:
            self.app.notify(f"{named(task)} runs: cancel it before it is deleted", severity="warning")
            return
        tasks = max(sum(1 for _ in row.subtree()), self.size_of(task.id))
        question = delete_question(named(task), tasks, whole=row.parent is None)
        self.app.push_screen(question, lambda answer: self._delete(task.id) if answer else None)

    def _delete(self, task_id: str) -> None:
        self.app.pump.hurry()
        self.ask_engine(lambda: self.thread.ask(self.thread.engine.delete(task_id)), self._deleted)

    def _deleted(self, tasks: int) -> None:
        self.app.pump.flush()
        self.app.notify(f"deleted {amount(tasks, 'task')}")


def named(task: Task) -> str:
    """The task's name, fit for a question or a toast."""
    return safe_name(task.name, limit=NAME_LIMIT)


def _planned(row: Row) -> int:
    """How many tasks of the subtree were there before it ran; the others it spawned (8.1)."""
    return 1 + sum(other.task.spawned is None for other in row.subtree() if other is not row)


def _planned_of(task_id: str, tree: Sequence[Task]) -> list[Task]:
    """The task and all under it in its `tree`, parents first, but for what was spawned at run time (5.5)."""
    kept = {task_id}
    found = []
    for task in tree:
        if task.id == task_id or (task.parent_id in kept and task.spawned is None):
            kept.add(task.id)
            found.append(task)
    return found


def _inputs_of(task: Task) -> dict[str, Any]:
    """What a copy that stands alone begins with: the inputs, and what its dependencies gave it."""
    if not (task.dependencies or task.has_references) or task.effective_inputs is None:
        return task.inputs
    return received(task)
