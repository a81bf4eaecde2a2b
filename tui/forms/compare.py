"""What differs between the inputs in a form and those of an earlier run, at the rows that show it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.schema import MASK
from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT, Path
from tui.forms.model import Row
from tui.wording import amount

MOST = 1_000
"""Differences that are looked for; where there are more, one less does not matter."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`former` is what stood there, ABSENT where nothing did. A masked secret is `hidden`: nobody knows what it was."""

    path: Path
    kind: Literal["changed", "added", "gone", "hidden"]
    former: Any


def differences(now: Any, former: Any) -> list[Difference]:
    """The leaves that differ, in the order of `now`, then what is gone; lists are compared place by place.

    Equality is JSON's: `1` is `1.0`, `true` is not `1`, the order of keys does not count.
    """
    found: list[Difference] = []
    stack: list[tuple[Path, Any, Any]] = [((), now, former)]
    while stack and len(found) < MOST:
        path, one, other = stack.pop()
        if other == MASK and isinstance(other, str):
            if one != MASK and one is not ABSENT:
                found.append(Difference(path, "hidden", MASK))
        elif isinstance(one, dict) and isinstance(other, dict):
            keys = [*one, *(key for key in other if key not in one)]
            stack += [((*path, key), one.get(key, ABSENT), other.get(key, ABSENT)) for key in reversed(keys)]
        elif isinstance(one, list) and isinstance(other, list):
            places = range(max(len(one), len(other)))
            stack += [((*path, at), _item(one, at), _item(other, at)) for at in reversed(places)]
        elif one is ABSENT or other is ABSENT:
            if one is not other:
                found.append(Difference(path, "gone" if one is ABSENT else "added", other))
        elif not _equal(one, other):
            found.append(Difference(path, "changed", other))
    return found


def _equal(one: Any, other: Any) -> bool:
    return strict_json.equal(one, other)


def _item(items: list[Any], at: int) -> Any:
    return items[at] if at < len(items) else ABSENT


def marks(rows: Iterable[Row], found: Iterable[Difference]) -> Mapping[Path, str]:
    """What each row says of the last run, by the row's path: its former value, or how many differ inside.

    A difference without a row of its own stands at the nearest open parent.
    """
    shown = {row.path: row for row in rows}
    said: dict[Path, str] = {}
    inside: dict[Path, int] = {}
    for difference in found:
        path = difference.path
        end = next((end for end in range(len(path), -1, -1) if path[:end] in shown), None)
        if end is None:
            continue
        if end == len(path):
            said.setdefault(path, _words(difference))
        else:
            inside[path[:end]] = inside.get(path[:end], 0) + 1
    for path, count in inside.items():
        said.setdefault(path, f"{amount(count, 'difference')} inside")
    return said


def _words(difference: Difference) -> str:
    if difference.kind == "hidden":
        return "a secret then, not kept"
    if difference.former is ABSENT:
        return "unset then"
    shown = fields.brief(difference.former)
    return f"then {shown}" if difference.former != "" else 'then ""'
