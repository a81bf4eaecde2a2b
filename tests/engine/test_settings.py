from __future__ import annotations

from pathlib import Path

import pytest

from engine import Settings, SettingsError


def test_defaults_hold_without_a_file(tmp_path: Path) -> None:
    assert Settings.load(tmp_path / "none.toml", {}).slots == 64


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('slots = 3\ngrace = 1\nstore = "~/x.db"\n')
    settings = Settings.load(file, {"TASKDECK_SLOTS": "5"})
    assert (settings.slots, settings.grace) == (5, 1.0)
    assert settings.store == Path("~/x.db").expanduser()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sluts = 3", "unknown setting 'sluts'"),
        ("slots = 0", "'slots' in .* must be above 0"),
        ('slots = "many"', "'slots' in .* must be a int"),
        ('synchronous = "OFF"', "must be FULL or NORMAL"),
        ("slots =", "cannot read"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.load(file, {})
