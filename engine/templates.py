"""`{{ }}` in the values of a flow: where they stand, what they read, what they become (docs/flows.md). Pure.

Alone in a text, an expression's value keeps its type; with text around it, it becomes text. Keys of objects are not
looked into.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine import json_data
from engine.expressions import Expression, ExpressionError, Name, parse
from engine.schema_nodes import Path

OPEN, CLOSE = "{{", "}}"
_QUOTES = "'\"`"


@dataclass(frozen=True, slots=True)
class Place:
    """A text with expressions in it, at `path` in the inputs; `parts` are its plain texts and its expressions."""

    path: Path
    parts: tuple[str | Expression, ...]

    @property
    def is_alone(self) -> bool:
        """Whether it is one expression and nothing else, so that its value keeps its type."""
        return len(self.parts) == 1

    @property
    def names(self) -> Iterator[Name]:
        for part in self.parts:
            if isinstance(part, Expression):
                yield from part.names

    def fill(self, scope: Mapping[str, Any]) -> Any:
        """The value, or the text with the values in it. Raises `ExpressionError`."""
        if self.is_alone and isinstance(self.parts[0], Expression):
            return self.parts[0].evaluate(scope)
        return "".join(part if isinstance(part, str) else _as_text(part, scope) for part in self.parts)


def _as_text(expression: Expression, scope: Mapping[str, Any]) -> str:
    value = expression.evaluate(scope)
    if value is None:
        reason = f"{OPEN} {expression.text} {CLOSE} is null and cannot stand in a text"
        raise ExpressionError(reason, f"Look at what it reads, or give another value: {expression.text} || ''")
    return value if isinstance(value, str) else json_data.encode(value)


def has_template(text: str) -> bool:
    """False where no value in JSON text can hold an expression."""
    return OPEN in text


@lru_cache(maxsize=8192)
def split(text: str) -> tuple[str | Expression, ...]:
    """The plain texts and expressions of `text`; blanks around a single expression are dropped.

    Raises `ExpressionError` for braces that are not closed, and for an expression that is none.
    """
    parts: list[str | Expression] = []
    at = 0
    while (begin := text.find(OPEN, at)) >= 0:
        end = _end(text, begin + len(OPEN))
        if begin > at:
            parts.append(text[at:begin])
        parts.append(parse(text[begin + len(OPEN) : end]))
        at = end + len(CLOSE)
    if at < len(text):
        parts.append(text[at:])
    expressions = [part for part in parts if isinstance(part, Expression)]
    if len(expressions) == 1 and all(part is expressions[0] or not str(part).strip() for part in parts):
        return (expressions[0],)
    return tuple(parts)


def _end(text: str, at: int) -> int:
    """Where the braces close that were opened before `at`: not inside quotes, nor inside the expression's own."""
    depth, quote = 0, ""
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in _QUOTES:
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0 and text.startswith(CLOSE, at):
                return at
            depth -= 1
        at += 1
    raise ExpressionError(
        f"{OPEN} is not closed", f"Write {CLOSE} after the expression; {OPEN} itself is {{{{ '{{{{' }}}}"
    )


def places(value: Any) -> list[Place]:
    """Every text with an expression in `value`, in the order in which it reads. Raises as `split` does."""
    return [Place(path, split(text)) for path, text in texts(value)]


def texts(value: Any) -> list[tuple[Path, str]]:
    """Path and text of all that may hold an expression; own stack, so depth is no limit."""
    found: list[tuple[Path, str]] = []
    stack: list[tuple[Path, Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, str):
            if OPEN in item:
                found.append((path, item))
        elif isinstance(item, Mapping):
            stack.extend(((*path, key), inner) for key, inner in reversed(list(item.items())))
        elif isinstance(item, (list, tuple)):
            stack.extend(((*path, at), item[at]) for at in range(len(item) - 1, -1, -1))
    return found


def condition(given: Any) -> Expression | bool:
    """What `when` says: an expression, with or without braces, or true or false. Raises `ExpressionError`."""
    if isinstance(given, bool):
        return given
    if not isinstance(given, str):
        raise ExpressionError("'when' must be an expression, true or false", "E.g. when: inputs.notify")
    if OPEN not in given:
        return parse(given)
    parts: Sequence[str | Expression] = split(given)
    if len(parts) == 1 and isinstance(parts[0], Expression):
        return parts[0]
    raise ExpressionError("'when' has text around its expression", "Write the expression alone: when: inputs.notify")


__all__ = ["CLOSE", "OPEN", "ExpressionError", "Place", "condition", "has_template", "places", "split", "texts"]
