"""A flow while a person builds it: tasks, what they wait for, their order and groups. Pure, and never changed in place.

Every edit gives a new `Draft`, so that undo is going back to a former one. A draft is always a sound tree: parents come
before their children, a child stands under a task that is there, and what a task waits for is another task of the
draft, or a reference to nowhere that a file had and that is kept as it was written. What the flow's own check says of
it (cycles, unknown executors, wrong inputs) is `tui.draft_check`'s.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.arrays import Entry, Problems, read_array
from tui.draft_names import with_name

ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
PLACED = ("id", "name", "executor", "parent", "parent_id", "dependencies")
"""Keys of an entry that stand first, in this order."""
LONGEST_ID = 100


class DraftError(ValueError):
    """Why an edit cannot be made, in words for the person."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a task waits for: the task with the key `to`; where that is None, what was `written` leads nowhere."""

    to: int | None
    required: bool = True
    type: str = "result"
    written: Any = None


@dataclass(frozen=True, slots=True)
class Item:
    """One task. `fields` are its entry as in a flow file, without parent and dependencies. `up` is the parent's key.

    `lost_parent` is a reference to a parent that is nowhere, as it was written.
    """

    key: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    up: int | None = None
    needs: tuple[Need, ...] = ()
    lost_parent: Any = None

    @property
    def id(self) -> str:
        return _text(self.fields.get("id"))

    @property
    def executor(self) -> str:
        """What runs it, as far as its entry says so; "" where only its name may be one."""
        schemas = self.fields.get("schemas")
        method = schemas.get("method") if isinstance(schemas, Mapping) else None
        params = self.fields.get("params")
        given = params.get("executor_id") if isinstance(params, Mapping) else None
        return _text(self.fields.get("executor")) or _text(given) or _text(method)

    @property
    def name(self) -> str:
        """By what others may refer to it beside its id."""
        return _text(self.fields.get("name")) or self.executor

    @property
    def title(self) -> str:
        """What it is shown as."""
        return self.id or self.name or "?"

    @property
    def runs(self) -> str:
        """The id that an executor must have to run it."""
        return self.executor or self.name

    @property
    def inputs(self) -> dict[str, Any]:
        found = self.fields.get("inputs")
        return dict(found) if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Draft:
    """`head` has the flow's own keys, all but `tasks`; `items` stand parents first, siblings in order.

    `is_array` says that its file is but a list of tasks, `parent_key` how that file names a parent.
    """

    head: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    is_array: bool = False
    parent_key: str = "parent"

    # --- what is asked --------------------------------------------------------------------------------------------

    def item(self, key: int | None) -> Item | None:
        return next((item for item in self.items if item.key == key), None)

    def place(self, key: int | None) -> int | None:
        return next((at for at, item in enumerate(self.items) if item.key == key), None)

    def depths(self) -> list[int]:
        """How deep each item stands."""
        known: dict[int, int] = {}
        for item in self.items:
            known[item.key] = 0 if item.up is None else known[item.up] + 1
        return [known[item.key] for item in self.items]

    def children(self, key: int | None) -> list[Item]:
        return [item for item in self.items if item.up == key]

    def below(self, key: int) -> list[Item]:
        """The item and all under it, in order."""
        found = {key}
        kept = []
        for item in self.items:
            if item.key == key or item.up in found:
                found.add(item.key)
                kept.append(item)
        return kept

    def dependents(self, key: int) -> list[Item]:
        return [item for item in self.items if any(need.to == key for need in item.needs)]

    def free_id(self, wanted: str, beside: Iterable[str] = ()) -> str:
        """`wanted` as an id that no task has yet."""
        base = re.sub(r"[^A-Za-z0-9_]+", "_", wanted).strip("_")[:LONGEST_ID] or "task"
        taken = {token for item in self.items for token in (item.id, _text(item.fields.get("name")))} | set(beside)
        made, number = base, 1
        base = re.sub(r"_[0-9]+\Z", "", base) or base
        while made in taken:
            number += 1
            made = f"{base}_{number}"
        return made

    # --- edits ----------------------------------------------------------------------------------------------------

    def add(self, fields: Mapping[str, Any], *, beside: int | None = None, inside: bool = False) -> tuple[Draft, int]:
        """The draft with one more task and its key: behind `beside` and all under that, or as its last child."""
        key = max((item.key for item in self.items), default=0) + 1
        at = self.place(beside)
        if at is None or beside is None:
            return replace(self, items=(*self.items, Item(key, dict(fields)))), key
        up = beside if inside else self.items[at].up
        end = at + len(self.below(beside))
        made = Item(key, dict(fields), up)
        return replace(self, items=(*self.items[:end], made, *self.items[end:])), key

    def remove(self, key: int) -> Draft:
        """Without a task and all under it; nothing waits for them any more."""
        gone = {item.key for item in self.below(key)}
        kept = (item for item in self.items if item.key not in gone)
        items = tuple(replace(item, needs=tuple(need for need in item.needs if need.to not in gone)) for item in kept)
        return replace(self, items=items)

    def duplicate(self, key: int) -> tuple[Draft, int]:
        """With a copy of a task and all under it right behind it, under new ids; its inner references go along."""
        block = self.below(key)
        if not block:
            raise DraftError("no task is selected")
        first = max(item.key for item in self.items) + 1
        keys = {item.key: first + number for number, item in enumerate(block)}
        ids: dict[str, str] = {}
        for item in block:
            if item.id and item.id not in ids:
                ids[item.id] = self.free_id(item.id, ids.values())
        copies = []
        for item in block:
            fields = dict(item.fields)
            if item.id:
                fields["id"] = ids[item.id]
            elif _text(fields.get("name")):
                fields["id"] = self.free_id(item.name, ids.values())
                ids[fields["id"]] = fields["id"]
            for old, new in ids.items():
                fields = with_name(fields, old, new) if old != new else fields
            needs = tuple(replace(need, to=keys.get(need.to or 0, need.to)) for need in item.needs)
            up = keys[item.up] if item.up in keys and item.key != key else item.up
            copies.append(Item(keys[item.key], fields, up, needs, item.lost_parent))
        end = (self.place(key) or 0) + len(block)
        return replace(self, items=(*self.items[:end], *copies, *self.items[end:])), keys[key]

    def rename(self, key: int, wanted: str) -> Draft:
        """Give a task another id; expressions that read it say so too. Raises `DraftError`."""
        item = self._found(key)
        if wanted == item.id:
            return self
        if not ID.match(wanted) or len(wanted) > LONGEST_ID:
            raise DraftError(f"an id is of letters, digits, _ - and . and at most {LONGEST_ID} long")
        if any(wanted == other.id for other in self.items):
            raise DraftError(f"there is a task '{wanted}' already")
        old = item.id or item.name
        changed = self._put(replace(item, fields={**item.fields, "id": wanted}))
        if not old or sum(old in (each.id, each.name) for each in self.items) > 1:
            return changed
        items = tuple(
            replace(each, fields=with_name(each.fields, old, wanted))
            if any(need.to == key for need in each.needs)
            else each
            for each in changed.items
        )
        return replace(changed, items=items)

    def set_fields(self, key: int, fields: Mapping[str, Any]) -> Draft:
        return self._put(replace(self._found(key), fields=dict(fields)))

    def set_head(self, head: Mapping[str, Any]) -> Draft:
        """Other keys of the flow's own; only an object can have some, so a list becomes one."""
        return replace(self, head=dict(head), is_array=self.is_array and not head)

    def move(self, key: int, by: int) -> Draft:
        """The task with all under it before (-1) or behind (1) its neighbour; the same draft where there is none."""
        item = self._found(key)
        siblings = [each.key for each in self.children(item.up)]
        to = siblings.index(key) + by
        if not 0 <= to < len(siblings):
            return self
        first, second = sorted((key, siblings[to]), key=siblings.index)
        swapped = {each.key: each for each in (*self.below(second), *self.below(first))}
        at = self.place(first) or 0
        items = (*self.items[:at], *swapped.values(), *self.items[at + len(swapped) :])
        return replace(self, items=items)

    def indent(self, key: int) -> Draft:
        """Under the task before it, as its last child. Raises `DraftError` where none stands before it."""
        item = self._found(key)
        siblings = [each.key for each in self.children(item.up)]
        place = siblings.index(key)
        if not place:
            raise DraftError("there is no task above it on the same level")
        return self._put(replace(item, up=siblings[place - 1], lost_parent=None))

    def outdent(self, key: int) -> Draft:
        """Beside its parent, right behind that and all under it. Raises `DraftError` for one without a parent."""
        item = self._found(key)
        parent = self.item(item.up)
        if parent is None:
            if item.lost_parent is not None:
                return self._put(replace(item, lost_parent=None))
            raise DraftError("it stands under no other task")
        block = self.below(key)
        keys = {each.key for each in block}
        rest = [each for each in self.items if each.key not in keys]
        under = {each.key for each in self.below(parent.key)} - keys
        end = max(at for at, each in enumerate(rest) if each.key in under) + 1
        moved = [replace(block[0], up=parent.up), *block[1:]]
        return replace(self, items=(*rest[:end], *moved, *rest[end:]))

    def group(self, key: int, name: str) -> tuple[Draft, int]:
        """With a group in the place of a task and the task in it; and the group's key."""
        item = self._found(key)
        made = max(each.key for each in self.items) + 1
        fields = {"id": self.free_id(name), "name": name}
        at = self.place(key) or 0
        inner = replace(item, up=made, lost_parent=None)
        head = Item(made, fields, item.up, (), item.lost_parent)
        return replace(self, items=(*self.items[:at], head, inner, *self.items[at + 1 :])), made

    def ungroup(self, key: int) -> Draft:
        """Without a task whose children take its place; what waited for it waits for none of them."""
        item = self._found(key)
        items = tuple(
            replace(
                each,
                up=item.up if each.up == key else each.up,
                needs=tuple(need for need in each.needs if need.to != key),
            )
            for each in self.items
            if each.key != key
        )
        return replace(self, items=items)

    def link(self, key: int, to: int) -> Draft:
        """Have a task wait for another, or no longer. Raises `DraftError` for itself."""
        item = self._found(key)
        if key == to:
            raise DraftError("a task cannot wait for itself")
        self._found(to)
        kept = tuple(need for need in item.needs if need.to != to)
        return self._put(replace(item, needs=kept if len(kept) < len(item.needs) else (*item.needs, Need(to))))

    def optional(self, key: int, to: int) -> Draft:
        """Have a task wait for another whatever becomes of that, or need its success again."""
        item = self._found(key)
        if all(need.to != to for need in item.needs):
            raise DraftError("it does not wait for that task")
        needs = tuple(replace(need, required=not need.required) if need.to == to else need for need in item.needs)
        return self._put(replace(item, needs=needs))

    def cut(self, key: int, at: int) -> Draft:
        """Without the `at`th thing that a task waits for."""
        item = self._found(key)
        return self._put(replace(item, needs=(*item.needs[:at], *item.needs[at + 1 :])))

    def _found(self, key: int) -> Item:
        item = self.item(key)
        if item is None:
            raise DraftError("the task is no longer in the draft")
        return item

    def _put(self, item: Item) -> Draft:
        return replace(self, items=tuple(item if each.key == item.key else each for each in self.items))

    # --- as data --------------------------------------------------------------------------------------------------

    def data(self) -> Any:
        """The flow as the data of its file; entry N is `items[N]`."""
        refs = _references(self.items)
        entries = [_entry(item, refs, self.parent_key) for item in self.items]
        return entries if self.is_array and not self.head else {**self.head, "tasks": entries}


