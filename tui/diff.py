"""A unified diff of two texts as lines for the screen: signs first, colours second. Pure, and never slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Line = tuple[str, str]
CONTEXT = 3
"""Unchanged lines around a change."""
MOST_PAIRS = 2_000_000
"""Pairs of equal lines that are looked at; beyond, all between the first and the last change counts as changed."""


def diff_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """The hunks of a unified diff, without the names of files; nothing for equal texts."""
    if old == new:
        return
    shortest = min(len(old), len(new))
    head = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    rest = shortest - head
    tail = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    first, after = max(head - CONTEXT, 0), max(tail - CONTEXT, 0)
    a, b = old[first : len(old) - after], new[first : len(new) - after]
    for group in _groups(a, b, head - first, tail - after):
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        yield f"@@ -{_range(first + i1, i2 - i1)} +{_range(first + j1, j2 - j1)} @@", "dim"
        for tag, i, i_end, j, j_end in group:
            if tag == "equal":
                yield from ((f"  {line}", "") for line in a[i:i_end])
                continue
            yield from ((f"- {line}", "bad") for line in a[i:i_end])
            yield from ((f"+ {line}", "good") for line in b[j:j_end])


def _groups(
    a: Sequence[str], b: Sequence[str], head: int, tail: int
) -> Iterator[Sequence[tuple[str, int, int, int, int]]]:
    """The changes with their context; `head` and `tail` are how many lines at the ends are equal."""
    counts = Counter(b)
    if sum(counts[line] for line in a) <= MOST_PAIRS:
        yield from SequenceMatcher(None, a, b).get_grouped_opcodes(CONTEXT)
        return
    a_end, b_end = len(a) - tail, len(b) - tail
    yield [("equal", 0, head, 0, head), ("replace", head, a_end, head, b_end), ("equal", a_end, len(a), b_end, len(b))]


def _range(start: int, length: int) -> str:
    """`12,7` as in a unified diff: counted from 1, the line before where there is none."""
    return f"{start + 1 if length else start},{length}" if length != 1 else f"{start + 1}"
