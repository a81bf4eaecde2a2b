"""A JSON value as rows that fold; only what is unfolded has rows, a thousand children at a time. No Textual here."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tui.search import Pattern

Step = str | int
Path = tuple[Step, ...]
"""The keys and indexes that lead to a value."""
GROUP = 1_000
"""Children that are shown at once; more come in ranges that fold."""
OPEN_ROWS = 400
"""A value of so many rows at most is shown unfolded."""
LINE = 160
"""Characters in a row of an unfolded text."""
PREVIEW = 60
"""Characters of what is folded that are shown."""
SHOWN = 2_000
"""Characters of a text in one row."""
MOST_FOUND = 50_000
"""Matches that a search keeps."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(slots=True, eq=False)
class Node:
    """One row: a value under `label`, or with `stretch` some of the children of a large one.

    `kind` is "value", "range" or "line", a piece of an unfolded text.
    """

    value: Any
    depth: int
    label: Step | None = None
    parent: Node | None = None
    kind: str = "value"
    start: int = 0
    is_open: bool = False

    @property
    def can_open(self) -> bool:
        if self.kind == "range":
            return True
        if self.kind == "line":
            return False
        return bool(self.value) and (isinstance(self.value, dict | list) or is_long(self.value))

    @property
    def path(self) -> Path:
        steps: list[Step] = []
        node: Node | None = self
        while node is not None:
            if node.kind == "value" and node.label is not None:
                steps.append(node.label)
            node = node.parent
        return tuple(reversed(steps))

    def children(self) -> Iterator[Node]:
        """Its rows when it is unfolded."""
        value, depth = self.value, self.depth + 1
        if isinstance(value, str):
            yield from (Node(line, depth, parent=self, kind="line") for line in pieces(value))
            return
        if self.kind == "value" and len(value) > GROUP:
            for start in range(0, len(value), GROUP):
                yield Node(value, depth, parent=self, kind="range", start=start)
            return
        start, stop = (self.start, self.start + GROUP) if self.kind == "range" else (0, len(value))
        if isinstance(value, dict):
            for index, (key, item) in enumerate(value.items()):
                if index >= stop:
                    return
                if index >= start:
                    yield Node(item, depth, key, self)
        else:
            for index, item in enumerate(value[start:stop], start):
                yield Node(item, depth, index, self)


def is_long(value: Any) -> bool:
    """Whether it is a text that has more to show than its row does."""
    return isinstance(value, str) and (len(value) > LINE or "\n" in value)


def pieces(text: str) -> Iterator[str]:
    """A text in lines of at most `LINE` characters, the first `GROUP * 100` of them."""
    count = 0
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), LINE):
            yield line[start : start + LINE]
            count += 1
            if count >= GROUP * 100:
                yield "… the pager shows the rest"
                return


def path_text(path: Path) -> str:
    """`$.items[3]["a b"]`."""
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _WORD.match(step) else f"[{json.dumps(step)}]"
        for step in path
    )


def amount_of(value: Any) -> str:
    """`{3}` or `[12]`: how many members or items."""
    return f"{{{len(value):,}}}" if isinstance(value, dict) else f"[{len(value):,}]"


def preview(value: Any) -> str:
    """The beginning of what is folded, on one line."""
    parts: list[str] = []
    size = 0
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in items:
        said = scalar(item, 24) if not isinstance(item, dict | list) else amount_of(item)
        parts.append(said if key is None else f"{key[:24]}: {said}")
        size += len(parts[-1]) + 2
        if size > PREVIEW:
            break
    text = ", ".join(parts)
    more = len(parts) < len(value)
    text = text[:PREVIEW] + ("…" if more or len(text) > PREVIEW else "")
    return f"{{{text}}}" if isinstance(value, dict) else f"[{text}]"


def scalar(value: Any, limit: int = SHOWN) -> str:
    """A value that has no members, as JSON."""
    if isinstance(value, str):
        text = json.dumps(value[:limit], ensure_ascii=False)
        return text if len(value) <= limit else f"{text[:-1]}…"
    return json.dumps(value)


