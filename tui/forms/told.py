"""What an executor said about its inputs when it refused them, at the fields that it named (forms.md 1.5).

The guide's executors return `{"error_type": "validation_error", "error": "...", "field": "url"}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui.forms.instance import Path
from tui.forms.problems import Problem

REFUSED = "validation_error"
TOLD = "told"
"""The kind of such a problem: it does not hold a launch, for only a run can tell whether it still stands."""
MOST = 50

_PLACES = ("field", "path", "loc")
_WORDS = ("error", "message", "msg", "detail")
_LISTS = ("errors", "details", "detail")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def told_by(result: Any, error: str | None, error_type: str | None, schema: Any) -> list[Problem]:
    """The problems that the result of a failed run names; none where it did not refuse its inputs."""
    given = result if isinstance(result, Mapping) else {}
    if REFUSED not in (error_type, given.get("error_type")):
        return []
    found: dict[Path, Problem] = {}
    for entry in _entries(given):
        path = _path(next((entry[name] for name in _PLACES if name in entry), None), schema)
        if path and len(found) < MOST:
            words = next((entry[name] for name in _WORDS if isinstance(entry.get(name), str)), "") or error or REFUSED
            found.setdefault(path, Problem(path, words, TOLD))
    return list(found.values())


def _entries(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield given
    for name in _LISTS:
        listed = given.get(name)
        yield from (each for each in listed if isinstance(each, Mapping)) if isinstance(listed, list) else ()


def _path(place: Any, schema: Any) -> Path:
    """`url`, `items[2].name`, `/items/2/name` or `["items", 2, "name"]`; () for what is none of them."""
    if isinstance(place, list):
        return tuple(place) if all(isinstance(key, str) or type(key) is int for key in place) else ()
    if not isinstance(place, str) or not place:
        return ()
    named = schema.get("properties") if isinstance(schema, Mapping) else None
    if isinstance(named, Mapping) and place in named:
        return (place,)
    if place.startswith("/"):
        steps = [step.replace("~1", "/").replace("~0", "~") for step in place[1:].split("/")]
        return tuple(int(step) if step.isdigit() else step for step in steps)
    return tuple(int(at) if at else name for at, name in _STEP.findall(place.removeprefix("$")))
