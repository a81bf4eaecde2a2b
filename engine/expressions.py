"""The expressions of flows: JMESPath over JSON, bounded in size and time (docs/flows.md). No task or file in it.

JMESPath only walks JSON data: it has no attributes, calls, loops or assignments that could lead out of it, and a value
keeps its type. What it can still do is grow: every step is counted, and what a step makes is weighed.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.visitor import TreeInterpreter

LONGEST = 1000
"""Characters of one expression."""
STEPS = 500_000
"""Steps that one evaluation may take, a second or so."""
HEAVIEST = 200_000
"""Values, and pieces of `PIECE` characters, in what one step makes."""
PIECE = 64

_MAKING = frozenset(
    {
        *("flatten", "projection", "value_projection", "filter_projection", "slice"),
        *("multi_select_list", "multi_select_dict", "function_expression"),
    }
)
"""Kinds of steps that make something new; others lead to what was there."""
_FUNCTIONS: Mapping[str, Any] = functions.Functions.FUNCTION_TABLE

Name = tuple[str, ...]
"""A way from the top into the data, as far as it is fixed: ("tasks", "fetch", "result", "url")."""


class ExpressionError(ValueError):
    """What is wrong with an expression, or with what it met; `hint` says what to do. No value of the data is in it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A parsed expression; `names` are all that it reads, without what it reads of that in turn."""

    text: str
    tree: Any
    names: tuple[Name, ...]

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The value, JSON like `scope`. Raises `ExpressionError`."""
        try:
            found = _Bounded().visit(self.tree, scope)
        except ExpressionError:
            raise
        except JMESPathTypeError as error:
            wanted = " or ".join(map(str, error.expected_types))
            reason = f"{error.function_name}() cannot take {_kind(error.actual_type)}, it takes {wanted}"
            raise ExpressionError(reason, "Look at the result that it reads") from None
        except RecursionError:
            raise ExpressionError("the data is nested too deep for it") from None
        except Exception as error:  # the library's functions trust their arguments; the text may hold a value
            raise ExpressionError(f"it cannot be worked out ({type(error).__name__})") from None
        return found


@lru_cache(maxsize=8192)
def parse(text: str) -> Expression:
    """Read one expression, without braces around it. Raises `ExpressionError`."""
    text = text.strip()
    if not text:
        raise ExpressionError("the expression is empty", "Write e.g. {{ inputs.name }}")
    if len(text) > LONGEST:
        raise ExpressionError(f"the expression has {len(text)} characters, at most {LONGEST} are read", "Shorten it")
    try:
        tree = jmespath.compile(text).parsed
        found: list[Name] = []
        _keep(_names(tree, (), found), found)
    except ExpressionError:
        raise
    except JMESPathError as error:
        raise ExpressionError(*_wrong(text, error)) from None
    except (RecursionError, ValueError):
        raise ExpressionError("the expression cannot be read", "Write a JMESPath expression") from None
    return Expression(text, tree, tuple(dict.fromkeys(found)))


def _wrong(text: str, error: JMESPathError) -> tuple[str, str]:
    place = getattr(error, "lex_position", None)
    at = f" at character {place + 1}" if isinstance(place, int) else ""
    reason = f"'{text}' is no expression: it cannot be read{at}"
    if "-" in text or "." in text[:1] or any(not each.isascii() for each in text):
        return reason, 'Names with other characters than letters, digits and _ stand in double quotes: tasks."my-id"'
    if any(each.isdigit() for each in text):
        return reason, "Numbers stand in backticks: inputs.count > `3`; texts in single quotes"
    return reason, "Write e.g. inputs.name or tasks.fetch.result.url (JMESPath)"


# ── what an expression reads ─────────────────────────────────────────────────────────────────────────────────────────


def _keep(name: Name | None, found: list[Name]) -> None:
    if name is not None:
        found.append(name)


def _names(node: Any, at: Name | None, found: list[Name]) -> Name | None:
    """Where `node` leads from `at`, None where that is not fixed; what is read on the way goes into `found`.

    Raises `ExpressionError` for a function that is none.
    """
    kind, children = node["type"], node.get("children", ())
    if kind == "field":
        return None if at is None else (*at, node["value"])
    if kind in ("current", "identity"):
        return at
    if kind in ("subexpression", "index_expression", "pipe"):
        for child in children:
            at = _names(child, at, found)
        return at
    if kind in ("index", "slice"):
        _keep(at, found)
    elif kind in ("projection", "value_projection", "filter_projection"):
        _keep(_names(children[0], at, found), found)
        for child in children[1:]:
            _names(child, None, found)
    elif kind == "expref":
        _names(children[0], None, found)
    elif kind != "literal":
        if kind == "function_expression":
            _check_call(node["value"], len(children))
        for child in children:
            _keep(_names(child, at, found), found)
    return None


def _check_call(name: str, given: int) -> None:
    known = _FUNCTIONS.get(name)
    if known is None:
        close = difflib.get_close_matches(name, _FUNCTIONS, n=1)
        meant = f"Did you mean {close[0]}()?" if close else f"There are {', '.join(sorted(_FUNCTIONS))}"
        raise ExpressionError(f"there is no function {name}()", meant)
    signature = known["signature"]
    is_open = bool(signature and signature[-1].get("variadic"))
    if given < len(signature) or (given > len(signature) and not is_open):
        least = "at least " if is_open else ""
        raise ExpressionError(
            f"{name}() takes {least}{len(signature)} argument{'s' * (len(signature) != 1)}, not {given}",
            "Mend the call",
        )


# ── working it out ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Bounded(TreeInterpreter):
    """Counts its steps, and weighs what they make: values that hold one another can grow without end in few steps."""

    def __init__(self) -> None:
        super().__init__()
        self._left = STEPS

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ExpressionError(f"it takes more than {STEPS:,} steps", "Have a task of its own do that")
        made = super().visit(node, *args, **kwargs)
        if node["type"] in _MAKING:
            _weigh(made)
        return made


def _weigh(value: Any) -> None:
    """Raises `ExpressionError` for what is too large, and for numbers that JSON has not."""
    weight, stack = 0, [value]
    while stack:
        item = stack.pop()
        weight += 1
        if isinstance(item, str):
            weight += len(item) // PIECE
        elif isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list):
            weight += len(item) if len(item) > HEAVIEST else 0
            if weight <= HEAVIEST:
                stack.extend(item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise ExpressionError("it gives a number that JSON has not", "Look at the numbers that it reads")
        if weight > HEAVIEST:
            raise ExpressionError("it makes a value that is too large", "Have a task of its own do that")


def _kind(name: str) -> str:
    return "null" if name == "null" else f"a value of type {name}"


__all__ = ["LONGEST", "Expression", "ExpressionError", "Name", "parse"]
