"""A tree of tasks from a flow file's array of objects (behaviour.md 2.9). Pure: no file is read, nothing is stored.

Every problem of the array is told at once, each at the entry where it is mended.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import uuid4

from engine.circles import circles
from engine.errors import TaskError
from engine.schema_nodes import Path
from engine.schema_words import value_text
from engine.task import Dependency, Task, TaskTreeNode

ROOT_NAME = "tasks"
"""The name of the group root that stands above an array with several roots."""
SHOWN = 20
"""Problems of one array that are told; the rest is counted."""
COMPARED = 5000
"""Names that a misspelt one is compared with at most."""
WIDTH = 60
"""Characters of a name or id that are shown."""

_DEPENDENCY_KEYS = ("id", "name", "required", "type")
_DEPENDENCY_HINT = 'Give an id, a name, or {"id": "...", "required": true}'


class _Key(NamedTuple):
    """What a key of an entry may hold; null is the same as leaving it out."""

    fits: Callable[[Any], bool]
    words: str


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


_TEXT = _Key(_is_text, "text that is not empty")
_OBJECT = _Key(lambda value: isinstance(value, Mapping), "an object")
_POLICY = {
    "retries": _Key(_is_count, "a whole number from 0"),
    "retry_delay": _Key(_is_seconds, "a number of seconds from 0"),
    "retry_backoff": _Key(lambda value: value in ("fixed", "exponential"), '"fixed" or "exponential"'),
    "retry_on": _Key(
        lambda value: isinstance(value, (list, tuple)) and all(map(_is_text, value)), "a list of exception names"
    ),
    "timeout": _Key(lambda value: _is_seconds(value) and value > 0, "a number of seconds above 0"),
    "pool": _TEXT,
    "retry_safe": _Key(lambda value: isinstance(value, bool), "true or false"),
    "max_concurrent": _Key(lambda value: _is_count(value) and value > 0, "a whole number from 1"),
}
"""How a task is run (4.7); these go into its `params`."""
_IN_PARAMS = frozenset({"executor", "when", *_POLICY})
_KEYS = {
    "id": _TEXT,
    "name": _Key(lambda value: isinstance(value, str), "text"),
    "executor": _TEXT,
    "parent_id": _Key(_is_text, "the id or name of one entry"),
    "parent": _Key(_is_text, "the id or name of one entry"),
    "dependencies": _Key(lambda value: isinstance(value, (list, tuple)), "a list"),
    "priority": _Key(lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number, 0 to 3"),
    "inputs": _OBJECT,
    "params": _OBJECT,
    "schemas": _OBJECT,
    "user_id": _Key(lambda value: isinstance(value, str), "text"),
    "when": _Key(lambda value: isinstance(value, (str, bool)), "an expression, true or false"),
    **_POLICY,
}
ENTRY_KEYS = tuple(_KEYS)


_Wrong = tuple[str, str, Path]
"""What is wrong with an entry, what to do, and which keys lead there."""


class Edge(NamedTuple):
    """A dependency as it was written: by `id`, by `name`, or as bare text in `id`."""

    id: str | None
    name: str | None
    required: bool
    type: str


@dataclass(slots=True, eq=False)
class Entry:
    """What could be read of one entry; `name` is "" where it has none. `up` and `edges` are resolved later."""

    place: int
    given: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    id: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    parent: str | None = None
    needs: Sequence[Edge] = ()
    up: int | None = None
    edges: Sequence[tuple[int, bool, str]] = ()

    @property
    def called(self) -> str:
        """Its own name, else its id, else its executor."""
        return self.given.get("name", "").strip() or self.id or self.name

    @property
    def label(self) -> str:
        shown = self.called
        return f"entry {self.place} ('{_short(shown)}')" if shown else f"entry {self.place}"


class EntryProblem(NamedTuple):
    """What is wrong with an entry: its place from 1, what it is called, the keys that lead to the wrong value in it."""

    place: int
    label: str
    text: str
    hint: str
    path: Path = ()

    def __str__(self) -> str:
        return f"{self.label}: {self.text}"


class Problems:
    """Collects all; keeps the words of the first `SHOWN`."""

    def __init__(self) -> None:
        self._kept: list[EntryProblem] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def kept(self) -> list[EntryProblem]:
        """Those that are told, by place; `len` has all."""
        return sorted(self._kept, key=lambda kept: kept.place)

    @property
    def full(self) -> bool:
        """True when the words of a further problem would not be shown, so that nobody needs to search for them."""
        return len(self._kept) >= SHOWN

    def add(self, entry: Entry, text: str, hint: str, path: Path = ()) -> None:
        self._count += 1
        if not self.full:
            self._kept.append(EntryProblem(entry.place, entry.label, text, hint, path))

    def raise_any(self) -> None:
        if not self._count:
            return
        if self._count == 1:
            raise TaskError(str(self._kept[0]), self._kept[0].hint)
        lines = [f"{problem}. {problem.hint}" for problem in self.kept]
        if self._count > len(lines):
            lines.append(f"and {self._count - len(lines)} more")
        listed = "\n  ".join(lines)
        raise TaskError(f"the array has {self._count} problems:\n  {listed}", "No task was made: mend these entries")


def tree_from_array(
    entries: Sequence[Mapping[str, Any]], new_task: Callable[..., Task], *, keep_ids: bool = False
) -> TaskTreeNode:
    """The tree that a flow file's `entries` describe (2.9); its tasks are made by `new_task` and not stored.

    An entry has `name` or `executor` (or both), and may have `id`, `parent_id` or `parent`, `dependencies`,
    `priority`, `inputs`, `params`, `schemas`, `user_id`, and how to run it (`retries`, `retry_delay`, `retry_backoff`,
    `retry_on`, `timeout`, `pool`, `retry_safe`, `max_concurrent`, `when`), which goes into `params` as `executor` does
    (`executor_id`). Parents and dependencies are ids or names of entries, an id before a name; both are remapped.

    A file is run many times, so every task gets an id of its own and the entry's stays in `params["flow_id"]`; with
    `keep_ids` the entry's id is the task's. Several roots get a group root above them, children in the array's order.

    `new_task(name, user_id=, parent_id=, priority=, dependencies=, inputs=, params=, schemas=, id=)` makes one task or
    raises `TaskError`. It is called for every entry that has a name, also when another one is wrong. Raises `TaskError`
    that lists every problem, each with the entry's place from 1 and its name or id.
    """
    given: Any = entries  # of a file, and so anything
    if not isinstance(given, (list, tuple)):
        raise TaskError(f"the tasks must be a list, not {_kind(given)}", "Give a list of objects, one for each task")
    if not entries:
        raise TaskError("the array of tasks is empty", 'Give at least one, e.g. {"name": "..."}')
    problems = Problems()
    read = read_array(entries, problems)
    roots = [entry for entry in read if entry.up is None]
    above = _group_root(roots, new_task) if len(roots) > 1 else None
    nodes = make_nodes(read, above, new_task, problems, keep_ids=keep_ids)
    problems.raise_any()
    return above or nodes[roots[0].place - 1]


def read_array(entries: Sequence[Any], problems: Problems) -> list[Entry]:
    """Every entry with its parent and dependencies found; what is wrong goes into `problems` and is left out."""
    read = [_read(place, item, problems) for place, item in enumerate(entries, 1)]
    _resolve(read, problems)
    _refuse_cycles(read, problems)
    return read


def make_nodes(
    read: Sequence[Entry],
    above: TaskTreeNode | None,
    new_task: Callable[..., Task],
    problems: Problems,
    *,
    keep_ids: bool = False,
) -> list[TaskTreeNode]:
    """A node for each entry, under each other and under `above`; [] where there is a problem, old or new."""
    ids = [entry.id if keep_ids and entry.id is not None else str(uuid4()) for entry in read]
    made = _make(read, ids, above.task.id if above else None, new_task, problems, keep_ids)
    if len(problems):
        return []
    nodes = [TaskTreeNode(task) for task in made]
    for entry, node in zip(read, nodes, strict=True):
        if entry.up is not None:
            nodes[entry.up].children.append(node)
        elif above is not None:
            above.children.append(node)
    return nodes


def _group_root(roots: list[Entry], new_task: Callable[..., Task]) -> TaskTreeNode:
    """The node above several roots; it belongs to whom all of them belong to."""
    owners = {entry.given.get("user_id") for entry in roots}
    return TaskTreeNode(new_task(ROOT_NAME, user_id=owners.pop() if len(owners) == 1 else None))


def _make(
    read: Sequence[Entry],
    ids: list[str],
    above: str | None,
    new_task: Callable[..., Task],
    problems: Problems,
    keep_ids: bool,
) -> list[Task]:
    """The tasks, one for each entry when there is no problem."""
    made = []
    for entry, task_id in zip(read, ids, strict=True):
        if not entry.name:
            continue
        params = entry.params
        if entry.id is not None and not keep_ids:
            params = {**params, "flow_id": entry.id}
        needs = dict.fromkeys(Dependency(ids[at], required, kind) for at, required, kind in entry.edges)
        try:
            made.append(
                new_task(
                    entry.name,
                    user_id=entry.given.get("user_id"),
                    parent_id=above if entry.up is None else ids[entry.up],
                    priority=entry.given.get("priority"),
                    dependencies=list(needs),
                    inputs=entry.given.get("inputs"),
                    params=params or None,
                    schemas=entry.given.get("schemas"),
                    id=task_id,
                )
            )
        except TaskError as refusal:
            text = refusal.message.removeprefix(f"task '{entry.name}': ")
            problems.add(entry, text, refusal.hint or "Mend that field")
    return made


# ── one entry ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(place: int, given: Any, problems: Problems) -> Entry:
    """What is right of one entry; what is wrong is told and left out."""
    entry = Entry(place)
    if not isinstance(given, Mapping):
        problems.add(entry, f"is no object but {_kind(given)}", 'Write it as {"name": "..."}')
        return entry
    wrong: list[_Wrong] = []
    for key, value in given.items():
        known = _KEYS.get(key) if isinstance(key, str) else None
        if known is None:
            close = _close_key(str(key), tuple(_KEYS))
            wrong.append((f"unknown key '{_short(str(key))}'{close}", "Rename or remove it", (str(key),)))
        elif value is None:
            continue
        elif known.fits(value):
            entry.given[key] = dict(value) if known is _OBJECT else value
        else:
            wrong.append((f"'{key}' must be {known.words}, not {shown_value(value)}", "Mend that value", (key,)))
    entry.id = entry.given.get("id")
    entry.params, twice = _params(entry.given)
    method = _method(entry.given, wrong)
    executor = entry.params.get("executor_id") or method
    entry.name = entry.given.get("name", "")
    if not entry.name.strip():
        entry.name = executor if isinstance(executor, str) and executor.strip() else ""
    if not entry.name and all(key in entry.given or given.get(key) is None for key in ("name", "executor")):
        wrong.append(("has no name", 'Give it a "name", an "executor", or both', ()))
    entry.parent = entry.given.get("parent_id", entry.given.get("parent"))
    if entry.parent != entry.given.get("parent", entry.parent):
        twice.append(("'parent_id' and 'parent' differ", "Give one of them", ("parent",)))
    for text, hint, path in (*wrong, *twice):
        problems.add(entry, text, hint, path)
    needs = [_edge(need) for need in entry.given.get("dependencies", ())]
    entry.needs = [need for need in needs if isinstance(need, Edge)]
    for number, need in enumerate(needs, 1):
        if isinstance(need, str):
            problems.add(entry, f"dependency {number} {need}", _DEPENDENCY_HINT, ("dependencies", number - 1))
    return entry


def _params(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[_Wrong]]:
    """The entry's params with what stands beside them, and what was given in both places with different values."""
    params = dict(given.get("params", ()))
    twice: list[_Wrong] = []
    for key in given:
        if key not in _IN_PARAMS:
            continue
        target = "executor_id" if key == "executor" else key
        if params.get(target) is not None and params[target] != given[key]:
            there = shown_value(params[target])
            text = f"'{key}' is {shown_value(given[key])}, but '{target}' in params is {there}"
            twice.append((text, "Give one of them", (key,)))
        params[target] = given[key]
    return params, twice