def of_data(data: Any) -> Draft:
    """The draft of a flow file's data. Raises `DraftError` for what has no list of objects as its tasks.

    All else that is wrong in it stays as it is, to be mended; parents that form a circle are taken apart.
    """
    is_array = isinstance(data, list)
    if not is_array and not isinstance(data, Mapping):
        raise DraftError("a flow is an object or a list of tasks")
    tasks = data if is_array else data.get("tasks")
    if not isinstance(tasks, list):
        raise DraftError("it has no list of tasks")
    wrong = next((at for at, each in enumerate(tasks, 1) if not isinstance(each, Mapping)), None)
    if wrong is not None:
        raise DraftError(f"entry {wrong} is no object")
    entries = read_array(tasks, Problems())
    names = _Names(entries)
    ups = _without_circles([entry.up for entry in entries])
    items = []
    for at, given in enumerate(tasks):
        parent = given.get("parent_id", given.get("parent"))
        raw = given.get("dependencies")
        needs = tuple(names.need(at, each) for each in raw) if isinstance(raw, list) else ()
        fields = {key: value for key, value in given.items() if key not in ("parent", "parent_id", "dependencies")}
        up = ups[at]
        items.append(Item(at + 1, fields, None if up is None else up + 1, needs, parent if up is None else None))
    uses_id = any("parent_id" in each for each in tasks)
    head = {} if is_array else {key: value for key, value in data.items() if key != "tasks"}
    return Draft(head, _in_order(items), is_array, "parent_id" if uses_id else "parent")


