"""docs/settings.md says what the settings say."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from engine.settings import Settings
from tui.console_settings import ConsoleSettings
from tui.settings_page import page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tui.settings_page > docs/settings.md"


def test_every_setting_stands_on_it() -> None:
    assert all(f"\n| `{each.name}` |" in page() for kind in (Settings, ConsoleSettings) for each in fields(kind))
