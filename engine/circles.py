"""Things that wait for each other in a circle, found without recursion and in linear time (behaviour.md 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

STEPS = 10
"""Things of a circle that are named."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Things that all wait for each other: `path` is a shortest way around, `others` stand on further ways around."""

    path: tuple[int, ...]
    others: tuple[int, ...] = ()

    def words(self, name: Callable[[int], str]) -> str:
        """The path as "a → b → a"; a long one is cut, and what stands on other ways around is named behind."""
        steps = [name(at) for at in self.path[:STEPS]]
        if len(self.path) > STEPS:
            steps.append(f"… {len(self.path) - STEPS} more …")
        text = " → ".join([*steps, steps[0]])
        if not self.others:
            return text
        named = ", ".join(name(at) for at in self.others[:STEPS])
        more = f" and {len(self.others) - STEPS} more" if len(self.others) > STEPS else ""
        return f"{text} (in it too: {named}{more})"


def circles(after: Sequence[Sequence[int]]) -> list[Circle]:
    """Every set of nodes that wait for each other, in the order of their first members.

    `after[n]` are the nodes that n waits for. Tarjan's strongly connected components with a stack of its own: linear,
    and depth is no limit.
    """
    found: list[Circle] = []
    if all(other < node for node, others in enumerate(after) for other in others):
        return found  # the usual list: everything stands behind what it waits for
    number = [0] * len(after)  # when a node was met, from 1; 0 is not yet
    low = [0] * len(after)
    closed = len(after) + 1  # what a node's `number` becomes once its set is known: no other is as high
    met = 0
    opened: list[int] = []
    for start in range(len(after)):
        work = [] if number[start] else [(start, iter(after[start]))]
        while work:
            node, rest = work[-1]
            if not number[node]:
                met += 1
                number[node] = low[node] = met
                opened.append(node)
            for other in rest:
                if not number[other]:
                    work.append((other, iter(after[other])))
                    break
                low[node] = min(low[node], number[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    members = _popped(opened, node)
                    for member in members:
                        number[member] = closed
                    if len(members) > 1 or node in after[node]:
                        found.append(_circle(members, after))
    return sorted(found, key=lambda circle: circle.path[0])


def _popped(opened: list[int], last: int) -> list[int]:
    """Take all off the stack down to `last`."""
    found = [opened.pop()]
    while found[-1] != last:
        found.append(opened.pop())
    return found


def _circle(members: list[int], after: Sequence[Sequence[int]]) -> Circle:
    """A shortest way around from the first of `members` back to it."""
    first, inside = min(members), set(members)
    came: dict[int, int] = {}
    queue = [first]
    end = first
    for end in queue:  # grows while it is walked
        if first in after[end]:
            break
        for other in after[end]:
            if other in inside and other not in came:
                came[other] = end
                queue.append(other)
    path = [end]
    while path[-1] != first:
        path.append(came[path[-1]])
    path.reverse()
    return Circle(tuple(path), tuple(sorted(inside.difference(path))))
