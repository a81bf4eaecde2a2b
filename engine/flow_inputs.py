"""What a flow's form says to the inputs of a launch or a rerun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import TaskError
from engine.schema import compile
from engine.secrets import hidden_texts, mask, resolve, without


def taken(inputs: dict[str, Any], schema: Mapping[str, Any], what: str) -> dict[str, Any]:
    """`inputs` with the defaults filled in. Raises `TaskError` naming every violation, and a secret that is not there.

    A flow runs nothing itself, so nobody else would look at its inputs.
    """
    checker = compile(schema)
    filled: dict[str, Any] = checker.with_defaults(inputs)
    try:
        values, _ = resolve(schema, filled)
    except LookupError as missing:
        raise TaskError(f"{what} needs its secrets: {missing.args[0]}", "Set it, or give the value itself") from None
    if problems := checker.problems(values):
        said = "; ".join(map(str, problems))
        raise TaskError(f"{what}: {without(said, hidden_texts(values, mask(schema, values)))}", "Mend its inputs")
    return filled