def _method(given: Mapping[str, Any], wrong: list[_Wrong]) -> str | None:
    """The executor that `schemas` names (2.6)."""
    method = given.get("schemas", {}).get("method")
    if method is not None and not _is_text(method):
        text = f"'method' in schemas must be {_TEXT.words}, not {shown_value(method)}"
        wrong.append((text, "Mend that value", ("schemas", "method")))
        return None
    return str(method) if method is not None else None


def _edge(need: Any) -> Edge | str:
    """One dependency as it was written, or what is wrong with it."""
    if isinstance(need, str):
        return Edge(need, None, True, "result") if need.strip() else "is empty"
    if not isinstance(need, Mapping):
        return f"is {shown_value(need)}"
    for key in need:
        if key not in _DEPENDENCY_KEYS:
            return f"has an unknown key '{_short(str(key))}'{_close_key(str(key), _DEPENDENCY_KEYS)}"
    task_id, name = need.get("id"), need.get("name")
    for key, reference in (("id", task_id), ("name", name)):
        if reference is not None and not _is_text(reference):
            return f"has '{key}' {shown_value(reference)}, which must be {_TEXT.words}"
    if task_id is None and name is None:
        return "has neither 'id' nor 'name'"
    required, kind = need.get("required"), need.get("type")
    if not isinstance(required, bool | None):
        return f"has 'required' {shown_value(required)}, which must be true or false"
    if kind is not None and not _is_text(kind):
        return f"has 'type' {shown_value(kind)}, which must be {_TEXT.words}"
    return Edge(task_id, name, required is not False, kind or "result")


