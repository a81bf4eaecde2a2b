"""JSON values: as a tree that folds, and as lines of text with their colours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from tui.bindings import bindings_of
from tui.json_tree import JsonTree, Node, Path, amount_of, find_paths, is_long, path_text, preview, scalar
from tui.result_shapes import JSON, text_lines
from tui.search import Pattern
from tui.text import safe_text
from tui.widgets.rows import Piece, Rows
from tui.widgets.searched import Searched
from tui.widgets.text_view import Line

MARKS = {"+ ": "good", "~ ": "warn"}
"""What stands before a line that was added or changed."""

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<text>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?P<live>\b(?:true|false|null)\b)"
)


def json_pieces(line: Line) -> list[Piece]:
    """The coloured pieces of one line; lines of another role stay whole."""
    text, role = line
    if role != JSON:
        return [line]
    pieces: list[Piece] = []
    end = 0
    if text[:2] in MARKS:
        pieces, end = [(text[:2], MARKS[text[:2]])], 2
        text = "  " + text[2:]
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            pieces.append((text[end : match.start()], "dim"))
        pieces.append((match.group(), match.lastgroup or ""))
        end = match.end()
    if end < len(text):
        pieces.append((text[end:], "dim"))
    return pieces


class JsonView(Searched, Rows):
    """A `JsonTree`; Enter and the arrows fold."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("detail", moving=True)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.value_tree = JsonTree(None)

    def show_tree(self, tree: JsonTree) -> None:
        """Show another value; the same one stays as it is folded."""
        if tree is not self.value_tree:
            self.value_tree = tree
            self.set_reactive(Rows.cursor, 0)
            self.jump(0)
            self.rows_changed()
            self.search_again()

    @property
    def node(self) -> Node:
        return self.value_tree.rows[min(self.cursor, len(self.value_tree.rows) - 1)]

    @property
    def path(self) -> str:
        """The path of what is under the cursor."""
        return path_text(self.node.path)

    @property
    def text(self) -> str:
        """What is under the cursor: a text as it is, all else as JSON."""
        value = self.node.value
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def writer(self) -> Callable[[], Iterable[str]]:
        """What writes out the whole value; for a thread."""
        value = self.value_tree.root.value
        return lambda: (text for text, _ in text_lines(value))

    def count(self) -> int:
        return len(self.value_tree.rows)

    def draw(self, index: int, width: int) -> list[Piece]:
        node = self.value_tree.rows[index]
        sign = ("▾ " if node.is_open else "▸ ") if node.can_open else "  "
        pieces: list[Piece] = [("  " * min(node.depth, width // 4) + sign, "dim")]
        if node.kind == "line":
            return self.marked_pieces([*pieces, (safe_text(node.value), "text")])
        if node.kind == "range":
            last = min(node.start + 1_000, len(node.value)) - 1
            return [*pieces, (f"[{node.start:,} … {last:,}]", "dim")]
        if isinstance(node.label, str):
            pieces += [(safe_text(scalar(node.label, 200)), "key"), (": ", "dim")]
        elif node.label is not None:
            pieces.append((f"{node.label}: ", "dim"))
        return self.marked_pieces([*pieces, *self._value(node)])

    def _value(self, node: Node) -> list[Piece]:
        value = node.value
        if isinstance(value, dict | list):
            if not value:
                return [("{}" if isinstance(value, dict) else "[]", "dim")]
            return [(amount_of(value), "dim"), *([] if node.is_open else [(f"  {safe_text(preview(value))}", "dim")])]
        text = safe_text(scalar(value))
        role = "text" if isinstance(value, str) else "number" if type(value) in (int, float) else "live"
        more = [(f"  {len(value):,} characters", "dim")] if is_long(value) else []
        return [(text[:60] + "…", role), *more] if more and len(text) > 60 else [(text, role), *more]

    # --- folding ---------------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        if self.value_tree.fold(self.cursor) or self.value_tree.unfold(self.cursor):
            self.rows_changed()

    def action_unfold(self) -> None:
        if self.value_tree.unfold(self.cursor):
            self.rows_changed()
        elif self.node.is_open:
            self.cursor += 1

    def action_fold(self) -> None:
        if self.value_tree.fold(self.cursor):
            self.rows_changed()
        else:
            self.cursor = self.value_tree.parent_row(self.cursor)

    def tell_moved(self) -> None:
        """Nobody else goes along with this cursor."""

    # --- search: matches are paths ---------------------------------------------------------------------------

    def finding(self) -> Callable[[Pattern], Sequence[Path]]:
        value = self.value_tree.root.value
        return lambda pattern: find_paths(value, pattern)

    def go_to(self, target: Path) -> None:
        row = self.value_tree.reveal(target)
        self.rows_changed()
        self.cursor = row
