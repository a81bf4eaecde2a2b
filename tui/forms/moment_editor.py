"""The editor of a date, a time or both: one line of free text that ↑↓ step by part and whose words become a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.widgets import Input

from tui.forms import moments
from tui.forms.editors import AsideChanged, LineInput, shown
from tui.forms.rows import Row

KINDS = frozenset({"date", "time", "datetime"})
GHOSTS = {
    "date": "YYYY-MM-DD, today, +3d",
    "time": "HH:MM, now, +2h",
    "datetime": "YYYY-MM-DD HH:MM, now, +2h",
}


class MomentInput(LineInput):
    """↑↓ step the part under the cursor, PgUp PgDn by ten; an empty field begins with the default, or with now.

    What was loaded is sent as it is, letter by letter, until it is edited. What is typed means what `moments.expand`
    makes of it: `typed` says that at once, so that it is what a launch sends; the line itself follows when it is left.
    """

    _loaded = ""
    _read = ("", "")
    """What was typed last, and what it meant then: `now` does not move on."""
    _kind, _default = "date", None

    def load(self, row: Row, names: Sequence[str] | None = None) -> None:
        text = shown(row.text)
        if self.has_focus and self.value != text == self.typed:
            return  # it means the same, and may not be typed to its end
        self._loaded, self._kind, self._default = text, row.kind, row.default
        self.hint = GHOSTS[row.kind]
        super().load(row, names)

    @property
    def typed(self) -> str:
        """What is to be sent: what stands here as it was loaded, else what it means."""
        if self.value == self._loaded:
            return self.value
        if self._read[0] != self.value:
            self._read = (self.value, moments.expand(self._kind, self.value, _now()))
        return self._read[1]

    @property
    def aside(self) -> str:
        """What is said below: what a word means, the weekday, the clock here and in UTC."""
        text = self.typed
        meant = f"→ {text}" if text != self.value else ""
        return " · ".join(filter(None, [meant, moments.words(self._kind, text)]))

    def action_step(self, steps: int) -> None:
        text = self.typed
        if not text:
            self.value = moments.start(self._kind, self._default, _now())
            self.cursor_position = len(self.value)
            return
        at = len(text) if self.cursor_position >= len(self.value) else self.cursor_position
        stepped = moments.step(self._kind, text, at, steps)
        if stepped is not None:
            self.value, self.cursor_position = stepped

    def on_blur(self) -> None:
        """What it means stands here from now on; the form knows it already."""
        text = self.typed
        if text != self.value:
            with self.prevent(Input.Changed):
                self.value = text
                self.cursor_position = len(text)
            self.post_message(AsideChanged())


def _now() -> datetime:
    return datetime.now().astimezone()
