"""The log of a task: the end of it at once, what is older while one looks, what is new as it comes."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.events import LogLine
from engine.task import Task
from tui.boundary import ask
from tui.feed import Delta, Said
from tui.log_intake import Intake
from tui.log_lines import HEAD, Entry, blocks_of
from tui.task_reader import LogReading, read_log
from tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from tui.app import ConsoleApp

PAGE = 20_000
"""Lines that are read in one go."""
PAUSE = 0.15
"""Seconds before older lines are read, so that going through the runs reads no whole logs."""


class TaskLog(LogView):
    """`below` says that the logs of all tasks below the task are mixed in."""

    app: ConsoleApp

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.subject: Task | None = None
        self.below = False
        self.attempt: int | None = None
        """The attempt whose lines are shown; None shows all."""
        self.floor = 0
        """Attempts before this one are history."""
        self._intake = Intake()
        self._numbers: array[int] = array("q")
        self._older = 0
        """How many of `_numbers` are still to be read."""
        self._has_gap = False

    @property
    def has_lines(self) -> bool:
        return bool(len(self.lines) or self.lines.passing)

    @property
    def reading_note(self) -> str:
        """How much is still to be read, in words."""
        return f"{self._older:,} older to read" if self._older and self.display else ""

    @property
    def note(self) -> str:
        """What stands beside the tab's name."""
        if self.below:
            return "with all below" if not self.unread else f"with all below, {self.unread} new"
        return f"{self.unread} new" if self.unread else ""

    @property
    def standing(self) -> str:
        """What stands below the log: how much is still to be read, or that one looks at former lines."""
        if self.reading_note or self.following or not self.unread:
            return self.reading_note
        return f"{self.unread:,} new · {self.app.keys.label('detail.follow')} follows"

    def begin(self, task: Task, tries: int, *, floor: int = 0) -> None:
        """Another task, or the same from attempt `floor` on; `read` brings what is stored."""
        self.subject, self.tries, self.floor = task, tries, floor
        self.below, self.attempt = False, None
        self._clear({})

    def _clear(self, names: dict[str, str]) -> None:
        self.workers.cancel_group(self, "older")
        self._intake, self._numbers, self._older, self._has_gap = Intake(), array("q"), 0, False
        self.names = names
        self.since = self.subject.started if self.subject is not None else None
        self.show_log()

    def choose(self, *, attempt: int | None = None, below: bool = False) -> None:
        """Show the lines of one attempt, or those of all tasks below as well; read anew."""
        task = self.subject
        if task is None:
            return
        self.attempt, self.below, self.floor = attempt, below, 0
        self._clear({task.id: task.name} if below else {})
        self._ask(task)

    def _ask(self, task: Task) -> None:
        thread, below, attempt = self.app.thread, self.below, self.attempt
        ask(
            self,
            lambda: thread.ask(read_log(thread.engine, task, below=below, attempt=attempt)),
            self.read,
            group="log",
            exclusive=True,
        )

    def read(self, reading: LogReading) -> None:
        """What the store holds; once it is here it is read again only to fill a gap."""
        if self._intake.is_read and not self._has_gap:
            return
        if self._intake.is_read:
            self._intake = Intake()
        self._has_gap = False
        tail = [entry for entry in reading.tail if entry[1] >= self.floor]
        whole = len(tail) == len(reading.numbers) or len(tail) < len(reading.tail)
        self._numbers, self._older = reading.numbers, 0 if whole else len(reading.numbers) - len(reading.tail)
        if reading.names:
            self.names = dict(reading.names)
        self.show_log([*tail, *self._intake.read(tail)], whole=whole)
        if self.display:
            self.load_older()

    # --- news ------------------------------------------------------------------------------------------------

    def apply(self, delta: Delta) -> bool:
        """Take the lines of a beat; whether there were any."""
        if self.subject is None:
            return False
        if not self.below:
            return self._news(
                self.subject.id, delta.logs.get(self.subject.id, ()), delta.dropped.get(self.subject.id, 0)
            )
        for other in delta.tasks.values():
            if other.parent_id in self.names:
                self.names[other.id] = other.name
        came = [self._news(id, lines, delta.dropped.get(id, 0)) for id, lines in delta.logs.items() if id in self.names]
        return any(came)

    def _news(self, task_id: str, lines: Sequence[Said], dropped: int) -> bool:
        if self.attempt is not None:
            lines = [said for said in lines if said[0] == self.attempt]
        if not lines:
            return False
        entries = self._intake.news(task_id, lines)
        if dropped:
            self._has_gap = True
            text = f"… {dropped:,} lines came too fast to be shown; they are read when the task ends …"
            entries = [(task_id, lines[0][0], LogLine(lines[0][1].at, HEAD, text)), *entries]
        self.add(entries)
        return True

    # --- what is older ---------------------------------------------------------------------------------------

    def load_older(self) -> None:
        """Read the rest of the log beside the screen, the newest first."""
        if self._older and not any(worker.group == "older" and worker.is_running for worker in self.workers):
            ask(self, self._read_older, group="older", exclusive=True)

    async def _read_older(self) -> None:
        await asyncio.sleep(PAUSE)
        thread, numbers = self.app.thread, self._numbers
        while self._older and numbers is self._numbers and not self.lines.is_full:
            start = max(self._older - PAGE, 0)
            page = await thread.ask(thread.engine.log_page(numbers[start : self._older]))
            kept = [entry for entry in page if entry[1] >= self.floor]
            whole = start == 0 or len(kept) < len(page)
            blocks = await asyncio.to_thread(blocks_of, self.before(kept, whole=whole))
            if numbers is not self._numbers:
                return
            self._older = 0 if whole else start
            self.put_before(blocks)
            self.post_message(self.Changed())
        if self._older and numbers is self._numbers:
            self.lines.left_out += self._older
            self._older = 0

    async def whole(self) -> None:
        """Wait until everything that is held has been read."""
        self.load_older()
        running = [worker for worker in self.workers if worker.group == "older" and worker.is_running]
        for worker in running:
            await worker.wait()

    def trace(self, attempt: int) -> list[str]:
        """The traceback that an attempt left at the end of its log."""
        return list(_trace(self._last_lines(), attempt))

    def _last_lines(self, most: int = 500) -> list[Entry]:
        lines = self.lines
        found = [lines.line(number) for number in range(max(lines.end - most, lines.first), lines.end)]
        task_id = self.subject.id if self.subject is not None else ""
        return [
            (line.task_id, line.attempt, LogLine(line.at, line.stream, line.text))
            for line in found
            if line.task_id == task_id
        ]


def _trace(entries: Iterable[Entry], attempt: int) -> Iterable[str]:
    return (line.text for _, number, line in entries if number == attempt and line.stream == "traceback")
