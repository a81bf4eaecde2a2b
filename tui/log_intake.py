"""Joins what the store holds of a log with the news of it, so that no line stands there twice. No Textual in here."""

from __future__ import annotations

from collections.abc import Sequence

from engine.events import LogLine
from engine.json_data import storable
from tui.feed import Said
from tui.log_lines import Entry

COMPARED = 5_000
"""Lines of the store's end that are compared with the news."""


class Intake:
    """One reading of a log: `news` are kept back until `read` brings what the store holds."""

    def __init__(self) -> None:
        self.is_read = False
        self._early: dict[str, list[Said]] = {}
        self._ahead: dict[str, list[Said]] = {}
        """Lines that the store gave, of which the news may still come, by task."""

    def news(self, task_id: str, lines: Sequence[Said]) -> list[Entry]:
        """The lines of `lines` that are to be shown now."""
        lines = [said if said[1].text.isascii() else _as_stored(said) for said in lines]
        if not self.is_read:
            self._early.setdefault(task_id, []).extend(lines)
            return []
        whole, passing = _apart(lines)
        return [(task_id, attempt, line) for attempt, line in (*self._unseen(task_id, whole), *passing)]

    def read(self, stored: Sequence[Entry]) -> list[Entry]:
        """What came while the store was read, and is not in it; `stored` are its last lines."""
        self.is_read = True
        by_task: dict[str, list[Said]] = {}
        for task_id, attempt, line in stored[-COMPARED:]:
            by_task.setdefault(task_id, []).append((attempt, line))
        late: list[Entry] = []
        for task_id, early in self._early.items():
            whole, passing = _apart(early)
            fresh = whole[_overlap(by_task.get(task_id, []), whole) :]
            late += [(task_id, attempt, line) for attempt, line in (*fresh, *passing)]
        self._early, self._ahead = {}, by_task
        return sorted(late, key=lambda entry: entry[2].at)

    def _unseen(self, task_id: str, lines: Sequence[Said]) -> Sequence[Said]:
        """`lines` without those that the store gave before the news of them came."""
        ahead = self._ahead.pop(task_id, None)
        if not ahead or not lines:
            return lines
        at = next((n for n in range(len(ahead) - 1, -1, -1) if ahead[n] == lines[0]), len(ahead))
        known = 0
        while known < min(len(lines), len(ahead) - at) and lines[known] == ahead[at + known]:
            known += 1
        if known == len(lines) and known:
            self._ahead[task_id] = ahead[at + known :]
        return lines[known:]


def _as_stored(said: Said) -> Said:
    """What the store makes of a text that it cannot hold, so that both are the same line."""
    attempt, line = said
    text = storable(line.text)
    return said if text == line.text else (attempt, LogLine(line.at, line.stream, text))


def _apart(lines: Sequence[Said]) -> tuple[Sequence[Said], Sequence[Said]]:
    """The lines that stay, and those of unfinished lines that nothing later was written over."""
    if not any(line.is_passing for _, line in lines):
        return lines, ()
    whole = [said for said in lines if not said[1].is_passing]
    latest: dict[str, Said | None] = {said[1].stream: said if said[1].is_passing else None for said in lines}
    return whole, [said for said in latest.values() if said is not None]


def _overlap(known: Sequence[Said], early: Sequence[Said]) -> int:
    """How many of the first of `early` are the last of `known`."""
    for count in range(min(len(known), len(early)), 0, -1):
        if known[-count] == early[0] and list(known[-count:]) == list(early[:count]):
            return count
    return 0
