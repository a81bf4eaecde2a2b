"""The exact payload that execute will get, as lines: defaults dim, secrets hidden, what is not sent named. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from engine.schema import mask, path_text
from tui.forms import strict_json
from tui.forms.instance import ABSENT, Path, get

Line = tuple[str, str]
"""Text and role: "" is sent as given, "dim" is filled or a word beside it, "warn" is not sent."""

MOST_LINES = 5_000
LONGEST = 400
"""Characters of one value that are shown; the whole stands in the form."""
INDENT = "  "
LEFT_NAMED = 20
"""Inputs named as not sent; then they are counted."""


def preview_lines(
    schema: Any, instance: Any, payload: Any, options: str = "", gone: Collection[Path] = ()
) -> list[Line]:
    """`payload` as JSON lines, beside it what is not sent of `instance`; `options` are the launch options in words.

    `gone` are the inputs whose condition does not hold any more (forms.md 1.2).
    """
    lines: list[Line] = [(f"options: {options}", "head")] if options else []
    hidden = mask(schema, payload)
    shown = _limited(_json_lines(hidden, instance))
    lines += shown
    if any(role == "dim" for _, role in shown):
        lines.append(("dim: filled from the schema's defaults", "dim"))
    left = not_sent(instance, payload)
    for path in left[:LEFT_NAMED]:
        why = "its condition does not hold; it is kept" if path in gone else "which has no place now"
        lines.append((f"not sent: {path_text(path)}, {why}", "warn"))
    if len(left) > LEFT_NAMED:
        lines.append((f"not sent: {len(left) - LEFT_NAMED:,} more", "warn"))
    return lines


def not_sent(instance: Any, payload: Any) -> list[Path]:
    """Where `instance` has something that `payload` has not: fields whose condition is gone, read-only ones."""
    found: list[Path] = []
    stack: list[tuple[Path, Any, Any]] = [((), instance, payload)]
    while stack:
        path, given, sent = stack.pop()
        if sent is ABSENT and given is not ABSENT:
            found.append(path)
        elif isinstance(given, dict) and isinstance(sent, dict):
            stack += [((*path, key), given[key], sent.get(key, ABSENT)) for key in reversed(list(given))]
        elif isinstance(given, list) and isinstance(sent, list):
            items = list(enumerate(given))
            stack += [((*path, at), item, sent[at] if at < len(sent) else ABSENT) for at, item in reversed(items)]
    return found


def _limited(lines: Iterator[Line]) -> list[Line]:
    found: list[Line] = []
    for line in lines:
        if len(found) == MOST_LINES:
            found.append(("… and more lines", "dim"))
            break
        found.append(line)
    return found


def _json_lines(value: Any, instance: Any) -> Iterator[Line]:
    """Indented JSON without recursion; a part that `instance` has not is dim."""
    if value is ABSENT:
        yield "nothing", "dim"
        return
    # a text to write as it is, or a value with its path, what stands before it and after it
    stack: list[tuple[str, str] | tuple[Any, Path, str, str]] = [(value, (), "", "")]
    while stack:
        entry = stack.pop()
        if len(entry) == 2:
            yield entry
            continue
        item, path, before, after = entry
        role = "" if get(instance, path) is not ABSENT else "dim"
        space = INDENT * len(path)
        if not isinstance(item, dict | list) or not item:
            yield space + before + _scalar(item) + after, role
            continue
        opening, closing = ("{", "}") if isinstance(item, dict) else ("[", "]")
        pairs: list[tuple[Any, Any]] = list(item.items()) if isinstance(item, dict) else list(enumerate(item))
        yield space + before + opening, role
        stack.append((space + closing + after, role))
        for number, (key, inner) in enumerate(reversed(pairs)):
            name = f"{strict_json.dump(key)}: " if isinstance(item, dict) else ""
            stack.append((inner, (*path, key), name, "" if number == 0 else ","))


def _scalar(value: Any) -> str:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{strict_json.dump(value[:LONGEST])} … {len(value):,} characters"
    return strict_json.dump(value)
