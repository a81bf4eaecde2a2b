"""The console's settings: where they come from, and which of them win."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import SettingsError
from engine.settings import Settings
from tui.console_settings import ABOUT, CHOICES, ConsoleSettings, read, resolve


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_said_the_defaults_hold(tmp_path: Path) -> None:
    found = resolve({"theme": None}, {}, tmp_path / "none.toml", {})
    assert found.settings == ConsoleSettings() and found.fixed == frozenset()


def test_each_layer_goes_before_the_next(tmp_path: Path) -> None:
    path = file(tmp_path, '[console]\ntheme = "light"\nnotify = "off"\n')
    kept = {"theme": "contrast", "notify": "notify", "notify_after": "3"}
    found = resolve({}, {}, path, kept)
    assert (found.settings.theme, found.settings.notify, found.settings.notify_after) == ("light", "off", 3)
    assert found.fixed == {"theme", "notify"} and found.told == frozenset()
    found = resolve({}, {"TASKDECK_THEME": "ansi"}, path, kept)
    assert found.settings.theme == "ansi" and found.told == {"theme"}
    found = resolve({"theme": "plain", "ascii": True, "mouse": False}, {"TASKDECK_THEME": "ansi"}, path, kept)
    assert (found.settings.theme, found.settings.ascii, found.settings.mouse) == ("plain", "on", False)


def test_a_kept_value_that_is_none_any_more_is_passed_over(tmp_path: Path) -> None:
    found = resolve({}, {}, tmp_path / "none", {"theme": "neon", "fly": "on", "mouse": [1], "title": "off"})
    assert found.settings == ConsoleSettings(title=False)


@pytest.mark.parametrize(
    ("text", "environ", "says"),
    [
        ('[console]\ntheme = "neon"', {}, "theme is auto"),
        ("[console]\nfly = true", {}, "no setting 'fly'"),
        ("[console]\nnotify_after = -1", {}, "seconds from 0"),
        ("[console]\nnotify_after = true", {}, "seconds from 0"),
        ("[console]\nmouse = 3", {}, "mouse is on or off"),
        ("console = 3", {}, "must be a table"),
        ("", {"TASKDECK_ASCII": "perhaps"}, "TASKDECK_ASCII"),
    ],
)
def test_a_wrong_value_is_said_with_its_place(tmp_path: Path, text: str, environ: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve({}, environ, file(tmp_path, text), {})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [("ascii", True, "on"), ("ascii", "no", "off"), ("ascii", "AUTO", "auto"), ("mouse", "1", True),
     ("mouse", False, False),
     ("notify", False, "off"), ("notify_after", 0, 0.0), ("notify_after", "2.5", 2.5), ("theme", "Light", "light")],
)  # fmt: skip
def test_values_are_taken_as_people_write_them(name: str, value: object, wanted: object) -> None:
    assert read(name, value) == wanted


def test_every_setting_is_explained_and_has_its_default_among_its_words() -> None:
    settings = ConsoleSettings()
    assert set(CHOICES) == set(ABOUT) == set(ConsoleSettings.__slots__)
    for name, choices in CHOICES.items():
        assert not choices or settings.word(name) in choices


def test_the_engine_leaves_the_table_to_the_console(tmp_path: Path) -> None:
    assert Settings.load(file(tmp_path, 'slots = 3\n[console]\ntheme = "light"\n'), {}).slots == 3
