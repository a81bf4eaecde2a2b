"""The person's own keys: `keymap.toml` laid over the table of actions, with every line that can't be had reported.

    "runs.cancel" = "x,delete"      # an id of the table; its keys, by comma
    [app]
    help = "f1"                     # the same as "app.help"

An empty text takes all keys from an action. No Textual in here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tui.actions import ACTIONS, BESIDE, PANES, Action, Scope, by_id
from tui.key_names import PUNCTUATION, key_label, key_name

SIZE_LIMIT = 256 * 1024
"""Bytes read of the file; a larger one is no keymap."""
MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "meta", "hyper"})
NAMED = frozenset(
    {"enter", "escape", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"}
    | {"up", "down", "left", "right"}
    | {f"f{number}" for number in range(1, 25)}
)


class Keymap:
    """Which keys each action has. `problems` are lines for the person; their ids, keys and paths are foreign text."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]] | None = None, problems: Iterable[str] = ()) -> None:
        self._keys = dict(keys or {})
        self.problems: tuple[str, ...] = tuple(problems)

    def keys(self, action_id: str) -> tuple[str, ...]:
        """The keys of an action, the person's or the default ones; none for an unknown id."""
        action = by_id(action_id)
        default = action.keys if action is not None else ()
        return self._keys.get(action_id, default)

    def anywhere(self, action_id: str) -> tuple[str, ...]:
        """Those of the action's keys that put no character into a text, so that they may work where one is typed."""
        return tuple(key for key in self.keys(action_id) if not _is_typed(key))

    def label(self, action_id: str) -> str:
        """The action's first key as people write it; "" when it has none."""
        keys = self.keys(action_id)
        return key_label(keys[0]) if keys else ""


def keymap_of(app: object) -> Keymap:
    """The keymap of the app: the console has the person's own, any other app the default one."""
    keymap = getattr(app, "keys", None)
    return keymap if isinstance(keymap, Keymap) else Keymap()


def label_of(app: object, action_id: str) -> str:
    """The first key of an action, as bound in the app; "" when it has none."""
    return keymap_of(app).label(action_id)


def load(path: Path) -> Keymap:
    """Read `path`; a missing file means the default keys, a wrong one too, and says so. Never raises."""
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            return Keymap(problems=[f"{path}: larger than {SIZE_LIMIT // 1024} KiB, so not read"])
        given = tomllib.loads(content.decode("utf-8"))
    except FileNotFoundError:
        return Keymap()
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8 or no TOML
        return Keymap(problems=[f"{path}: cannot be read: {error}"])
    return make(given)


def make(given: Mapping[str, Any]) -> Keymap:
    """A keymap of `{id: "key,key"}`; wrong entries keep their default keys and are reported."""
    problems: list[str] = []
    wanted: dict[str, tuple[str, ...]] = {}
    for action_id, value in _flat(given):
        action = by_id(action_id)
        if action is None:
            problems.append(f"{action_id}: there is no such action")
            continue
        try:
            wanted[action_id] = _parse(action, value)
        except ValueError as error:
            problems.append(f"{action_id}: {error}; the default stays")
    while clash := _clash(wanted):
        losers, problem = clash
        problems.append(problem)
        for loser in losers:
            del wanted[loser]
    return Keymap(wanted, problems)


def _flat(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Ids and values, whether the id is a quoted key or a table with a key; two levels are all there are."""
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", keys) for inner, keys in value.items())
        else:
            yield name, value


def _parse(action: Action, value: object) -> tuple[str, ...]:
    """The keys of one entry. Raises ValueError saying what is wrong."""
    if not isinstance(value, str):
        raise ValueError('the keys must be a text like "x,delete"')
    keys = dict.fromkeys(_parse_key(part.strip()) for part in value.split(",") if part.strip())
    for key in keys:
        if action.scope in ("launch", "fill") and _is_typed(key):
            raise ValueError(f"{key_label(key)} is typed as text there")
    return tuple(keys)


def _parse_key(text: str) -> str:
    """Textual's name of a key written as `?`, `question_mark`, `Ctrl+D` or `PageDown`."""
    if len(text) == 1:
        return key_name(text)
    *modifiers, base = text.replace("++", "+plus").split("+")
    modifiers = [modifier.lower() for modifier in modifiers]
    if len(base) == 1:
        base = key_name(base)
        if modifiers == ["shift"] and base.isalpha():
            return base.upper()  # that is what terminals send
        base = base.lower() if modifiers else base
    else:
        base = base.lower()
    known = len(base) == 1 or base in NAMED or base in PUNCTUATION
    if not known or not set(modifiers) <= MODIFIERS:
        raise ValueError(f"'{text}' is no key")
    return "+".join([*modifiers, base])


def _is_typed(key: str) -> bool:
    """Whether the key alone puts a character into a text."""
    return key == "space" or ("+" not in key and key not in NAMED)


def _meet(one: Scope, other: Scope) -> bool:
    """Whether keys of both scopes are alive at the same time."""
    views = (*PANES, *BESIDE)
    if "app" in (one, other):
        return one == other or one in views or other in views
    return one == other or {one, other} in (
        {"timeline", "detail"},
        {"history", "detail"},
        {"compare", "detail"},
        {"fill", "launch"},
    )


def _clash(wanted: Mapping[str, tuple[str, ...]]) -> tuple[list[str], str] | None:
    """Two actions with the same key of which at least one was remapped: those that lose their entry, and the words."""
    holders: dict[str, list[Action]] = {}
    for action in ACTIONS:
        for key in wanted.get(action.id, action.keys):
            for holder in holders.get(key, ()):
                losers = [each.id for each in (holder, action) if each.id in wanted]
                if _meet(holder.scope, action.scope) and losers:
                    both = f"{holder.id} and {action.id}"
                    kept = " and ".join(losers)
                    return losers, f"{key_label(key)} is taken: {both} both want it; {kept} keep the default"
            holders.setdefault(key, []).append(action)
    return None
