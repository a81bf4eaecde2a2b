"""Names of keys: Textual's, and those for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_SPOKEN = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_PRINTED = {
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(character: str) -> str:
    """Textual's name for one printable character: `?` is "question_mark", `a` is "a"."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _SPOKEN.get(name, name)


PUNCTUATION = {key_name(character): character for character in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}
"""Textual's names of the ASCII signs, and the signs."""


def key_label(key: str) -> str:
    """How a key is written for people: `question_mark` as `?`, `ctrl+d` as `ctrl+d`, `pagedown` as `PgDn`."""
    *modifiers, base = key.split("+")
    label = PUNCTUATION.get(base) or _PRINTED.get(base) or (base.upper() if base[1:].isdigit() else base)
    return "+".join([*modifiers, label])


_DIGITS_WITH_ALT = dict(zip("1234567890", "¡™£¢∞§¶•ªº", strict=True))


def binding_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """`keys` as a binding needs them: alt with a digit also as the sign by which Textual 8.2.8 names it.

    Terminals without the kitty protocol send ESC and the digit, which Textual reads as what a Mac types with option.
    """
    found: list[str] = []
    for key in keys:
        found.append(key)
        sign = _DIGITS_WITH_ALT.get(key.removeprefix("alt+")) if key.startswith("alt+") else None
        if sign:
            found.append(key_name(sign))
    return tuple(found)
