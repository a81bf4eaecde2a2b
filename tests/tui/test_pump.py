"""When news are painted: at once after a pause, in a beat while they come, in parts when they are many."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine.events import Event, EventKind
from tests.tui.made_tasks import task
from tui import pump as module
from tui.feed import Delta
from tui.pump import BEAT, BEAT_BLURRED, BEAT_HURRIED, BEAT_SSH, PART, Pump


class Driven:
    """A pump whose timers are only noted."""

    def __init__(self) -> None:
        self.beats: list[float] = []
        self.deltas: list[Delta] = []
        self.app: Any = SimpleNamespace(app_focus=True, is_running=True, set_timer=self._timer, _driver=None)
        self.pump = Pump(self.app, self.deltas.append)

    def _timer(self, beat: float, tick: Any, name: str) -> Any:
        self.beats.append(beat)
        self._tick = tick
        return SimpleNamespace(stop=lambda: None)

    def tick(self) -> None:
        self._tick()

    def push(self, count: int, first: int = 0) -> None:
        for number in range(first, first + count):
            self.pump.push(Event(EventKind.CREATED, task(f"t{number}", run="t0"), None))


def test_a_change_after_a_pause_is_taken_at_once_and_then_in_a_beat() -> None:
    driven = Driven()
    driven.push(1)
    driven.pump._awake()
    assert len(driven.deltas) == 1 and driven.beats == [BEAT]
    driven.push(500)
    driven.pump._awake()
    assert len(driven.deltas) == 1, "not before the beat"
    driven.tick()
    assert len(driven.deltas[1].tasks) == 500
    driven.tick()
    assert driven.beats == [BEAT, BEAT], "nothing came: no timer any more"


@pytest.mark.parametrize(("ssh", "focus", "beat"), [(True, True, BEAT_SSH), (False, False, BEAT_BLURRED)])
def test_over_ssh_and_while_blurred_the_beat_is_slower(
    monkeypatch: pytest.MonkeyPatch, ssh: bool, focus: bool, beat: float
) -> None:
    if ssh:
        monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
    driven = Driven()
    driven.app.app_focus = focus
    driven.push(1)
    driven.pump._awake()
    assert driven.beats == [beat]


def test_a_flood_is_taken_in_parts_with_keys_between() -> None:
    driven = Driven()
    driven.push(2 * PART + 10)
    driven.pump._awake()
    driven.tick()
    driven.tick()
    assert [len(delta.tasks) for delta in driven.deltas] == [PART, PART, 10]
    assert driven.beats == [BEAT_HURRIED, BEAT, BEAT]


def test_nothing_is_taken_while_the_terminal_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    driven = Driven()
    lagging = True
    monkeypatch.setattr(module, "is_lagging", lambda app: lagging)
    driven.push(1)
    driven.pump._awake()
    driven.push(3 * PART)
    driven.tick()
    assert driven.deltas == [] and driven.beats == [BEAT, BEAT]
    lagging = False
    driven.tick()
    assert len(driven.deltas) == 1


def test_the_end_of_a_run_comes_with_the_last_of_its_tasks() -> None:
    driven = Driven()
    driven.push(PART + 1)
    driven.pump.push(Event(EventKind.DELETED, None, "t0"))
    driven.pump._awake()
    assert driven.deltas[0].deleted == set() and len(driven.deltas[0].tasks) == PART
    driven.tick()
    assert driven.deltas[1].deleted == {"t0"} and len(driven.deltas[1].tasks) == 1
