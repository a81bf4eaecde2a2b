"""What a person does with what the detail pane shows: read, search, copy, save, open in the pager."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual import on

from tui.actions import Scope, by_id
from tui.bindings import target
from tui.screens.code import Code
from tui.screens.panes import Pane
from tui.text import safe_text
from tui.widgets.status_line import StatusLine
from tui.wording import amount

if TYPE_CHECKING:
    from tui.widgets.log_view import LogView

LONGEST_PATH = 4_000
Writer = Callable[[], Iterable[str]]


class Viewing(Code):
    """Goes on where `Code` ends."""

    _large = False
    """Whether the log was made large, and is to be made small again."""
    _came_from: Pane | None = None
    _paging = False

    # --- what is pressed, jumped to --------------------------------------------------------------------------

    def perform(self, scope: Scope, action: str) -> None:
        """What palette, command or click chose: go where the action belongs and do it."""

    @on(StatusLine.Pressed)
    def _hint_pressed(self, event: StatusLine.Pressed) -> None:
        event.stop()
        action = by_id(event.action)
        if action is not None:
            self.perform(action.scope, target(action))

    def action_jump(self) -> None:
        """Letters on what is seen; pressing one goes there."""
        from tui.screens.jump import JumpScreen, targets

        found = targets(self)

        def go(at: int | None) -> None:
            if at is not None:
                found[at].go()

        self.app.push_screen(JumpScreen(found), go)

    # --- tabs, attempts --------------------------------------------------------------------------------------

    def action_tab(self, number: int) -> None:
        self.detail.pick(number - 1)

    def action_attempt(self, by: int) -> None:
        """Show the attempt before or after the one that is shown."""
        detail = self.detail
        numbers = [each.number for each in detail.attempts]
        if detail.task_id is None or len(numbers) < 2:
            self.app.notify("there is one attempt only" if numbers else "it was not tried yet")
            return
        now = detail.attempt if detail.attempt in numbers else numbers[-1]
        at = max(0, min(numbers.index(now) + by, len(numbers) - 1))
        detail.choose_attempt(numbers[at])

    def action_attempts(self) -> None:
        from tui.screens.attempts import AttemptsScreen

        detail = self.detail
        if detail.task_id is None or not detail.attempts:
            self.app.notify("it was not tried yet")
            return
        chosen = detail.attempt or detail.attempts[-1].number
        self.app.push_screen(
            AttemptsScreen(detail.attempts, chosen), lambda number: detail.choose_attempt(number) if number else None
        )

    # --- the log ---------------------------------------------------------------------------------------------

    def _log(self) -> LogView | None:
        """The log where it is shown; else it is said where it is."""
        if self.detail.task_id is not None and self.detail.view is self.detail.log_view:
            return self.detail.log_view
        self.app.notify(f"that is for the log: {self.app.keys.label('app.tab_log')} shows it")
        return None

    def action_follow(self) -> None:
        log = self.detail.log_view
        log.following = not log.following

    def action_log(self) -> None:
        """The log on the whole screen, and back."""
        if self._large:
            self._make_small()
        elif self.detail.task_id is None:
            self.app.notify("no task is selected", severity="warning")
        else:
            self._large, self._came_from = True, self.pane
            self.detail.pick_tab("Log")
            self.enter("detail")
            self.action_zoom(1)

    def _make_small(self) -> None:
        self._large = False
        self.action_zoom(-1)
        self.enter(self._came_from or "detail")

    def action_wrap(self) -> None:
        if (log := self._log()) is not None:
            self.app.notify(log.toggle_wrap())

    def action_stamps(self) -> None:
        if (log := self._log()) is not None:
            self.app.notify(log.next_stamps())

    def action_mark(self) -> None:
        if (log := self._log()) is not None:
            log.toggle_mark()

    def action_below(self) -> None:
        """Mix in the logs of all tasks below, or take them out again."""
        if self._log() is None:
            return
        log = self.detail.log_view
        if self.detail.attempt is not None:
            self.detail.choose_attempt(None)
        log.choose(below=not log.below)
        self.app.notify("the logs of all tasks below are mixed in" if log.below else "its own log alone")

    # --- search ----------------------------------------------------------------------------------------------

    def action_look_for(self) -> None:
        self.detail.open_search()

    def action_match(self, by: int) -> None:
        if not self.detail.view.step_match(by):
            key = self.app.keys.label("detail.search")
            self.app.notify("nothing matches" if self.detail.search_line.text else f"{key} searches")

    def action_only_matches(self) -> None:
        """Only matching lines of the log; without a search the line to type one opens."""
        log = self._log()
        if log is None:
            return
        log.show_only(not log.only)
        if log.only and log.finder is None:
            self.detail.open_search()

    def action_leave(self) -> None:
        self.leave()

    def leave(self) -> bool:
        """Esc ends first the mark, then the search, then the large log; whether there was one of them."""
        detail = self.detail
        if detail.log_view.display and detail.log_view.mark is not None:
            detail.log_view.clear_mark()
            return True
        if detail.end_search():
            return True
        was_large = self._large
        if was_large:
            self._make_small()
        return was_large

    # --- results ---------------------------------------------------------------------------------------------

    def action_shape(self) -> None:
        said = self.detail.next_shape()
        self.app.notify(f"the result {said}" if said else "that is for a result: there is none here")

    def action_sort(self) -> None:
        said = self.detail.sort()
        self.app.notify(safe_text(said, limit=80) if said else "that is for a table: there is none here")

    # --- copy ------------------------------------------------------------------------------------------------

    def action_copy_value(self) -> None:
        from tui.widgets.log_view import LogView

        view = self.detail.view
        if isinstance(view, LogView):
            lines = len(view.marked())
            self._copy(view.marked_text(), amount(lines, "line"))
            view.clear_mark()
        else:
            text = view.text
            self._copy(text, amount(len(text), "character"))

    def action_copy_all(self) -> None:
        writer = self._writer()

        async def gather() -> str:
            await self._whole()
            return await asyncio.to_thread(lambda: "\n".join(writer()))

        self.ask_engine(gather, lambda text: self._copy(text, amount(len(text), "character")))

    def action_copy_id(self) -> None:
        from tui.widgets.json_view import JsonView

        view = self.detail.view
        if self.pane == "detail" and isinstance(view, JsonView):
            self._copy(view.path, safe_text(view.path, limit=80))
            return
        row = self.selected()
        if row is not None:
            self._copy(row.task.id, row.task.id)

    def _copy(self, text: str, what: str) -> None:
        """To the clipboard, and to a file too where it may not arrive there."""
        if not text:
            self.app.notify("there is nothing to copy")
            return
        from tui.outlet import keep, keeps_clipboard

        clean = text.encode("utf-8", "backslashreplace").decode()
        self.app.copy_to_clipboard(clean)
        trouble = keeps_clipboard(os.environ, len(clean.encode()))
        if not trouble:
            self.app.notify(f"copied {what}")
            return
        self.ask_engine(
            lambda: asyncio.to_thread(keep, clean),
            lambda path: self.app.notify(f"copied {what}; {trouble}, so it is in {path} too"),
        )

    # --- save, pager -----------------------------------------------------------------------------------------

    def _writer(self) -> Writer:
        """What writes out all that the tab shows."""
        from tui.widgets.json_view import JsonView
        from tui.widgets.log_view import LogView
        from tui.widgets.table_view import TableView

        view = self.detail.view
        if isinstance(view, JsonView | TableView):
            return view.writer()
        if isinstance(view, LogView):
            return lambda: view.writer()()
        text = view.text
        return lambda: text.split("\n")

    async def _whole(self) -> None:
        """Wait until all of a log is here."""
        if self.detail.view is self.detail.log_view:
            await self.detail.log_view.whole()

    def _file_name(self) -> tuple[str, str, str]:
        """Name, part and ending of a file for what the tab shows."""
        from tui.widgets.json_view import JsonView
        from tui.widgets.table_view import TableView

        task, view = self.detail.subject, self.detail.view
        ending = "json" if isinstance(view, JsonView) else "tsv" if isinstance(view, TableView) else "txt"
        return (task.name, self.detail.tab, ending) if task is not None else (self.detail.title, "card", ending)

    def action_save(self) -> None:
        from tui.outlet import default_path
        from tui.screens.ask_name import NameScreen

        writer = self._writer()

        def ask_path(path: object) -> None:
            page = NameScreen("Save", "The file to save it to:", str(path), longest=LONGEST_PATH)
            self.app.push_screen(page, lambda typed: self._save(typed, writer) if typed else None)

        self.ask_engine(lambda: asyncio.to_thread(default_path, *self._file_name()), ask_path)

    def _save(self, typed: str, writer: Writer) -> None:
        from tui.outlet import resolved, write

        path = resolved(typed)

        async def save(anew: bool) -> int:
            await self._whole()
            return await asyncio.to_thread(lambda: write(path, writer(), anew=anew))

        def saved(size: int) -> None:
            self.app.notify(f"saved {size:,} bytes to {path}")

        def decide(is_there: bool) -> None:
            from tui.screens.quit import Question

            if not is_there:
                self.ask_engine(lambda: save(False), saved)
                return
            question = Question("Save", f"{safe_text(path)} is there already.", ("Don't", "Write over it"))
            self.app.push_screen(
                question, lambda answer: self.ask_engine(lambda: save(True), saved) if answer else None
            )

        self.ask_engine(lambda: asyncio.to_thread(path.exists), decide)

    def action_pager(self) -> None:
        """Give the terminal to the pager, with all that the tab shows; everything goes on meanwhile."""
        from tui.editor import edit
        from tui.outlet import PagerFile, pager

        if self._paging:
            return
        writer, (_, part, ending) = self._writer(), self._file_name()

        async def page() -> None:
            words = pager(os.environ)
            await self._whole()
            file = await asyncio.to_thread(lambda: PagerFile(writer(), f"{part.lower()}.{ending}"))
            self._paging = True
            try:
                code = await edit(self.app, [*words, str(file.path)])
            finally:
                self._paging = False
                file.remove()
            if code > 0:
                self.app.notify(f"{words[0]} ended with {code}", severity="warning")

        self.ask_engine(page)