# ── between entries ──────────────────────────────────────────────────────────────────────────────────────────────────


class _References:
    """Which entry an id or a name means."""

    def __init__(self, read: list[Entry], problems: Problems) -> None:
        self._read = read
        self._problems = problems
        self._ids: dict[str, int] = {}
        self._names: dict[str, list[int]] = {}
        for at, entry in enumerate(read):
            if entry.name:
                self._names.setdefault(entry.name, []).append(at)
            if entry.id is None:
                continue
            first = self._ids.setdefault(entry.id, at)
            if first != at:
                text = f"id '{_short(entry.id)}' is the id of entry {read[first].place} too"
                problems.add(entry, text, "Give each entry an id of its own", ("id",))

    def find(self, entry: Entry, reference: str, what: str, *, name_first: bool = False) -> int | None:
        """The place (from 0) of the entry that is meant; None when that was told as a problem."""
        by_id, by_name = self._ids.get(reference), self._names.get(reference, [])
        if by_id is not None and not (name_first and by_name):
            found = by_id
        elif len(by_name) == 1:
            found = by_name[0]
        elif by_name:
            places = [str(self._read[at].place) for at in by_name[:3]]
            more = f" and {len(by_name) - 3} more" if len(by_name) > 3 else ""
            text = f"{what} '{_short(reference)}' is the name of the entries {', '.join(places)}{more}"
            self._problems.add(entry, text, "Give the one you mean an id, and refer to that", _key_of(what))
            return None
        else:
            close = "" if self._problems.full else close_words(reference, dict.fromkeys((*self._ids, *self._names)))
            text = f"{what} '{_short(reference)}' is no entry of this array{close}"
            self._problems.add(entry, text, "Refer to the id or name of an entry", _key_of(what))
            return None
        if self._read[found] is not entry:
            return found
        text = "it is its own parent" if what == "its parent" else "it depends on itself"
        self._problems.add(entry, text, "Remove that reference", _key_of(what))
        return None

    def edge(self, entry: Entry, edge: Edge) -> int | None:
        """The same for a dependency; one with both id and name must mean one entry."""
        if edge.id is None:
            return self.find(entry, edge.name or "", "its dependency", name_first=True)
        found = self.find(entry, edge.id, "its dependency")
        if found is not None and edge.name is not None and self._read[found].name != edge.name:
            text = f"its dependency has the id '{_short(edge.id)}', but that entry is not named '{_short(edge.name)}'"
            self._problems.add(entry, text, "Give the id or the name", ("dependencies",))
        return found