class _Names:
    """Which entry a reference means: as `engine.arrays` reads them, an id before a name."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[str, list[int]] = {}
        for at, entry in enumerate(entries):
            if entry.name:
                self._names.setdefault(entry.name, []).append(at)
            if entry.id is not None:
                self._ids.setdefault(entry.id, at)

    def need(self, at: int, given: Any) -> Need:
        if isinstance(given, Mapping):
            reference, is_name = given.get("id"), given.get("id") is None
            reference = given.get("name") if is_name else reference
            required, kind = given.get("required", True), given.get("type") or "result"
            is_right = isinstance(required, bool | None) and isinstance(kind, str)
        else:
            reference, is_name, required, kind, is_right = given, False, True, "result", True
        found = self._find(reference, is_name) if is_right and isinstance(reference, str) else None
        if found is None or found == at:
            return Need(None, written=given)
        return Need(found + 1, required is not False, kind)

    def _find(self, reference: str, is_name: bool) -> int | None:
        by_id, by_name = self._ids.get(reference), self._names.get(reference, [])
        if by_id is not None and not (is_name and by_name):
            return by_id
        return by_name[0] if len(by_name) == 1 else None


def _without_circles(ups: Sequence[int | None]) -> list[int | None]:
    """The same parents; whoever closes a circle gets none."""
    kept = list(ups)
    for at in range(len(kept)):
        seen, here = {at}, kept[at]
        while here is not None:
            if here in seen:
                kept[at] = None
                break
            seen.add(here)
            here = kept[here]
    return kept


def _in_order(items: Sequence[Item]) -> tuple[Item, ...]:
    """Parents before their children, children right behind them."""
    under: dict[int | None, list[Item]] = {}
    for item in items:
        under.setdefault(item.up, []).append(item)
    made: list[Item] = []
    stack = under.get(None, [])[::-1]
    while stack:
        item = stack.pop()
        made.append(item)
        stack.extend(reversed(under.get(item.key, [])))
    return tuple(made)


def _references(items: Sequence[Item]) -> dict[int, str]:
    """By what an entry is referred to: its id, else a name that no other has, else an id that is made for it."""
    held = Counter(token for item in items for token in {item.id, item.name} - {""})
    ids = Counter(item.id for item in items)
    used = {need.to for item in items for need in item.needs} | {item.up for item in items}
    refs: dict[int, str] = {}
    taken = set(held)
    for item in items:
        if item.id and ids[item.id] == 1:
            refs[item.key] = item.id
        elif not item.id and item.name and held[item.name] == 1:
            refs[item.key] = item.name
        elif item.key in used:
            base, number = re.sub(r"\W+", "_", item.title, flags=re.ASCII).strip("_") or "task", 2
            while f"{base}_{number}" in taken:
                number += 1
            refs[item.key] = f"{base}_{number}"
            taken.add(refs[item.key])
    return refs


def _entry(item: Item, refs: Mapping[int, str], parent_key: str) -> dict[str, Any]:
    fields = dict(item.fields)
    ref = refs.get(item.key)
    if ref is not None and ref not in (item.id, item.name):
        fields["id"] = ref
    if item.up is not None:
        fields[parent_key] = refs[item.up]
    elif item.lost_parent is not None:
        fields[parent_key] = item.lost_parent
    if item.needs:
        fields["dependencies"] = [_written(need, refs) for need in item.needs]
    first = {key: fields[key] for key in PLACED if key in fields}
    return first | fields


def _written(need: Need, refs: Mapping[int, str]) -> Any:
    if need.to is None:
        return need.written
    if need.required and need.type == "result":
        return refs[need.to]
    return {"id": refs[need.to], "required": need.required, **({} if need.type == "result" else {"type": need.type})}


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value.strip() else ""
