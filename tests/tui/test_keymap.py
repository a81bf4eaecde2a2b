"""The person's keymap.toml over the table of actions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.actions import ACTIONS
from tui.keymap import SIZE_LIMIT, Keymap, load, make


def keymap(tmp_path: Path, text: str) -> Keymap:
    path = tmp_path / "keymap.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def is_default(found: Keymap) -> bool:
    return all(found.keys(action.id) == action.keys for action in ACTIONS)


def test_without_a_file_all_keys_are_the_default_ones(tmp_path: Path) -> None:
    found = load(tmp_path / "none.toml")
    assert is_default(found) and found.problems == ()
    assert found.keys("runs.fly") == () and found.label("runs.fly") == ""


def test_keys_are_taken_as_people_write_them(tmp_path: Path) -> None:
    found = keymap(
        tmp_path,
        '"runs.cancel" = "X, Ctrl+K"\n[app]\nhelp = "!,F12"\nzoom_in = "ctrl++"\n[runs]\nrerun = "shift+r"\n',
    )
    assert found.problems == ()
    assert found.keys("runs.cancel") == ("X", "ctrl+k") and found.label("runs.cancel") == "X"
    assert found.keys("app.help") == ("exclamation_mark", "f12")
    assert found.keys("app.zoom_in") == ("ctrl+plus",)
    assert found.keys("runs.rerun") == ("R",)
    assert found.keys("detail.cancel") == ("c",), "what is not named keeps its keys"


def test_an_empty_text_takes_the_keys_away(tmp_path: Path) -> None:
    found = keymap(tmp_path, '"runs.cancel_tree" = ""')
    assert found.keys("runs.cancel_tree") == () and found.problems == ()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('"runs.fly" = "x"', "no such action"),
        ('runs = "x"', "no such action"),
        ('"runs.cancel" = 7', "must be a text"),
        ('"runs.cancel" = ["x"]', "must be a text"),
        ('"runs.cancel" = "ctlr+x"', "'ctlr+x' is no key"),
        ('"runs.cancel" = "ctrl+"', "is no key"),
        ('"runs.cancel" = "enterr"', "is no key"),
        ('"launch.run" = "x"', "x is typed as text there"),
        ('"launch.run" = "slash"', "/ is typed as text there"),
        ('"launch.run" = "space"', "typed as text"),
        ('"runs.cancel" = "r"', "r is taken: runs.rerun and runs.cancel both want it"),
        ('"runs.cancel" = "q"', "q is taken"),
        ('"app.quit" = "j"', "j is taken"),
        ('"app.quit" = "x', "cannot be read"),
    ],
)
def test_a_wrong_line_is_said_and_the_default_kept(tmp_path: Path, line: str, says: str) -> None:
    found = keymap(tmp_path, line)
    assert is_default(found)
    assert len(found.problems) == 1 and says in found.problems[0]


def test_a_wrong_line_does_not_harm_the_others(tmp_path: Path) -> None:
    found = keymap(tmp_path, '"runs.cancel" = "r"\n"runs.follow" = "F"\n"runs.fly" = "z"')
    assert found.keys("runs.follow") == ("F",) and found.keys("runs.cancel") == ("c",)
    assert len(found.problems) == 2


def test_two_actions_may_swap_their_keys() -> None:
    found = make({"runs.cancel": "r", "runs.rerun": "c"})
    assert found.problems == ()
    assert found.keys("runs.cancel") == ("r",) and found.keys("runs.rerun") == ("c",)


def test_a_loser_that_falls_back_on_a_taken_key_is_resolved_too() -> None:
    found = make({"runs.cancel": "r", "runs.rerun": "f", "runs.follow": "r"})
    assert found.keys("runs.follow") == ("f",) and found.keys("runs.cancel") == ("c",)
    assert found.keys("runs.rerun") == ("r",)
    assert len(found.problems) == 2


def test_panes_may_use_the_same_key_for_different_things() -> None:
    assert make({"catalogue.launch": "r"}).problems == ()
    assert make({"launch.run": "ctrl+q"}).problems == ()


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "cannot be read" in load(tmp_path).problems[0]
    path = tmp_path / "keymap.toml"
    path.write_bytes(b'"runs.cancel" = "\xff"')
    assert "cannot be read" in load(path).problems[0]
    path.write_bytes(b"#" * (SIZE_LIMIT + 1))
    assert "larger than" in load(path).problems[0]
    path.write_text("a = " + "[" * 50_000, encoding="utf-8")
    assert "cannot be read" in load(path).problems[0]
