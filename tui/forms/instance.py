"""Reading and changing JSON data by path, without touching the original: every change shares what it leaves alone."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, Literal

Path = tuple[str | int, ...]


class _Absent(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent.ABSENT
"""What stands where no key is sent; never part of an instance."""

Absent = Literal[_Absent.ABSENT]

MAX_GAP = 1_000
"""Places of a list that one edit may leave open before its own."""


def step(value: Any, key: str | int) -> Any:
    """The property or item of `value`, or ABSENT."""
    if isinstance(key, int):
        return value[key] if isinstance(value, list) and 0 <= key < len(value) else ABSENT
    return value.get(key, ABSENT) if isinstance(value, dict) else ABSENT


def get(root: Any, path: Path) -> Any:
    """What stands at `path`, or ABSENT."""
    for key in path:
        root = step(root, key)
    return root


def place_of(root: Any, path: Path) -> int:
    """Which item or entry of its parent stands at `path`, from 0; 0 for what is not there."""
    parent, key = get(root, path[:-1]), path[-1]
    if isinstance(key, int):
        return key
    return next((at for at, name in enumerate(parent) if name == key), 0) if isinstance(parent, dict) else 0


def put(root: Any, path: Path, value: Any) -> Any:
    """`root` with `value` at `path`; parents are made, a list is filled up with null.

    A parent of another type is replaced only where it is absent or null: data is never overwritten by a side effect.
    What cannot be put gives `root` itself back.
    """
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        if root not in (ABSENT, None) and not isinstance(root, list):
            return root
        items = list(root or ())
        if not 0 <= key <= len(items) + MAX_GAP:
            return root
        items.extend([None] * (key + 1 - len(items)))
        made = put(items[key] if rest else ABSENT, rest, value)
        if rest and made is items[key] and made is not None:
            return root
        items[key] = made
        return items
    if root not in (ABSENT, None) and not isinstance(root, dict):
        return root
    inner = step(root, key)
    made = put(inner, rest, value)
    if rest and made is inner:
        return root
    return {**(root or {}), key: made}


def drop(root: Any, path: Path) -> Any:
    """`root` without `path`; later items of a list move up. An absent path changes nothing."""
    if not path or get(root, path) is ABSENT:
        return root if path else ABSENT
    key, rest = path[0], path[1:]
    if rest:
        return put(root, (key,), drop(step(root, key), rest))
    if isinstance(root, list):
        return [item for at, item in enumerate(root) if at != key]
    return {name: item for name, item in root.items() if name != key}


def rename(root: Any, path: Path, key: str) -> Any:
    """`root` with the last name of `path` changed to `key`, in its place."""
    parent = get(root, path[:-1])
    return put(root, path[:-1], {key if name == path[-1] else name: item for name, item in parent.items()})


def move(root: Any, path: Path, to: int) -> Any:
    """`root` with the item at `path` moved to the index `to` of its list."""
    parent, at = list(get(root, path[:-1])), path[-1]
    assert isinstance(at, int)
    parent.insert(to, parent.pop(at))
    return put(root, path[:-1], parent)


def state(value: Any) -> Literal["absent", "null", "empty", "value"]:
    """Which of the four states a value is in (forms.md 1.3)."""
    if value is ABSENT:
        return "absent"
    if value is None:
        return "null"
    return "empty" if isinstance(value, str | list | dict) and not value else "value"
