"""A value written as YAML that `strict_yaml` reads back equal, and that other readers of YAML take for the same.

Block style: what looks like a number, a yes or a null stands in quotes, text of several lines as a literal block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tui.forms import strict_json
from tui.forms.instance import ABSENT

INDENT = "  "
LONGEST_KEY = 100
"""Characters of a key before its colon; YAML looks for one over 1,024 only, a longer key is announced by `?`."""
LONGEST_PLAIN = 200

_PLAIN_SIGNS = frozenset(" _./-+()@=%,")
_SPOKEN = frozenset({"y", "yes", "n", "no", "on", "off", "true", "false", "null", "none", "nan", "inf", "infinity"})
"""Words that one reader or another takes for something else than text."""
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


def dump(value: Any) -> str:
    """`value` as YAML; "" for ABSENT. Never raises."""
    if value is ABSENT:
        return ""
    try:
        return "\n".join(_lines(value, "", is_root=True)) + "\n"
    except RecursionError:
        return strict_json.dump(value, None) + "\n"


def _lines(value: Any, space: str, *, is_root: bool = False) -> Iterator[str]:
    """The lines of a value that stands alone, each behind `space`."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(str(key), item, space)
    elif isinstance(value, list | tuple) and value:
        for item in value:
            yield from _item(item, space)
    elif isinstance(value, str) and not is_root:
        yield from (space + line for line in _text(value))
    else:
        yield space + _scalar(value)


def _entry(key: str, item: Any, space: str) -> Iterator[str]:
    name = _one_line(key)
    lead = f"{space}{name}:"
    if len(name) > LONGEST_KEY:
        yield f"{space}? {name}"
        lead = f"{space}:"
    if isinstance(item, dict | list | tuple) and item:
        yield lead
        yield from _lines(item, space + INDENT)
    else:
        first, *rest = _text(item) if isinstance(item, str) else [_scalar(item)]
        yield f"{lead} {first}"
        yield from ((space + INDENT + line) if line else "" for line in rest)


def _item(item: Any, space: str) -> Iterator[str]:
    first, *rest = [_scalar(item)] if not isinstance(item, str | dict | list | tuple) else list(_lines(item, ""))
    yield f"{space}- {first}"
    yield from ((space + INDENT + line) if line else "" for line in rest)


def _text(text: str) -> list[str]:
    """The first line of a text, and those of its block, not indented yet."""
    if not _is_literal(text):
        return [_one_line(text)]
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    indicator = str(len(INDENT)) if body[:1] in (" ", "\n") else ""
    chomping = "-" if not ends else "" if ends == 1 else "+"
    return [f"|{indicator}{chomping}", *body.split("\n"), *[""] * (ends - 1)]


def _is_literal(text: str) -> bool:
    """Whether a literal block gives the text back as it is."""
    if "\n" not in text or not text.strip("\n") or not _is_shown(text):
        return False
    return not any(line and not line.strip(" ") for line in text.split("\n"))


def _is_shown(text: str) -> bool:
    return not _CONTROL.search(text) and not strict_json.HIDDEN.search(text)


def _one_line(text: str) -> str:
    return text if _is_plain(text) else _quoted(text)


def _is_plain(text: str) -> bool:
    """Whether the text needs no quotes: it begins with a letter, and nothing in it means something to a reader."""
    if not text or len(text) > LONGEST_PLAIN or not text[0].isalpha() or text[-1] == " ":
        return False
    if text.casefold() in _SPOKEN or not _is_shown(text):
        return False
    return all(sign.isalnum() or sign in _PLAIN_SIGNS for sign in text.replace("://", "//"))


def _quoted(text: str) -> str:
    """In double quotes, escaped as JSON does, but for what JSON writes as a pair."""
    return strict_json.HIDDEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _one_line(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return strict_json.number_text(value)
    return strict_json.dump(value, None)
