"""What a person does to all marked tasks at once; each act asks once, and No is the default. Export, of one run too."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from engine.task import TaskStatus
from tui import bulk
from tui.forest import Row
from tui.marks import tops
from tui.screens.permission import changes
from tui.screens.scheduling import Scheduling
from tui.screens.steering import named
from tui.wording import amount

if TYPE_CHECKING:
    from engine import Engine
    from engine.run_filter import RunFilter
    from tui import export

PATH_LIMIT = 1_000
"""Characters of a file name."""


class Bulk(Scheduling):
    """Goes on where `Scheduling` ends: the same keys, while tasks are marked."""

    def marked(self) -> list[Row]:
        """The marked rows, while the person is among them; else none."""
        return self.runs.forest.marks.rows if self.pane == "runs" else []

    def _ask(self, title: str, text: str, no: str, yes: str, act: Callable[[], object]) -> None:
        from tui.screens.quit import Question

        self.app.push_screen(Question(title, text, (no, yes)), lambda answer: self._answered(answer, act))

    @staticmethod
    def _answered(answer: int | None, act: Callable[[], object]) -> None:
        if answer:
            act()

    def _act(
        self, work: Callable[[Engine], Coroutine[Any, Any, bulk.Outcome]], did: str, was: str, keep: bool = False
    ) -> None:
        """Do it beside the screen, say what came of it, and take the marks away unless it is to be taken back."""
        self.app.pump.hurry()
        engine = self.thread.engine

        def done(outcome: bulk.Outcome) -> None:
            if not keep:
                self.runs.forest.marks.clear()
                self.runs.rows.marked()
            self.app.notify(outcome.words(did, was), severity="warning" if outcome.refused else "information")

        self.ask_engine(lambda: self.thread.ask(work(engine)), done)

    # --- cancel ----------------------------------------------------------------------------------------------

    @changes("cancel")
    def action_cancel_task(self) -> None:
        rows = self.marked()
        if rows:
            self._cancel_all(rows)
        else:
            super().action_cancel_task()

    @changes("cancel")
    def action_cancel_tree(self) -> None:
        rows = self.marked()
        if rows:
            self._cancel_all(self._roots_of(rows))
        else:
            super().action_cancel_tree()

    def _cancel_all(self, marked: Sequence[Row]) -> None:
        rows = tops(marked)
        open_ = [row for row in rows if not row.has_ended]
        if not open_:
            self.app.notify("all of them have ended already", severity="warning")
            return
        below = sum(row.total for row in open_) - len(open_)
        text = f"Cancel {bulk.told(open_)}{f' and {below:,} below them' if below else ''}?"
        ids = [row.task.id for row in rows]
        self._ask("Cancel", text, "Keep running", f"Cancel {len(open_):,}", lambda: self._act(
            lambda engine: bulk.cancel_all(engine, ids), "cancelled", "done"))  # fmt: skip

    def _roots_of(self, rows: Sequence[Row]) -> list[Row]:
        forest = self.runs.forest
        return list(dict.fromkeys(forest.root_of(row) or row for row in rows))

    # --- rerun -----------------------------------------------------------------------------------------------

    @changes("rerun")
    def action_rerun(self) -> None:
        rows = self.marked()
        if not rows:
            super().action_rerun()
            return
        ended = [row for row in rows if row.task.is_terminal and not row.is_history]
        chosen = [row for row in ended if not self._is_dangerous(row)]
        left_out = [
            f"{number:,} {why}"
            for number, why in (
                (len(ended) - len(chosen), "that need their id typed (rerun each by itself)"),
                (len(rows) - len(ended), "that still wait or run, or are history"),
            )
            if number
        ]
        if not chosen:
            self.app.notify(f"nothing to rerun: {', '.join(left_out)}", severity="warning")
            return
        without = f" Left out: {', '.join(left_out)}." if left_out else ""
        text = f"Run {bulk.told(chosen)} again with their inputs, and what depends on them?{without}"
        ids = [row.task.id for row in chosen]
        self._ask("Rerun", text, "Don't", f"Rerun {len(ids):,}", lambda: self._act(
            lambda engine: bulk.rerun_all(engine, ids), "rerun", "on its way again"))  # fmt: skip

    def _is_dangerous(self, row: Row) -> bool:
        spec = self.thread.engine.catalogue.get(row.task.executor_id)
        return spec is not None and spec.is_dangerous

    # --- pause -----------------------------------------------------------------------------------------------

    @changes("pause")
    def action_pause_run(self) -> None:
        rows = self.marked()
        if not rows:
            super().action_pause_run()
            return
        runs = [root for root in self._roots_of(rows) if not root.has_ended]
        if not runs:
            self.app.notify("their runs have ended: there is nothing to pause", severity="warning")
            return
        ids = [root.task.run_id for root in runs]
        pause = not all(map(self.is_paused, ids))
        verb, did = ("Pause", "paused") if pause else ("Resume", "resumed")
        self._ask(verb, f"{verb} {amount(len(ids), 'run')}?", "Don't", f"{verb} {len(ids):,}", lambda: self._act(
            lambda engine: bulk.pause_all(engine, ids, pause=pause), did, did, keep=True))  # fmt: skip

    # --- delete ----------------------------------------------------------------------------------------------

    @changes("delete")
    def action_delete_task(self) -> None:
        marked = self.marked()
        if not marked:
            super().action_delete_task()
            return
        rows = tops(marked)
        running = [row for row in rows if row.running or row.seen is TaskStatus.IN_PROGRESS]
        if running:
            said = f"{named(running[0].task)}{f' and {len(running) - 1:,} others' if len(running) > 1 else ''}"
            self.app.notify(f"not deleted: {said} still run; cancel first, or unmark", severity="warning")
            return
        size = sum(max(bulk.size([row]), self.size_of(row.task.id)) for row in rows)
        whole = sum(row.parent is None for row in rows)
        runs = f", {amount(whole, 'whole run')} among them," if whole else ""
        text = (
            f"Delete {bulk.told(rows)}{runs} with all below them: {amount(size, 'task')} in all, their results and"
            " logs? It can't be taken back."
        )
        ids = [row.task.id for row in rows]
        self._ask("Delete", text, "Keep", f"Delete {size:,}", lambda: self._act(
            lambda engine: bulk.delete_all(engine, ids), "deleted", "gone"))  # fmt: skip

    # --- export ----------------------------------------------------------------------------------------------

    def action_export(self) -> None:
        """Write the runs of the marked tasks, or of the selected one, to a file; asks for its name."""
        from tui import export

        rows = self.marked()
        if not rows:
            row = self.selected()
            if row is None:
                return
            rows = [row]
        runs = self._roots_of(rows)
        ids = [root.task.run_id for root in runs]
        text = f"The file for {amount(len(ids), 'whole run')}, as JSON lines; secrets are masked in it."
        self._ask_file(ids, export.default_name(runs[0].task.name, ids), text)

    def _ask_file(self, runs: RunFilter | Sequence[str], name: str, text: str) -> None:
        """Ask for the file, `name` being offered, and write the runs to it; `text` is clean."""
        from tui.screens.ask_name import NameScreen

        self.app.push_screen(
            NameScreen("Export", text, name, longest=PATH_LIMIT),
            lambda typed: self._export(runs, typed) if typed else None,
        )

    def _export(self, runs: RunFilter | Sequence[str], typed: str) -> None:
        from tui import export

        def done(written: export.Written) -> None:
            said = f"{amount(written.runs, 'run')} written to {written.path}, {amount(written.size, 'byte')}"
            self.app.notify(said)

        engine = self.thread.engine
        self.ask_engine(lambda: self.thread.ask(export.export_runs(engine, runs, typed)), done)
