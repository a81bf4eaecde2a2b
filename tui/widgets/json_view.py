"""JSON values as lines of text, and the colours of such a line."""

from __future__ import annotations

import json
import re
from typing import Any

from tui.widgets.rows import Piece
from tui.widgets.text_view import Line

JSON = "json"
"""The role of a line that `json_pieces` colours."""

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<text>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?P<live>\b(?:true|false|null)\b)"
)


def json_lines(value: Any) -> list[Line]:
    """`value` pretty printed; a bare string is shown as the text that it is. Megabytes want a thread."""
    if isinstance(value, str):
        return [(line, "") for line in value.split("\n")]
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return [(line, JSON) for line in text.split("\n")]


def json_pieces(line: Line) -> list[Piece]:
    """The coloured pieces of one line; lines of another role stay whole."""
    text, role = line
    if role != JSON:
        return [line]
    pieces: list[Piece] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            pieces.append((text[end : match.start()], "dim"))
        pieces.append((match.group(), match.lastgroup or ""))
        end = match.end()
    if end < len(text):
        pieces.append((text[end:], "dim"))
    return pieces
