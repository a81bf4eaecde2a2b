"""The ways into the composing of a tree: empty, from an executor or flow of the catalogue, from a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.boundary import ask
from tui.screens.run_views import RunViews
from tui.text import safe_text
from tui.wording import amount

if TYPE_CHECKING:
    from engine.catalogue import Launchable
    from engine.task import Task
    from tui.draft_desk import Desk
    from tui.screens.compose import ComposeScreen


class Drafting(RunViews):
    """Goes on where `RunViews` ends."""

    desk: Desk | None = None
    """The draft; the console's own screen holds it, once it was asked for."""

    def action_compose(self) -> None:
        self.compose_with(lambda _: None)

    def action_draft(self) -> None:
        """The selected run as a draft."""
        row = self.selected()
        if row is not None:
            run_id, name = row.task.run_id, row.task.name
            self.ask_engine(lambda: self._tree(run_id), lambda tree: self._open_run(tree, name))

    async def _tree(self, run_id: str) -> list[Task]:
        return await self.thread.ask(self.thread.engine.tree(run_id))

    def _open_run(self, tree: Sequence[Task], name: str) -> None:
        from tui.draft import Draft, of_data
        from tui.draft_file import Source

        if not tree:
            self.app.notify("the run is no longer in the store", severity="warning")
            return

        def read() -> tuple[Draft, list[str]]:
            from engine import flow_file
            from engine.flow_text import flow_text

            text = flow_text(tree)
            return of_data(flow_file.read(text.text.encode(), "run.yaml")), text.left_out

        def show(found: tuple[Draft, list[str]]) -> None:
            draft, left_out = found
            words = f"open the run {safe_text(name, limit=40)}"
            self.compose_with(lambda screen: screen.replace_draft(draft, Source(), words))
            if left_out:
                more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
                self.app.notify(f"left out: {safe_text(left_out[0], limit=200)}{more}", severity="warning")

        ask(self.app, lambda: asyncio.to_thread(read), show, group="draft")

    def draft_with(self, spec: Launchable) -> None:
        """A flow as a draft; an executor as one more task of the present one."""
        from engine.catalogue import ExecutorSpec
        from engine.flow import FlowSpec

        if isinstance(spec, ExecutorSpec):
            self.compose_with(lambda screen: screen.add(spec, last=True))
        elif isinstance(spec, FlowSpec) and spec.file:
            path = spec.file
            self.compose_with(lambda screen: screen.open_path(path))

    def compose_with(self, then: Callable[[ComposeScreen], object]) -> None:
        """Show the screen, with what was left on it, and go on there."""
        from tui.screens.compose import ComposeScreen

        if not self._is_ready():
            return
        if any(isinstance(screen, ComposeScreen) for screen in self.app.screen_stack):
            while not isinstance(self.app.screen, ComposeScreen):
                self.app.pop_screen()
            then(self.app.screen)
            return

        def show(desk: Desk) -> None:
            screen = ComposeScreen(self.thread, desk)
            self.app.push_screen(screen)
            screen.call_after_refresh(then, screen)

        if self.app.console_screen.desk is not None:
            show(self.app.console_screen.desk)
        else:
            ask(self.app, self._desk, show, group="desk", exclusive=True)

    async def _desk(self) -> Desk:
        """What was left the last time the console ended."""
        from tui.draft_desk import Desk
        from tui.draft_file import DraftShelf

        path = self.app.kept.path
        shelf = DraftShelf(path.parent if path is not None else None)
        kept = await asyncio.to_thread(shelf.load)
        desk = self.app.console_screen.desk = Desk(shelf, kept)
        if kept is not None and not kept.is_saved and kept.draft.items:
            self.app.notify(f"the draft of {amount(len(kept.draft.items), 'task')} is as it was left")
        return desk
