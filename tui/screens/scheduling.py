"""What a person schedules from the console's screen."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from tui.screens.answering import Answering
from tui.text import safe_text
from tui.wording import moment

if TYPE_CHECKING:
    from engine.schedule import Schedule
    from tui.screens.launch_request import LaunchRequest
    from tui.screens.launching import Started


class Scheduling(Answering):
    """Goes on where `Answering` ends: what a dialog answers with the option "schedule" is kept, not launched."""

    def action_schedules(self) -> None:
        if not self.started:
            self.app.notify("the engine is still starting", severity="warning")
            return
        from tui.screens.schedules import SchedulesScreen

        self.app.push_screen(SchedulesScreen(self), self._left_schedules)

    def _left_schedules(self, run_id: str | None) -> None:
        """The person asked for a run that a schedule launched."""
        if run_id is not None:
            self.command_go(run_id)

    def command_go(self, words: str) -> None:
        """Go to a run; see `Commands`."""

    def start(
        self, request: LaunchRequest | None, begin: Callable[[LaunchRequest], Coroutine[Any, Any, Started]]
    ) -> None:
        if request is not None and request.options.schedule is not None:
            self.schedule(request)
        else:
            super().start(request, begin)

    def schedule(
        self, request: LaunchRequest, former: Schedule | None = None, then: Callable[[], object] | None = None
    ) -> None:
        """Keep what a dialog answered, in the place of `former` where that is given."""
        from tui.screens.launching import keep_schedule

        def kept(schedule: Schedule) -> None:
            when = f"next {moment(schedule.next_at)}"
            self.app.notify(f"scheduled {safe_text(schedule.name, limit=60)}: {when}")
            if then is not None:
                then()

        engine = self.thread.engine
        self.ask_engine(lambda: self.thread.ask(keep_schedule(engine, request, former)), kept)
