"""docs/keys.md says what the tables say."""

from __future__ import annotations

from pathlib import Path

from tui.actions import ACTIONS
from tui.keys_page import page

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tui.keys_page > docs/keys.md"


def test_every_action_stands_on_it() -> None:
    assert all(f"`{action.id}`" in page() for action in ACTIONS)
