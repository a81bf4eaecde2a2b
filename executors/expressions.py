"""JMESPath expressions over JSON, with failures in words. They only read data: nothing in one can run code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from executors.refused import Refused
from executors.stoppable import Stopped

LONGEST = 4000
"""Characters of one expression."""
STEPS = 2_000_000
"""Steps that one evaluation may take, a few seconds: projections inside each other multiply."""
SHOWN = 80


def evaluate(expression: str, data: Any, field: str, is_stopped: Callable[[], bool]) -> Any:
    """The value of `expression` in `data`. Blocks, for `STEPS` at most.

    Raises `Refused` at `field`, and `Stopped` once `is_stopped()`.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError, LexerError, ParseError
    from jmespath.visitor import TreeInterpreter

    class Bounded(TreeInterpreter):
        """Counts its steps."""

        steps = 0

        def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
            self.steps += 1
            if self.steps > STEPS:
                words = "the expression takes too long on this data; write a simpler one, or give it less data"
                raise Refused(words, field, "expression_error")
            if not self.steps % 1000 and is_stopped():
                raise Stopped
            return super().visit(node, *args, **kwargs)

    if not isinstance(expression, str) or not expression.strip():
        raise Refused("the expression is empty; @ is all of the data", field)
    if len(expression) > LONGEST:
        raise Refused(f"the expression has {len(expression)} characters; at most {LONGEST} are read", field)
    try:
        return Bounded().visit(jmespath.compile(expression).parsed, data)
    except (ParseError, LexerError) as error:
        at = getattr(error, "lex_position", None)
        place = f" at character {at + 1}" if isinstance(at, int) and 0 <= at < len(expression) else ""
        hint = "write numbers in backticks, texts in single quotes, odd names in double quotes"
        raise Refused(f"{expression!r:.{SHOWN}} cannot be read{place}; {hint}", field) from error
    except (JMESPathError, TypeError, ValueError, OverflowError) as error:  # its functions raise those on odd values
        words = f"{expression!r:.{SHOWN}} does not work on this data: {error}"
        raise Refused(words, field, "expression_error") from error
    except RecursionError as error:
        raise Refused("the expression or the data is nested too deep", field, "expression_error") from error


def is_true(value: Any) -> bool:
    """As JMESPath's own conditions see it: null, false and what is empty are not true; 0 is."""
    return value is not None and value is not False and value not in ("", [], {})


def given(inputs: dict[str, Any], declared: set[str]) -> Any:
    """What an expression reads: `data` where it is set; else what the dependencies returned (3.5).

    One dependency's result stands for itself; those of several are an object by their ids.
    """
    if inputs.get("data") is not None:
        return inputs["data"]
    results = {name: value for name, value in inputs.items() if name not in declared}
    return next(iter(results.values())) if len(results) == 1 else results or None


def kind(value: Any) -> str:
    """The JSON name of its type."""
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), type(value).__name__)
