"""Names of tasks in the expressions of a draft. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.templates import CLOSE, OPEN

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
"""Ids that an expression can name without quotes."""


def quoted(name: str) -> str:
    """A task's id as an expression names it."""
    return name if PLAIN.match(name) else f'"{name}"'


def with_name(fields: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """The fields with `tasks.OLD` read as `tasks.NEW` in expressions of inputs and in `when`."""
    in_quotes = re.escape(f'"{old}"')
    pattern = re.compile(rf"\btasks\.(?:{re.escape(old)}(?![\w-])|{in_quotes})")

    def swap(text: str) -> str:
        return pattern.sub(lambda _: f"tasks.{quoted(new)}", text)

    changed = dict(fields)
    if isinstance(when := changed.get("when"), str):
        changed["when"] = swap(when)
    if "inputs" in changed:
        changed["inputs"] = _mapped(changed["inputs"], lambda text: _inside(text, swap))
    return changed


def _inside(text: str, swap: Callable[[str], str]) -> str:
    """`swap` done to what stands between braces."""
    if OPEN not in text:
        return text
    return re.sub(rf"{re.escape(OPEN)}.*?{re.escape(CLOSE)}", lambda found: swap(found.group()), text, flags=re.DOTALL)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(inner, change) for key, inner in value.items()}
    return [_mapped(inner, change) for inner in value] if isinstance(value, list) else value
