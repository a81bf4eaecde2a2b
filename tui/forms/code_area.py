"""An editor of JSON or YAML text: coloured by pattern, problems marked in their lines, pastes made safe.

A language of Textual's own needs tree-sitter, which is not there (forms.md 0.12); the lines that are seen are few, so
that a pattern colours them at no cost.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rich.color import Color as RichColor
from rich.style import Style
from rich.text import Text
from textual import events
from textual.color import Color, ColorParseError
from textual.message import Message
from textual.widgets import TextArea

from tui.forms.editors import pasted
from tui.forms.raw_text import Language, is_large

COLOURED = 2_000
"""Characters of a line that is coloured."""

_JSON = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<text>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<word>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b|\b(?:true|false|null)\b)"
)
_YAML = re.compile(
    r'^\s*(?:- )*(?P<key>(?:"(?:[^"\\]|\\.)*"|[^\s"\'#\-][^:#]*)(?=:(?:\s|$)))|(?P<text>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<word>(?<=: )(?:-?\d[\d.eE+-]*|true|false|null)(?=\s*$)|(?<=- )(?:-?\d[\d.eE+-]*|true|false|null)(?=\s*$))"
)
_PATTERNS: dict[Language, re.Pattern[str]] = {"json": _JSON, "yaml": _YAML}
_COLOURS = {"key": "primary", "text": "success", "word": "accent"}


class CodeArea(TextArea):
    """`TooLarge` is posted for a paste that no editor should hold, which is not taken."""

    class TooLarge(Message):
        """`text` is what would stand here."""

        def __init__(self, area: CodeArea, text: str) -> None:
            super().__init__()
            self.area, self.text = area, text

    def __init__(self, text: str = "", *, id: str | None = None, language: Language = "json") -> None:
        super().__init__(text, id=id, tab_behavior="indent", show_line_numbers=True, compact=True)
        self.written: Language | None = language
        """What the colours are for; None for text of no language."""
        self._bad: frozenset[int] = frozenset()

    def mark(self, lines: Collection[int]) -> None:
        """Mark these 1-based lines as wrong, and no others."""
        if frozenset(lines) != self._bad:
            self._bad = frozenset(lines)
            self.notify_style_update()
            self.refresh()

    def go(self, line: int, column: int = 1) -> None:
        """Put the cursor at a 1-based place."""
        self.move_cursor((max(line - 1, 0), max(column - 1, 0)), center=True)

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        colours = self.app.theme_variables
        if self.written is not None and len(line) <= COLOURED:
            for found in _PATTERNS[self.written].finditer(line.plain):
                name = found.lastgroup or ""
                if name in _COLOURS:
                    line.stylize(Style(color=_rich(colours.get(_COLOURS[name]))), *found.span(name))
        if line_index + 1 in self._bad:
            line.stylize(Style(color=_rich(colours.get("error")), underline=True))
        return line

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = pasted(event.text)
        if self.read_only:
            return
        start, end = sorted(self.selection)
        whole = self.get_text_range((0, 0), start) + text + self.get_text_range(end, self.document.end)
        if is_large(whole):
            self.post_message(self.TooLarge(self, whole))
        else:
            self.replace(text, start, end, maintain_selection_offset=False)


def _rich(colour: str | None) -> RichColor | None:
    """A colour of the theme, those of the terminal itself among them, as Rich knows it."""
    try:
        return Color.parse(colour).rich_color if colour else None
    except ColorParseError:
        return None
