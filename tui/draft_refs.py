"""What the expressions of a draft's task may refer to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.catalogue import Catalogue
from engine.schema_nodes import Local
from tui.draft import Draft, Item
from tui.draft_names import quoted

MOST = 200
"""References that are offered of one schema."""
DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """An expression, and what it gives. Foreign text."""

    expression: str
    about: str = ""


def references_of(draft: Draft, item: Item, catalogue: Catalogue) -> list[Reference]:
    """The inputs of the flow, then what each dependency returns, as far as its executor says so."""
    found = list(_parts("inputs", draft.head.get("inputs_schema"), "input of the flow"))
    for need in item.needs:
        target = draft.item(need.to)
        if target is None:
            continue
        at = f"tasks.{quoted(target.id or target.name)}"
        spec = catalogue.get(target.runs)
        if spec is not None or target.executor:
            found.append(Reference(f"{at}.result", f"all that {target.title} returns"))
            found += _parts(f"{at}.result", spec.output_schema if spec is not None else None, f"of {target.title}")
        found.append(Reference(f"{at}.status", f"how {target.title} ended"))
    return found


def _parts(at: str, schema: Any, about: str) -> Iterator[Reference]:
    """The properties of a schema, those inside of them behind each."""
    stack = [(at, schema, 0)]
    count = 0
    while stack and count < MOST:
        path, node, depth = stack.pop()
        if depth:
            count += 1
            yield Reference(path, _words(node) or about)
        if depth < DEEPEST and isinstance(node, Mapping):
            inner = [
                (f"{path}.{quoted(str(name))}", each, depth + 1)
                for known in Local(schema).same_value([node])
                if isinstance(known, Mapping) and isinstance(properties := known.get("properties"), Mapping)
                for name, each in properties.items()
            ]
            stack.extend(reversed(inner))


def _words(node: Any) -> str:
    if not isinstance(node, Mapping):
        return ""
    parts = (node.get("type"), node.get("title") or node.get("description"))
    return "  ".join(part for part in parts if isinstance(part, str))
