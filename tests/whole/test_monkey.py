"""Random keys at a console with running tasks: a short look; `make monkey` is the long one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.monkey.player import Player

pytestmark = [pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux"), pytest.mark.timeout(180)]


def test_random_keys_leave_a_console_that_lives_and_hears(tmp_path: Path) -> None:
    player = Player(tmp_path, seed=3, runs=50)
    try:
        player.begin()
        player.batch()
        assert player.reactions and player.presses > 20
    finally:
        player.end()
