"""Bytes that the runs pane keeps for a task, beside the task itself: `python -m tests.bench.screen_memory TASKS`"""

from __future__ import annotations

import gc
import sys
import tracemalloc

from engine.task import Dependency, Task
from tui.forest import Forest


def bytes_a_node(count: int) -> float:
    """Of a tree of `count` tasks, each of which depends on the one before; all rows are shown."""
    tasks = [Task("root", "root", "root")]
    for number in range(1, count):
        needs = (Dependency(tasks[-1].id),) if number > 1 else ()
        tasks.append(Task(f"id-{number}", f"part {number}", "root", "root", dependencies=needs))
    gc.collect()
    tracemalloc.start()
    forest = Forest()
    forest.load([tasks])
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if len(forest.visible) != count:
        raise AssertionError(f"{len(forest.visible)} rows of {count} tasks are shown")
    return held / count


if __name__ == "__main__":
    print(bytes_a_node(int(sys.argv[1])))
