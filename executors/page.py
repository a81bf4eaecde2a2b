"""Writes docs/executors.md from the executors that ship: `python -m executors.page > docs/executors.md`."""

from __future__ import annotations

import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import executors
from engine import BaseTask

HEAD = """\
# The executors that ship
Written from their schemas by `python -m executors.page > docs/executors.md`. Launch one in the console by its name, or
by `taskdeck run ID --input NAME=VALUE`. None of them hands an input to a shell, but for `command` (its line is one)
and `ssh` (the other machine's shell reads the line).

**Bold** inputs are required. An input marked *secret* is never stored; give `env:NAME` or `keyring:NAME` to keep it out
of the form too.
"""

_RULE = re.compile(r" \(\d+\.\d+\)")
"""The number of a rule of the engine's design, which the page's reader does not know."""


def shipped() -> list[type[BaseTask]]:
    """The classes of the executors that ship, by their ids."""
    found: dict[str, type[BaseTask]] = {}
    for module in pkgutil.iter_modules(executors.__path__):
        for one in vars(import_module(f"executors.{module.name}")).values():
            if isinstance(one, type) and issubclass(one, BaseTask) and one.id and one.__module__.endswith(module.name):
                found[one.id] = one
    return [found[executor_id] for executor_id in sorted(found)]


def page() -> str:
    """The whole page, as Markdown."""
    classes = shipped()
    rows = [f"| [`{one.id}`](#{one.id}) | {one.description} | {', '.join(one.tags)} |" for one in classes]
    table = "\n".join(["| id | does | tags |", "|---|---|---|", *rows, ""])
    return "\n".join([HEAD, table, *(_section(one) for one in classes)])


def _section(executor: type[BaseTask]) -> str:
    schema = executor.inputs_schema
    needed = schema.get("required", ())
    rows = list(_rows(schema["properties"], needed))
    example = json.dumps(next(iter(executor.examples)), ensure_ascii=False)
    more = _RULE.sub("", " ".join((executor.__doc__ or "").split()))
    about = [f"{executor.description}. {more}", *_notes(executor)]
    table = ["| input | type | default | |", "|---|---|---|---|", *rows]
    return "\n".join([f"## {executor.id}", " ".join(about), "", *table, "", "```json", example, "```", ""])


def _notes(executor: type[BaseTask]) -> Iterator[str]:
    if executor.confirm:
        yield "It asks before each launch."
    if executor.retry_safe:
        yield "Running it twice does no harm, so it goes on by itself after a crash."


def _rows(properties: dict[str, Any], needed: Any, above: str = "") -> Iterator[str]:
    for name, field in properties.items():
        path = f"{above}{name}"
        shown = f"**`{path}`**" if name in needed else f"`{path}`"
        default = f"`{json.dumps(field['default'], ensure_ascii=False)}`" if "default" in field else ""
        secret = " *Secret.*" if field.get("writeOnly") else ""
        yield f"| {shown} | {_type(field)} | {default} | {_cell(field.get('description', ''))}.{secret} |"
        inner = field.get("items", field) if field.get("type") == "array" else field
        if isinstance(inner, dict) and "properties" in inner:
            dots = "[]." if inner is not field else "."
            yield from _rows(inner["properties"], inner.get("required", ()), f"{path}{dots}")


def _type(field: dict[str, Any]) -> str:
    """The type with its bounds, in few words."""
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    given = field.get("type", "any")
    name = " or ".join(given) if isinstance(given, list) else str(given)
    if name == "array":
        return f"list of {_type(field.get('items') or {})}"
    low = field.get("minimum", field.get("exclusiveMinimum"))
    high = field.get("maximum")
    sign = ">" if "exclusiveMinimum" in field else "≥"
    bounds = f" {low:,}…{high:,}" if sign == "≥" and low is not None and high is not None else ""
    if not bounds:
        bounds = (f" {sign} {low:,}" if low is not None else "") + (f" ≤ {high:,}" if high is not None else "")
    if name == "string" and field.get("format"):
        return str(field["format"])
    return name + bounds


def _cell(text: str) -> str:
    return text.replace("|", "\\|").rstrip(".")


if __name__ == "__main__":
    sys.stdout.write(page())
