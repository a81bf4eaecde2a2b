"""Random trees for the crash rounds: the same seed gives the same tasks, ids included, in every process."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from random import Random
from typing import Any

from engine import Engine, TaskTreeNode

SLOTS = 6
POOLS = {"narrow": 2}
SAFE = frozenset({"safe", "safe_noop", "safe_flaky", "safe_spawner"})
"""Kinds that may run twice (4.7)."""
GROUP = "group"
KINDS = {
    "noop": 14, "nap": 14, "thread": 4, "broken": 3, "says_failed": 2, "flaky": 4, "hopeless": 1, "late": 2,
    "safe": 10, "safe_noop": 12, "safe_flaky": 4, "spawner": 4, "safe_spawner": 4, GROUP: 6,
}  # fmt: skip
CHILD_KINDS = {"noop": 6, "nap": 6, "safe": 5, "safe_noop": 3, "broken": 1, "flaky": 2, "spawner": 1, "safe_spawner": 1}


@dataclass(slots=True)
class Planned:
    """One task that a round submits. `needs` are (id, required); `above` is the id of the task it stands under."""

    id: str
    kind: str
    above: str | None
    needs: list[tuple[str, bool]] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    priority: int = 2


Grove = list[list[Planned]]
"""The trees of one round in the order of their submission, each with its root first and parents before children."""


def value_of(tag: str) -> int:
    """What the task or child called `tag` returns: its dependents can tell whether they got the right one."""
    return zlib.crc32(tag.encode())


def plant(seed: int, name: str, *, least: int, most: int) -> Grove:
    """One to three trees, together `least` to `most` tasks; later ones also depend on tasks of earlier ones."""
    random = Random(f"{seed} {name}")
    left = random.randint(least, most)
    grove: Grove = []
    known: list[Planned] = []
    for number in range(random.choice((1, 1, 2, 3))):
        if not left:
            break
        size = random.randint((left + 1) // 2, left)
        left -= size
        grove.append(_tree(random, f"{name}{number}", size, known))
        known += grove[-1]
    return grove


def _tree(random: Random, name: str, size: int, known: list[Planned]) -> list[Planned]:
    tree: list[Planned] = []
    parents: list[Planned] = []
    density = random.choice((0.3, 0.8, 1.6))
    for number in range(size):
        kind = random.choices(list(KINDS), list(KINDS.values()))[0] if tree else random.choice((GROUP, "noop"))
        above = random.choice(parents) if parents else None
        planned = Planned(f"{name}-{number:03}", kind, above.id if above else None)
        _equip(planned, random)
        count = min(int(random.expovariate(1 / density)), 5)
        around = _above(planned, tree)
        candidates = [other for other in tree if other.id not in around]
        near = candidates[-12:] if random.random() < 0.7 else candidates
        for other in random.sample(near, min(count, len(near))):
            planned.needs.append((other.id, random.random() < 0.75))
            if other.kind == GROUP:  # complete from now on: a later member could wait for its own group by way of this
                parents = [parent for parent in parents if parent is not other and other.id not in _above(parent, tree)]
        if known and random.random() < 0.1:
            planned.needs.append((random.choice(known).id, random.random() < 0.5))
        tree.append(planned)
        if kind == GROUP or random.random() < 0.15 or not parents:
            parents.append(planned)
    _drop_barren_groups(tree)
    _tell_values(tree, known)
    return tree


def _above(planned: Planned, tree: list[Planned]) -> set[str]:
    """The ids of all that `planned` stands under."""
    by_id = {each.id: each for each in tree}
    found = set()
    above = planned.above
    while above is not None:
        found.add(above)
        above = by_id[above].above
    return found


def _equip(planned: Planned, random: Random) -> None:
    """Inputs, params and priority that fit the kind."""
    kind, inputs, params = planned.kind, planned.inputs, planned.params
    planned.priority = random.choice((0, 1, 2, 2, 2, 3))
    if kind == GROUP:
        return
    inputs["tag"] = planned.id
    if kind in ("nap", "safe", "thread", "late"):
        inputs["ms"] = random.choice((0, 1, 2, 5, 10, 25))
    if kind in ("flaky", "safe_flaky"):
        inputs["good"] = random.randint(2, 4)
        params.update(retries=3, retry_delay=random.choice((0, 0.002, 0.02)))
    if kind == "hopeless":
        params.update(retries=2, retry_delay=0.001, retry_backoff="exponential")
    if kind in ("spawner", "safe_spawner"):
        inputs["children"] = children(random, planned.id, 2)
        inputs["limit"] = random.choice((0, 1, 2))
        inputs["brave"] = random.random() < 0.5
    if random.random() < 0.08:
        params["pool"] = "narrow"
    elif random.random() < 0.08:
        params["max_concurrent"] = random.randint(1, 3)


def children(random: Random, tag: str, depth: int) -> list[list[Any]]:
    """What a spawner spawns: (executor, inputs) pairs, at most `depth` levels of them."""
    made: list[list[Any]] = []
    for number in range(random.randint(1, 4)):
        kind = random.choices(list(CHILD_KINDS), list(CHILD_KINDS.values()))[0]
        inputs: dict[str, Any] = {"tag": f"{tag}/{number}"}
        if kind.endswith("spawner"):
            if depth == 1:
                kind = "noop"
            else:
                inputs["children"] = children(random, inputs["tag"], depth - 1)
                inputs["limit"], inputs["brave"] = 0, random.random() < 0.5
        if kind in ("nap", "safe"):
            inputs["ms"] = random.choice((0, 1, 3, 8))
        if kind == "flaky":
            inputs["good"] = 2
        made.append([kind, inputs])
    return made


def _drop_barren_groups(tree: list[Planned]) -> None:
    """A node without an executor is a group only while it has children (2.6)."""
    parents = {planned.above for planned in tree}
    for planned in tree:
        if planned.kind == GROUP and planned.id not in parents:
            planned.kind = "noop"
            planned.inputs["tag"] = planned.id


def _tell_values(tree: list[Planned], known: list[Planned]) -> None:
    """Each task knows which values its required dependencies must have given it."""
    kinds = {planned.id: planned.kind for planned in (*known, *tree)}
    for planned in tree:
        if planned.kind != GROUP:
            planned.inputs["expects"] = {i: value_of(i) for i, must in planned.needs if must and kinds[i] != GROUP}


def node_of(engine: Engine, tree: list[Planned]) -> TaskTreeNode:
    """The tree as the engine takes it."""
    nodes: dict[str, TaskTreeNode] = {}
    for planned in tree:
        task = engine.new_task(
            f"crash_{planned.kind}",
            id=planned.id,
            inputs=planned.inputs,
            params=planned.params,
            priority=planned.priority,
            dependencies=[{"id": task_id, "required": required} for task_id, required in planned.needs],
        )
        node = nodes[planned.id] = TaskTreeNode(task)
        if planned.above is not None:
            nodes[planned.above].add_child(node)
    return nodes[tree[0].id]


def seconds_of(grove: Grove) -> float:
    """About how long the trees run: kills are spread over this time."""
    tasks = [planned for tree in grove for planned in tree]
    naps = sum(planned.inputs.get("ms", 0) + 4 * len(planned.inputs.get("children", ())) for planned in tasks)
    return 0.08 + len(tasks) * 0.0015 + naps / 1000 / SLOTS
