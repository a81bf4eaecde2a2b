"""The table of actions: whole, without clashes, and with keys that Textual really sends."""

from __future__ import annotations

import re

import pytest
from textual._xterm_parser import XTermParser
from textual.binding import Binding
from textual.events import Key

from tui.actions import ACTIONS, PANES, actions_of, by_id
from tui.key_names import PUNCTUATION, binding_keys, key_label, key_name

SENT = {
    "/": "slash",
    "?": "question_mark",
    "+": "plus",
    "_": "underscore",
    "G": "G",
    "\x04": "ctrl+d",
    "\x12": "ctrl+r",
    "\x11": "ctrl+q",
    "\x10": "ctrl+p",
    "\r": "enter",
    "\x1b[Z": "shift+tab",
    "\x1bOQ": "f2",
    "\x1b[15~": "f5",
}
"""What a terminal sends for some of the keys."""


def sent(sequence: str) -> str:
    parser = XTermParser()
    events = [*parser.feed(sequence), *parser.tick()]
    return next(event.key for event in events if isinstance(event, Key))


def test_ids_are_unique_and_found() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    assert all(by_id(action.id) is action for action in ACTIONS)
    assert by_id("runs.fly") is None


def test_every_action_can_be_shown_and_pressed() -> None:
    for action in ACTIONS:
        assert action.id.startswith(f"{action.scope}.")
        assert action.keys and action.name and action.group
        assert action.help.endswith(".") and len(action.name) <= 14
        assert re.fullmatch(r"[a-z_]+(\(-?\d+\))?", action.method)


def test_no_key_has_two_meanings_at_once() -> None:
    for pane in PANES:
        keys = [key for action in (*actions_of(pane), *actions_of("app")) for key in action.keys]
        assert len(keys) == len(set(keys))
    keys = [key for action in actions_of("launch") for key in action.keys]
    assert len(keys) == len(set(keys))


def test_no_letter_is_a_command_where_text_is_typed() -> None:
    for action in actions_of("launch"):
        assert all(len(key) > 1 and key not in PUNCTUATION and key != "space" for key in action.keys)


def test_keys_that_belong_to_terminal_or_multiplexer_are_left_alone() -> None:
    taken = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+enter", "shift+enter", "ctrl+c"}
    assert not taken & {key for action in ACTIONS for key in action.keys}
    assert [action.id for action in ACTIONS if "ctrl+z" in action.keys] == ["app.suspend"]


def test_a_key_that_some_terminals_cannot_send_has_a_second() -> None:
    for action in ACTIONS:
        assert not action.keys[0].startswith("alt+") or len(action.keys) > 1


@pytest.mark.parametrize(("sequence", "key"), SENT.items())
def test_names_are_those_that_textual_gives(sequence: str, key: str) -> None:
    assert sent(sequence) == key
    if len(sequence) == 1 and sequence.isprintable():
        assert key_name(sequence) == key
    assert any(key in action.keys for action in ACTIONS)


@pytest.mark.parametrize("digit", "123456")
def test_alt_with_a_digit_works_without_the_kitty_protocol(digit: str) -> None:
    assert sent(f"\x1b{digit}") in binding_keys([f"alt+{digit}"])


def test_bindings_can_be_made_from_all() -> None:
    for action in ACTIONS:
        made = list(Binding.make_bindings([Binding(",".join(binding_keys(action.keys)), action.method)]))
        assert [binding.key for binding in made] == list(binding_keys(action.keys))


@pytest.mark.parametrize(
    ("key", "label"),
    [("question_mark", "?"), ("ctrl+d", "ctrl+d"), ("pagedown", "PgDn"), ("f5", "F5"), ("G", "G"), ("f", "f"),
     ("alt+1", "alt+1"), ("ctrl+slash", "ctrl+/"), ("shift+tab", "shift+Tab"), ("up", "↑")],
)  # fmt: skip
def test_keys_are_written_for_people(key: str, label: str) -> None:
    assert key_label(key) == label


def test_dangerous_actions_say_so() -> None:
    danger = {action.id for action in ACTIONS if action.danger}
    acts = ("cancel", "cancel_tree", "skip", "delete")
    panes = ("runs", "detail", "history")
    assert danger == {"app.quit", "schedules.delete", *(f"{pane}.{act}" for pane in panes for act in acts)}


def test_help_lists_all_keys_of_the_form() -> None:
    from tui.keymap import Keymap, make
    from tui.screens.help import help_lines

    text = "\n".join(line for line, _ in help_lines("launch", Keymap(), 90))
    for words in ("F12", "F3", "F1", "F4", "alt+↑", "ctrl+PgDn"):
        assert words in text
    assert make({"launch.menu": "ctrl+e", "launch.up": "alt+k"}).problems == ()
