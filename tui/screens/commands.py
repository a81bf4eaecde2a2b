"""What is typed after `:` on the console's screen, and what its hints and the palette lead to."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import TaskdeckError
from engine.task import Task
from tui.actions import Action, Scope
from tui.bindings import target
from tui.command_error import CommandError
from tui.screens.browsing import Browsing
from tui.screens.panes import PANES
from tui.screens.permission import changes
from tui.text import safe_text
from tui.wording import amount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.catalogue import Launchable
    from tui.widgets.command_line import CommandLine

IDS_OFFERED = 200
"""Runs whose ids a command is completed to."""
CHUNK = 256
"""Lines of an export that are written at once."""


class Commands(Browsing):
    """Goes on where `Browsing` ends. An action takes words where there is a `command_<method>` for it."""

    # --- the line --------------------------------------------------------------------------------------------

    async def action_command_line(self) -> None:
        from tui.widgets.command_line import CommandLine

        if not self.query(CommandLine):
            line = CommandLine(self._complete, self.app.kept.texts("commands"))
            await self.mount(line, before=self.status)
        self.query_one(CommandLine).open()
        self.status.display = False

    def _complete(self, text: str) -> list[str]:
        from tui import command_line
        from tui.command_line import Known

        executors = {spec.id: spec.schema for spec in self._catalogue.entries.values()}
        roots = [row.task.id for row in self.runs.forest.visible if row.parent is None]
        return command_line.complete(text, self.pane, Known(executors, roots[:IDS_OFFERED]))

    def on_command_line_left(self, event: CommandLine.Left) -> None:
        event.stop()
        self._close_line()

    def _close_line(self) -> None:
        from tui.widgets.command_line import CommandLine

        self.query_one(CommandLine).close()
        self.status.display = True
        self.set_focus(self.focus_target)

    def on_command_line_entered(self, event: CommandLine.Entered) -> None:
        from tui import command_line
        from tui.widgets.command_line import CommandLine

        event.stop()
        line = self.query_one(CommandLine)
        try:
            parsed = command_line.parse(event.text, self.pane)
            if parsed is None:
                self._close_line()
                return
            if parsed.command is not None:
                doing = getattr(self, f"command_{parsed.command.name}")
                self._do(partial(doing, parsed.words), event.text)
            elif parsed.action is not None:
                self._do(self._doing(parsed.action, parsed.words), event.text)
        except CommandError as error:
            line.refuse(str(error))

    def _do(self, doing: partial[None], text: str) -> None:
        """Leave the line and do it; where that raises a CommandError, the line stays."""
        from tui.widgets.command_line import CommandLine

        line = self.query_one(CommandLine)
        self._close_line()
        try:
            doing()
        except CommandError:
            line.display, self.status.display = True, False
            self.set_focus(line.field)
            raise
        line.remember(text)
        self.app.keep("commands", line.recalled)

    def _doing(self, action: Action, words: str) -> partial[None]:
        if action.scope not in ("app", *PANES):
            raise CommandError(f"{action.id} is done in its own dialog or view, by {self.app.keys.label(action.id)}")
        method = action.method.partition("(")[0]
        taking = getattr(self, f"command_{method}", None)
        if taking is not None and words:
            return partial(taking, words)
        if words:
            raise CommandError(f"{action.id} takes no words")
        return partial(self.perform, action.scope, target(action))

    def perform(self, scope: Scope, action: str) -> None:
        for pane in PANES:
            if pane == scope != self.pane:
                self.enter(pane)
        self.app.call_later(self.app.run_action, action, self.focus_target)

    def show_started(self, task: Task) -> None:
        """What is launched here is told of when it ends."""
        super().show_started(task)
        self.app.herald.launched(task)

    # --- the commands ----------------------------------------------------------------------------------------

    def command_quit(self, words: str) -> None:
        self.perform("app", "screen.quit")

    def command_help(self, words: str) -> None:
        self.perform("app", "screen.help")

    @changes("launch")
    def command_launch(self, words: str) -> None:
        """`ID [NAME=VALUE …]`: the form opens with the inputs filled in, and what does not fit is said."""
        from tui import command_line

        executor_id, lines = command_line.assignments(words)
        spec = self._catalogue.entry(executor_id)
        if spec is None:
            raise command_line.nearest("executor or flow", executor_id, self._catalogue.entries)
        if lines and self.may_run(spec, "launch"):
            self._launch_with(spec, lines)
        elif not lines:
            self.launch(spec)

    def _launch_with(self, spec: Launchable, lines: str) -> None:
        from tui.forms.clip import read
        from tui.screens.launch import LaunchScreen
        from tui.screens.launching import launch

        clip = read(lines, spec.schema)
        wrong = clip.problem or next((f"{note.what}: {note.why}" for note in clip.unfit), "")
        if wrong:
            raise CommandError(wrong)
        screen = LaunchScreen(spec, clip.applied({}), shelf=self.shelf(spec), beside=lambda: self.dangers_in(spec))
        self.app.push_screen(screen, lambda request: self.start(request, partial(launch, self.thread.engine)))

    def command_compose(self, words: str) -> None:
        """`PATH`: open a flow file as the draft."""
        self.compose_with(lambda screen: screen.open_path(words))

    def command_go(self, words: str) -> None:
        """To a task whose id is, or begins with, the word."""
        forest = self.runs.forest
        row = forest.row(words)
        if row is None:
            begun = [each for each in forest.visible if each.task.id.startswith(words)]
            runs = [each for each in begun if each.parent is None] or begun
            if len(runs) > 1:
                raise CommandError(f"{amount(len(runs), 'task')} begin with '{words}': type more of the id")
            row = runs[0] if runs else None
        if row is not None:
            self.go_to(row.task.id)
        else:
            self.ask_engine(lambda: self.thread.ask(self.thread.engine.task(words)), partial(self._found, words))

    def _found(self, task_id: str, task: Task | None) -> None:
        """A task that is in the store and not in the list of runs yet: its tree is read."""
        if task is None:
            self.app.notify(f"there is no run or task '{task_id}'", severity="warning")
            return

        def show(tree: list[Task]) -> None:
            self.runs.forest.load([tree])
            self.runs.rows.resync()
            self.go_to(task_id)

        self.ask_engine(lambda: self.thread.ask(self.thread.engine.tree(task.run_id)), show)

    def go_to(self, task_id: str) -> None:
        """Select a task that is in the list of runs."""
        self.enter("runs")
        self.runs.rows.select(task_id)

    def command_filter(self, words: str) -> None:
        (self.catalogue if self.pane == "catalogue" else self.runs).filter_line.put(words)
        self.call_after_refresh(self.looked, leap=True)

    def command_cancel(self, words: str) -> None:
        if words not in ("", "tree"):
            raise CommandError(f"cancel takes nothing or the word tree, not '{words}'")
        (self.action_cancel_tree if words else self.action_cancel_task)()

    def command_pause(self, words: str) -> None:
        self._pause(words, paused=True)

    def command_resume(self, words: str) -> None:
        self._pause(words, paused=False)

    @changes("pause")
    def _pause(self, words: str, *, paused: bool) -> None:
        """Pause or resume what is not so yet."""
        if words not in ("", "queue"):
            raise CommandError(f"it takes nothing or the word queue, not '{words}'")
        if not self.started:
            raise CommandError("the engine is still starting")
        row = None if words else self.selected()
        if not words and row is None:
            return
        is_paused = self.is_paused(row.task.run_id) if row is not None else self.thread.engine.paused
        if is_paused is paused:
            what = "the queue" if row is None else "the run"
            raise CommandError(f"{what} is paused already" if paused else f"{what} is not paused")
        (self.action_pause_run if row is not None else self.action_pause_queue)()

    def command_theme(self, words: str) -> None:
        self._change("theme", words)

    def command_set(self, words: str) -> None:
        from tui import command_line

        if not words:
            self.show_settings()
            return
        self._change(*command_line.setting(words))

    def _change(self, name: str, value: str) -> None:
        try:
            said = self.app.change_setting(name, value)
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.app.notify(said)

    def show_settings(self) -> None:
        """All settings of the console with their values, as a sheet."""
        from tui.console_settings import ABOUT, CHOICES
        from tui.screens.sheet import Sheet

        settings = self.app.settings
        lines = [("change one with  :set NAME VALUE; it is kept", "dim"), ("", "")]
        for name, choices in CHOICES.items():
            lines.append((f"{name:<14}{settings.word(name):<9}{'  '.join(choices)}", "head"))
            lines.append((f"{'':<14}{ABOUT[name]}", "dim"))
        self.app.push_screen(Sheet("Settings", lines))

    # --- export ----------------------------------------------------------------------------------------------

    def command_export(self, words: str) -> None:
        """Write the selected run to a file that is not there yet."""
        row = self.selected()
        if row is None:
            return
        run_id, path = row.task.run_id, Path(words).expanduser().absolute()
        engine = self.thread.engine
        self.ask_engine(
            lambda: self.thread.ask(write_lines(engine.export([run_id]), path)),
            lambda lines: self.app.notify(f"wrote {amount(lines, 'line')} to {safe_text(path)}"),
        )


async def write_lines(lines: AsyncIterator[str], path: Path) -> int:
    """Write an export to a new file, readable by its owner only; returns how many lines. Never leaves half a file.

    Raises `TaskdeckError` for a file that is there already or can't be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    number, waiting = 0, list[str]()

    def put() -> None:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in waiting)

    try:
        if await asyncio.to_thread(os.path.lexists, path):
            raise TaskdeckError(f"{path} exists already", "Name another file")
        async for line in lines:
            waiting.append(line)
            number += 1
            if len(waiting) >= CHUNK:
                await asyncio.to_thread(put)
                waiting.clear()
        await asyncio.to_thread(put)
        await asyncio.to_thread(os.replace, beside, path)
    except OSError as error:
        raise TaskdeckError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        await asyncio.to_thread(beside.unlink, missing_ok=True)
    return number