class JsonTree:
    """The rows of `value`; small ones are unfolded, of larger ones the outer levels."""

    def __init__(self, value: Any) -> None:
        self.root = Node(value, 0)
        self.rows: list[Node] = [self.root]
        self._open_outer()

    def _open_outer(self) -> None:
        """Unfold level by level while there is room for all of it."""
        left = OPEN_ROWS
        level: deque[Node] = deque([self.root])
        chosen: set[int] = set()
        while level:
            node = level.popleft()
            if not isinstance(node.value, dict | list) or not node.can_open:
                continue
            size = min(len(node.value), -(-len(node.value) // GROUP) if len(node.value) > GROUP else len(node.value))
            if size > left and node is not self.root:
                break
            left -= size
            chosen.add(id(node.value))
            if len(node.value) <= GROUP:
                level.extend(node.children())
        self._unfold_all(chosen)

    def _unfold_all(self, chosen: set[int]) -> None:
        rows: list[Node] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            rows.append(node)
            if node.kind == "value" and node.can_open and id(node.value) in chosen:
                node.is_open = True
                stack.extend(reversed(list(node.children())))
        self.rows = rows

    def unfold(self, row: int) -> bool:
        """Show what is below a row; False where there is nothing to show."""
        node = self.rows[row]
        if node.is_open or not node.can_open:
            return False
        node.is_open = True
        self.rows[row + 1 : row + 1] = node.children()
        return True

    def fold(self, row: int) -> bool:
        """Hide what is below a row; False where it is hidden."""
        node = self.rows[row]
        if not node.is_open:
            return False
        node.is_open = False
        end = row + 1
        while end < len(self.rows) and self.rows[end].depth > node.depth:
            end += 1
        del self.rows[row + 1 : end]
        return True

    def parent_row(self, row: int) -> int:
        """The row of its parent; its own for the root."""
        depth = self.rows[row].depth
        while row > 0 and self.rows[row].depth >= depth:
            row -= 1
        return row

    def reveal(self, path: Path) -> int:
        """The row of the value at `path`, unfolding what it lies in; of the nearest one where there is none."""
        row = 0
        for step in path:
            self.unfold(row)
            found = self._child(row, step)
            if found is None:
                return row
            row = found
        return row

    def _child(self, row: int, step: Step) -> int | None:
        node = self.rows[row]
        at = row + 1
        if at < len(self.rows) and self.rows[at].kind == "range" and self.rows[at].parent is node:
            index = step if isinstance(step, int) else list(node.value).index(step)
            at = self._range(row, index - index % GROUP)
            self.unfold(at)
            node, at = self.rows[at], at + 1
        while at < len(self.rows) and self.rows[at].depth > node.depth:
            if self.rows[at].parent is node and self.rows[at].label == step:
                return at
            at += 1
        return None

    def _range(self, row: int, start: int) -> int:
        node = self.rows[row]
        for at in range(row + 1, len(self.rows)):
            if self.rows[at].parent is node and self.rows[at].start == start:
                return at
        return row


def find_paths(value: Any, pattern: Pattern) -> list[Path]:
    """Where a key or a value matches, from top to bottom; for a thread. Raises `BadPattern`."""
    found: list[Path] = []
    stack: list[tuple[Path, Any]] = [((), value)]
    while stack and len(found) < MOST_FOUND:
        path, item = stack.pop()
        hit = bool(path) and isinstance(path[-1], str) and pattern.matches(path[-1])
        if isinstance(item, dict):
            stack.extend(((*path, key), inner) for key, inner in reversed(item.items()))
        elif isinstance(item, list):
            stack.extend(((*path, index), item[index]) for index in range(len(item) - 1, -1, -1))
        elif not hit:
            hit = pattern.matches(item if isinstance(item, str) else scalar(item))
        if hit:
            found.append(path)
    return found


def at_path(value: Any, path: Sequence[Step]) -> Any:
    """The value that `path` leads to."""
    for step in path:
        value = value[step]
    return value