def _key_of(what: str) -> Path:
    return ("parent",) if what == "its parent" else ("dependencies",)


def _resolve(read: list[Entry], problems: Problems) -> None:
    """Set `up` and `edges` of each entry; references that lead nowhere are told and left out."""
    references = _References(read, problems)
    for entry in read:
        if entry.parent is not None:
            entry.up = references.find(entry, entry.parent, "its parent")
        targets = [(references.edge(entry, edge), edge) for edge in entry.needs]
        entry.edges = [(at, edge.required, edge.type) for at, edge in targets if at is not None]


def _refuse_cycles(read: list[Entry], problems: Problems) -> None:
    shared: dict[str, int] = {}
    for entry in read:
        shared[entry.name] = shared.get(entry.name, 0) + 1

    def step(at: int) -> str:
        entry = read[at]
        unique = entry.name and shared[entry.name] == 1
        return _short(entry.name if unique else entry.id or entry.label)

    for circle in circles([[] if entry.up is None else [entry.up] for entry in read]):
        words = f"it stands under itself: {circle.words(step)}"
        problems.add(read[circle.path[0]], words, "Take one of these parents away", ("parent",))
    for circle in circles([[at for at, _, _ in entry.edges] for entry in read]):
        words = f"it waits for itself: {circle.words(step)}"
        problems.add(read[circle.path[0]], words, "Remove one of these dependencies", ("dependencies",))


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def shown_value(value: Any) -> str:
    """A wrong value in few characters; text in quotes, so that "3" and 3 look different."""
    return f"'{_short(value)}'" if isinstance(value, str) else value_text(value)


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, (list, tuple)) else shown_value(value)


def close_words(word: str, known: Iterable[str]) -> str:
    """ " (did you mean 'a' or 'b'?)", or "". Among very many only those that begin alike are compared."""
    names = list(known)
    if len(names) > COMPARED:
        names = [name for name in names if name[:2] == word[:2]][:COMPARED]
    close = [f"'{_short(name)}'" for name in difflib.get_close_matches(word, names, n=3)]
    return f" (did you mean {' or '.join(close)}?)" if close else ""


@lru_cache(maxsize=256)
def _close_key(word: str, known: tuple[str, ...]) -> str:
    """The same for a key: one slip is often in every entry."""
    return close_words(word, known)
