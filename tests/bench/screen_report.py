"""The console's measurements as tables, and what of limits.md was reached."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.report import MISSING, number, table, verdict
from tests.bench.screen import Keys, Screen, Tree, median
from tests.bench.targets import Target

KEY, FOLD, START = 20.0, 30.0, 1.5
"""Milliseconds from key to paint (p95) and until something is folded; a start by that of a bare app."""
CPU = 0.02
IDLE, BUSY, LOADED = 1 << 10, 5 << 10, 100 << 10
"""Bytes a second: idle, one task running, over ssh with every visible row changing."""
NODE = 250.0
"""Bytes that the widget keeps for a task."""
LARGEST = 100_000
PERCENTS = (50, 95, 99)


def lines(screen: Screen) -> Iterator[str]:
    """The tables for a person."""
    yield from table(
        ("key → paint, ms", "p50", "p95", "p99", "by bare p50", "tasks/s", "fold p95", ""),
        [_bare_row(screen), *(row for tree in screen.trees for row in _tree_rows(screen, tree))],
    )
    yield ""
    rows = []
    for name, value, beside, target in _figures(screen):
        rows.append((name, value, beside, f"≤ {number(target.bound)}", verdict(target)))
    yield from table(("console at 120x36", "ours", "bare app", "to reach", ""), rows)
    yield from (f"  {trouble}" for trouble in screen.troubles)


def targets(screen: Screen) -> Iterator[Target]:
    """What limits.md section 3 asks; not measured where the largest tree was left out."""
    largest = next((tree for tree in screen.trees if tree.size == LARGEST), Tree(LARGEST))
    for name, keys, bound in (
        ("idle", largest.idle, KEY), ("while it runs", largest.loaded, KEY), ("fold", largest.folds, FOLD),
    ):  # fmt: skip
        yield Target(f"{LARGEST:,} tasks: key → paint p95, {name}", keys.at(95), bound, at_most=True)
    yield from (target for _, _, _, target in _figures(screen))


def _figures(screen: Screen) -> Iterator[tuple[str, str, str, Target]]:
    """Each with its name, ours and the bare app's as text, and the target."""
    ours, bare = median(screen.starts), median(screen.bare_starts)
    ratio = ours / bare if ours and bare else None
    start = Target("first paint by a bare app's", ratio, START, at_most=True)
    yield "first paint, ms, by bare", f"{number(ours)} ({number(ratio, ' ×')})", number(bare), start
    cpu = screen.idle_cpu * 100 if screen.idle_cpu is not None else None
    bare_cpu = screen.bare_cpu * 100 if screen.bare_cpu is not None else None
    idle = Target("idle: percent of a core", cpu, CPU * 100, at_most=True)
    yield "idle, % of a core", number(cpu), number(bare_cpu), idle
    for name, value, bound in (
        ("idle, bytes/s", screen.idle_bytes, IDLE),
        ("one task runs, bytes/s", screen.busy_bytes, BUSY),
        ("a tree runs, ssh, bytes/s", screen.loaded_bytes, LOADED),
        ("bytes a task in the pane", screen.node_bytes, NODE),
    ):  # fmt: skip
        yield name, number(value), MISSING, Target(name, value, bound, at_most=True)


def _bare_row(screen: Screen) -> tuple[str, ...]:
    return ("bare app", *_times(screen.bare_keys), "1.0 ×", MISSING, MISSING, "")


def _tree_rows(screen: Screen, tree: Tree) -> Iterator[tuple[str, ...]]:
    bare = screen.bare_keys.at(50)
    for name, keys, folds in (("idle", tree.idle, tree.folds), ("running", tree.loaded, Keys())):
        if not keys.times:
            if tree.trouble:
                yield (f"{tree.size:,} tasks, {name}", *[MISSING] * 6, tree.trouble)
            continue
        half, p95 = keys.at(50), keys.at(95)
        ratio = half / bare if half and bare else None
        reached = [Target("key", p95, KEY, at_most=True)]
        if folds.times:
            reached.append(Target("key: fold", folds.at(95), FOLD, at_most=True))
        yield (
            f"{tree.size:,} tasks, {name}", *_times(keys), number(ratio, " ×"), number(keys.rate or None),
            number(folds.at(95)), tree.trouble or verdict(*reached),
        )  # fmt: skip


def _times(keys: Keys) -> list[str]:
    return [number(keys.at(percent)) for percent in PERCENTS]
