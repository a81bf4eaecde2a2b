"""A draft and the world: opened from files and runs, saved as a flow file, launched."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from engine.flow import FlowSpec, read_flow
from tui.boundary import ask
from tui.draft import Draft
from tui.draft_file import FileIsThere, Source, place_of, read, text_of, write
from tui.draft_secrets import sealed
from tui.forms.options import LaunchOptions
from tui.screens.ask_path import AskPath
from tui.screens.compose_edits import NAME, ComposeEdits
from tui.screens.quit import Question
from tui.text import safe_text
from tui.wording import amount

if TYPE_CHECKING:
    from tui.screens.launch_request import LaunchRequest
    from tui.screens.launching import Started


class ComposeFiles(ComposeEdits):
    """Goes on where `ComposeEdits` ends."""

    # --- other drafts -----------------------------------------------------------------------------------------

    def replace_draft(self, draft: Draft, source: Source, words: str, *, is_saved: bool = False) -> None:
        """Put another draft in the place of the present one, after a question where that would be lost."""
        catalogue = self.thread.engine.catalogue

        def put(kept: Draft, count: int) -> None:
            self.rows.source = None
            self.desk.open(kept, source, words, is_saved=is_saved and not count)
            self.changed(self.desk.selected)
            if count:
                self.app.notify(f"{amount(count, 'secret')} in it became inputs of the flow: a draft keeps none")

        def read(found: tuple[Draft, int]) -> None:
            if self.desk.loses_nothing:
                put(*found)
                return
            key = self.app.keys.label("compose.undo")
            tasks = amount(len(self.draft.items), "task")
            text = f"The present draft of {tasks} is not saved. {key} would bring it back."
            question = Question("Draft", text, ("Stay with it", "Put it aside"))
            self.app.push_screen(question, lambda answer: put(*found) if answer else None)

        ask(self, lambda: asyncio.to_thread(sealed, draft, catalogue), read, group="draft", exclusive=True)

    def action_new(self) -> None:
        self.replace_draft(Draft(), Source(), "begin anew", is_saved=True)

    def action_open_file(self) -> None:
        from tui.screens.pick_path import PathScreen

        folder = self._folder() + os.sep
        screen = PathScreen("Open a flow file", folder, os.getcwd(), "file")
        self.app.push_screen(screen, lambda path: self.open_path(path) if path else None)

    def open_path(self, path: str) -> None:
        """Open a flow file as the draft."""

        def opened(found: tuple[Draft, Source]) -> None:
            draft, source = found
            self.replace_draft(draft, source, f"open {os.path.basename(source.path)}", is_saved=True)

        ask(self, lambda: asyncio.to_thread(read, path), opened, group="open", exclusive=True)

    def _folder(self) -> str:
        """Where flow files of the person's own lie."""
        if self.desk.edits.path:
            return os.path.dirname(self.desk.edits.path)
        folder = getattr(self.thread.engine.settings, "executors", None)
        return str(folder) if folder is not None and os.path.isdir(folder) else os.getcwd()

    # --- saving -----------------------------------------------------------------------------------------------

    def action_save(self) -> None:
        path = self.desk.edits.path
        if path:
            self._save(path)
        else:
            self.action_save_as()

    def action_save_as(self) -> None:
        if not self.draft.items:
            self.app.notify("there is no task to save", severity="warning")
            return
        path = self.desk.edits.path or os.path.join(self._folder(), f"{self.desk.flow_id}.flow.yaml")
        text = "The path of the flow file. In a folder of executors it is in the catalogue as soon as it is written."
        self.app.push_screen(AskPath("Save", text, path), lambda given: self._save(given) if given else None)

    def _save(self, path: str, *, overwrite: bool = False) -> None:
        if not self.app.console_screen.may_change("edit"):
            return
        draft, known = self.draft, self.desk.source

        async def work() -> Source | FileIsThere:
            place_of(path)
            if known.has_comments and not overwrite and place_of(path) == known.path:
                return FileIsThere(f"{path} has comments, which are not kept", "Overwrite it, or give another name")
            try:
                return await asyncio.to_thread(write, draft, path, known, overwrite=overwrite)
            except FileIsThere as there:
                return there

        ask(self.app, work, lambda found: self._saved(draft, path, found), group="save")

    def _saved(self, draft: Draft, path: str, found: Source | FileIsThere) -> None:
        if isinstance(found, FileIsThere):
            question = Question("Save", f"{safe_text(found.message)}. Overwrite it?", ("Don't", "Overwrite it"))
            self.app.push_screen(question, lambda answer: self._save(path, overwrite=True) if answer else None)
            return
        self.desk.written(draft, found)
        self.app.notify(f"saved {amount(len(draft.items), 'task')} to {safe_text(found.path)}")
        if self.is_attached:
            self.changed(self.rows.item.key if self.rows.item is not None else None)

    def action_copy_value(self) -> None:
        draft = self.draft

        def copy(text: str) -> None:
            self.app.copy_to_clipboard(text)
            self.app.notify(f"copied the flow of {amount(len(draft.items), 'task')}")

        ask(self, lambda: asyncio.to_thread(text_of, draft, ".yaml"), copy, group="copy")

    # --- launching --------------------------------------------------------------------------------------------

    def action_launch(self) -> None:
        self._launch(dry=False)

    def action_dry_run(self) -> None:
        self._launch(dry=True)

    def first_problem(self) -> bool:
        """Go to the first problem and say how many there are; False without any."""
        return False

    def _launch(self, *, dry: bool) -> None:
        """Check the draft as it stands, then ask for the flow's inputs as for any launch."""
        if not self.draft.items:
            self.app.notify("there is no task to launch", severity="warning")
            return
        if not self.app.console_screen.may_change("launch"):
            return
        self.end_linking()
        draft, engine = self.draft, self.thread.engine
        name = f"{self.desk.flow_id}.flow.yaml"

        def prepare() -> FlowSpec | None:
            spec, problems = read_flow(text_of(draft, name).encode(), name)
            return None if spec is None or problems or engine.check_flow(spec) else spec

        def ready(spec: FlowSpec | None) -> None:
            if not self.is_current or draft != self.draft:
                return
            if spec is not None:
                self._ask_launch(spec, dry=dry)
            elif not self.first_problem():
                self.app.notify("it is being checked: launch it once that is done", severity="warning")

        ask(self, lambda: asyncio.to_thread(prepare), ready, group="launch", exclusive=True)

    def _ask_launch(self, spec: FlowSpec, *, dry: bool) -> None:
        from tui.screens.dangers import dangers_in_flow
        from tui.screens.fill import DraftLaunch
        from tui.screens.launching import launch

        engine = self.thread.engine
        known = engine.catalogue.entry(spec.id)
        shelf = self.app.console_screen.shelf(spec) if isinstance(known, FlowSpec) else None
        screen = DraftLaunch(
            spec,
            title="Dry run of the draft" if dry else "Launch the draft",
            options=LaunchOptions({"dry_run": True} if dry else {}),
            shelf=shelf,
            beside=lambda: dangers_in_flow(engine.catalogue, spec),
        )

        def answered(request: LaunchRequest | None) -> None:
            if request is not None:
                self.app.pump.hurry()
                ask(self.app, lambda: self.thread.ask(launch(engine, request, spec)), self._started, group="start")

        self.app.push_screen(screen, answered)

    def _started(self, started: Started) -> None:
        """The console shows the run; the draft stays for the next time."""
        console = self.app.console_screen
        while self.app.screen is not console:
            self.app.pop_screen()
        console.show_started(started.task)
        if started.is_old:
            self.app.notify("a run has this key already: it is shown, nothing new runs", severity="warning")

    def words(self) -> str:
        """What the draft is called, and whether it is saved."""
        path = self.desk.edits.path
        name = str(self.draft.head.get("name") or "") or (os.path.basename(path) if path else "new draft")
        state = "" if self.desk.is_saved else " · not saved"
        file = f" · {os.path.basename(path)}" if path and os.path.basename(path) != name else ""
        return f"{safe_text(name, limit=NAME)}{safe_text(file, limit=NAME)}{state}"
