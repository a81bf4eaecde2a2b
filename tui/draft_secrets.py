"""Secrets typed into a draft: they become inputs of the flow, asked for at each launch, and stay nowhere. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.catalogue import Catalogue
from engine.schema import MASK, mask
from engine.schema_nodes import Path
from engine.secrets import replaced
from engine.templates import CLOSE, OPEN
from tui.draft import Draft, Item


def sealed(draft: Draft, catalogue: Catalogue, former: Draft | None = None) -> tuple[Draft, int]:
    """The draft with an input of the flow in the place of each secret in it, and how many there were.

    Tasks that stand unchanged in `former` have none.

    What is a secret says the executor's schema, or its name (8.6). References (`env:`, `keyring:`) and expressions
    stay.
    """
    count = 0
    known = {id(item) for item in former.items} if former is not None else ()
    for item in draft.items:
        if id(item) in known:
            continue
        places = _secrets(item, catalogue) if item.inputs else []
        for path in places:
            draft = _asked(draft, item.key, path)
        count += len(places)
    return draft, count


def _secrets(item: Item, catalogue: Catalogue) -> list[Path]:
    spec = catalogue.get(item.runs)
    given = item.inputs
    masked = mask(spec.schema if spec is not None else {}, given)
    found: list[Path] = []
    stack: list[tuple[Path, Any, Any]] = [((), given, masked)]
    while stack:
        path, old, new = stack.pop()
        if new == MASK and not (isinstance(old, str) and OPEN in old):
            found.append(path)
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            stack.extend(((*path, key), old[key], new[key]) for key in old if key in new)
        elif isinstance(old, list) and isinstance(new, list):
            stack.extend(((*path, at), *pair) for at, pair in enumerate(zip(old, new, strict=False)))
    return sorted(found, key=str)


def _asked(draft: Draft, key: int, path: Path) -> Draft:
    item = draft.item(key)
    assert item is not None
    schema = draft.head.get("inputs_schema")
    schema = dict(schema) if isinstance(schema, Mapping) else {"type": "object"}
    properties = dict(schema.get("properties") or {})
    base = re.sub(r"\W+", "_", "_".join(map(str, (item.title, *path))), flags=re.ASCII)
    name, number = base, 1
    while name in properties:
        number += 1
        name = f"{base}_{number}"
    about = f"The secret {'.'.join(map(str, path))} of task {item.title}"
    properties[name] = {"type": "string", "description": about, "writeOnly": True}
    schema["properties"] = properties
    schema["required"] = [*schema.get("required", ()), name]
    inputs = replaced(item.inputs, {path: f"{OPEN} inputs.{name} {CLOSE}"})
    return draft.set_fields(key, {**item.fields, "inputs": inputs}).set_head({**draft.head, "inputs_schema": schema})
