"""What a person does to tasks from the console's screen: launch, rerun, cancel, copy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from engine.catalogue import Launchable
from engine.task import Task, TaskStatus
from tui.boundary import ask
from tui.forest import Row
from tui.screens.panes import Panes
from tui.screens.permission import changes
from tui.text import safe_name
from tui.wording import NEEDS_SECRETS

if TYPE_CHECKING:
    from tui.late_engine import LateEngine
    from tui.screens.dangers import Danger
    from tui.screens.launch_request import LaunchRequest
    from tui.screens.launching import Started
    from tui.screens.shelf import Shelf

T = TypeVar("T")
SLOW = 0.4
"""Seconds after which it is said that a launch is under way."""
NAME_LIMIT = 60
"""Characters of a task's name in a question or toast."""


class TaskActions(Panes):
    """The half of the screen that asks the engine; the app waits for the answers, so they outlive a dialog."""

    thread: LateEngine
    started = False
    """Whether the engine can be asked."""

    def ask_engine(self, work: Callable[[], Awaitable[T]], then: Callable[[T], object] | None = None) -> None:
        """Do `work` with the engine beside the screen; refusals become toasts."""
        ask(self.app, work, then)

    def selected(self) -> Row | None:
        """The row of the task that the person means: the one that the detail shows, else the one under the cursor."""
        task_id = self.detail.task_id or self.runs.rows.selected
        row = self.runs.forest.row(task_id) if task_id else None
        if row is None:
            self.app.notify("no task is selected", severity="warning")
        return row

    def refuses_history(self, row: Row) -> bool:
        """Say so where the row is history: the engine knows only what the latest attempts spawned (8.1)."""
        if row.is_history:
            said = f"it is history, spawned by attempt {row.task.spawned} of its parent: act on the parent instead"
            self.app.notify(said, severity="warning")
        return row.is_history

    # --- launch ----------------------------------------------------------------------------------------------

    def launch(self, spec: Launchable) -> None:
        """Open the dialog of an executor; its answer is launched."""
        from tui.screens.launch import LaunchScreen
        from tui.screens.launching import launch

        if self.may_run(spec, "launch"):
            engine = self.thread.engine
            screen = LaunchScreen(spec, shelf=self.shelf(spec), beside=lambda: self.dangers_in(spec))
            self.app.push_screen(screen, lambda request: self.start(request, partial(launch, engine)))

    def may_change(self, what: str) -> bool:
        """Whether something may be changed from here; where not, it is said and kept in the audit."""
        if not (self.started and self.thread.engine.access.read_only):
            return True
        self.ask_engine(lambda: self.thread.ask(self.thread.engine.permit(what)))
        return False

    def may_run(self, spec: Launchable, what: str) -> bool:
        """The same for running an executor or flow."""
        if spec.barred:
            self.ask_engine(lambda: self.thread.ask(self.thread.engine.permit(what, executor_id=spec.id)))
        return not spec.barred and self.may_change(what)

    def dangers_in(self, spec: Launchable) -> Sequence[Danger]:
        """What is dangerous among the tasks of a flow; none for an executor, which is asked for by itself."""
        from engine.flow import FlowSpec
        from tui.screens.dangers import dangers_in_flow

        return dangers_in_flow(self.thread.engine.catalogue, spec) if isinstance(spec, FlowSpec) else ()

    def shelf(self, spec: Launchable) -> Shelf:
        """Where the forms of an executor keep their drafts and presets."""
        from tui.screens.shelf import Shelf

        return Shelf(self.thread, spec.id)

    def start(
        self, request: LaunchRequest | None, begin: Callable[[LaunchRequest], Coroutine[Any, Any, Started]]
    ) -> None:
        """What a dialog answered is begun by the engine, and then shown."""
        if request is not None:
            self.app.pump.hurry()
            self.ask_engine(lambda: self._patiently(begin(request), request.executor_id), self._begun)

    async def _patiently(self, launched: Coroutine[Any, Any, Started], name: str) -> Started:
        """A large flow takes its time until its tasks are stored: say so, then nobody launches it twice."""
        slow = self.set_timer(SLOW, lambda: self.app.notify(f"launching {name} …"))
        try:
            return await self.thread.ask(launched)
        finally:
            slow.stop()

    def _begun(self, started: Started) -> None:
        self.show_started(started.task)
        if started.is_old:
            self.app.notify("a task has this key already: it is shown, nothing new runs", severity="warning")

    def show_started(self, task: Task) -> None:
        """A task was launched or rerun: the runs get the focus, the task the cursor, the detail its outcome."""
        self.app.pump.hurry()
        self.app.pump.take()
        if self.runs.forest.row(task.id) is None:
            self.runs.forest.load([[task]])
            self.runs.rows.resync()
        self.enter("runs")
        self.runs.rows.select(task.id)

    # --- rerun -----------------------------------------------------------------------------------------------

    @changes("rerun")
    def action_rerun(self) -> None:
        row = self.selected()
        if row is None or self.refuses_history(row):
            return
        task_id, engine = row.task.id, self.thread.engine

        async def read() -> tuple[Task | None, list[Task]]:
            task = await engine.task(task_id)
            return task, await engine.affected(task_id) if task is not None and task.is_terminal else []

        self.ask_engine(lambda: self.thread.ask(read()), lambda found: self._open_rerun(*found))

    def _open_rerun(self, task: Task | None, again: Sequence[Task] = ()) -> None:
        """Open the form of its rerun; `again` are all tasks that would run again."""
        if task is None:
            self.app.notify("the task is no longer in the store", severity="warning")
            return
        if not task.is_terminal and not needs_secrets(task):
            self.app.notify("it has not ended yet", severity="warning")
            return
        spec = self.thread.engine.catalogue.entry(task.executor_id)
        if spec is None:  # a group, or an executor that is gone: the engine knows what to say
            self.confirm_dangers("Rerun", again, lambda: self._rerun(task.id))
            return
        if not self.may_run(spec, "rerun"):
            return
        from tui.forms.options import options_of
        from tui.forms.told import told_by
        from tui.screens.dangers import dangers_of
        from tui.screens.launch import LaunchScreen
        from tui.screens.launching import rerun

        title = "Give its secrets" if needs_secrets(task) else "Rerun"
        options, engine = options_of(task.priority, task.params), self.thread.engine
        others = [other for other in again if other.id != task.id]
        shown = received(task) if task.has_references and task.effective_inputs is not None else None
        screen = LaunchScreen(
            spec,
            task.inputs if shown is None else shown,
            title=title,
            options=options,
            again=True,
            shelf=self.shelf(spec),
            told=told_by(task.result, task.error, task.error_type, spec.schema),
            beside=lambda: dangers_of(engine.catalogue, others),
        )
        self.app.push_screen(screen, lambda request: self.start(request, partial(rerun, engine, task, shown=shown)))

    def confirm_dangers(self, doing: str, tasks: Sequence[Task], then: Callable[[], object]) -> None:
        """Do `then`, once every dangerous executor among `tasks` was confirmed; at once where there is none."""
        from tui.screens.dangers import dangers_of

        dangers = dangers_of(self.thread.engine.catalogue, tasks)
        if not dangers:
            then()
            return
        from tui.screens.confirm import ConfirmScreen

        def answered(sure: bool | None) -> None:
            if sure:
                then()

        self.app.push_screen(ConfirmScreen(doing, dangers), answered)

    def _rerun(self, task_id: str) -> None:
        engine = self.thread.engine
        self.app.pump.hurry()
        self.ask_engine(lambda: self.thread.ask(engine.rerun(task_id)), self.show_started)

    # --- cancel ----------------------------------------------------------------------------------------------

    @changes("cancel")
    def action_cancel_task(self) -> None:
        row = self.selected()
        if row is not None:
            self._cancel(row, sure=not row.children)

    @changes("cancel")
    def action_cancel_tree(self) -> None:
        row = self.selected()
        if row is not None:
            while row.parent is not None:
                row = row.parent
            self._cancel(row, sure=False)

    def _cancel(self, row: Row, *, sure: bool) -> None:
        """Cancel the row's task and all below it; ask first unless `sure`."""
        from tui.screens.quit import cancel_question

        if row.has_ended:
            self.app.notify("it has ended already", severity="warning")
            return
        task_id = row.task.id
        if sure:
            self._cancel_now(task_id)
            return
        name = safe_name(row.task.name, limit=NAME_LIMIT)
        self.app.push_screen(
            cancel_question(name, row.total), lambda answer: self._cancel_now(task_id) if answer else None
        )

    def _cancel_now(self, task_id: str) -> None:
        engine = self.thread.engine
        self.app.pump.hurry()
        self.ask_engine(lambda: self.thread.ask(engine.cancel(task_id)), self._cancelled)

    def _cancelled(self, answer: dict[str, Any]) -> None:
        if answer.get("status") == "failed":
            self.app.notify(str(answer.get("message", "it cannot be cancelled")), severity="warning")


def received(task: Task) -> dict[str, Any]:
    """What execute received, without the results of dependencies that stand under their ids (3.5)."""
    given = {dependency.id for dependency in task.dependencies}
    return {key: value for key, value in (task.effective_inputs or {}).items() if key not in given}


def needs_secrets(task: Task) -> bool:
    """Whether it waits for secrets that were lost with their process (8.6); a rerun with inputs gives them."""
    return task.status is TaskStatus.PENDING and task.hold.startswith(NEEDS_SECRETS)
