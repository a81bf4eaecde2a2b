"""The launch dialog's text view: JSON or YAML in step with the form, its problems by line (forms.md 1.6)."""

from __future__ import annotations

import asyncio
from typing import Any

from textual import on
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from engine.schema import mask, path_text
from tui.forms import raw_text, strict_json
from tui.forms.code_area import CodeArea
from tui.forms.model import Form
from tui.forms.raw_text import NAMES, Reading
from tui.screens.launch_views import LaunchViews, View
from tui.text import safe_text

READ_SECONDS = 0.15
"""The text is read this long after the last key (forms.md 1.6)."""
SOON = 16_000
"""Characters that are read at once; more is read beside the loop."""
LISTED = 4
"""Problems that stand below the text; F7 lists all."""
MARKED = 200
"""Problems that are looked for in the text."""

Mark = tuple[int, int, str]
"""Line and column, from 1, of a problem in the text, and its words."""


class LaunchText(LaunchViews):
    """Goes on where `LaunchViews` ends."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._before: list[tuple[Form, dict[str, Any]]] = []
        """The forms that were loaded over, and their options: what undo goes back to."""
        self._reading: Timer | None = None
        self._taken: tuple[str, str] | None = None
        """The text that was read last, and its language."""
        self._marks: list[Mark] = []

    # reading

    @on(TextArea.Changed, "#raw-tab")
    def _raw_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._read_soon()

    def _read_soon(self) -> None:
        if self._reading is not None:
            self._reading.stop()
        self._reading = self.set_timer(READ_SECONDS, self._read)

    async def _read(self) -> None:
        """Take what the text says, and say what is wrong with it."""
        if self._view == "json" and not self._refusal:
            await self._take_text()
            await self._mark()
            self._refresh("")

    async def _take_text(self) -> None:
        """Take the text into the form, unless that was done; keys that came meanwhile are taken too."""
        if self._reading is not None:
            self._reading.stop()
        raw = self._raw
        while self._view == "json" and not self._refusal and raw.edited:
            text, language = raw.content, raw.in_language
            if self._taken == (text, language):
                return
            if len(text) <= SOON:
                reading = raw_text.read(text, language)
            else:
                reading = await asyncio.to_thread(raw_text.read, text, language)
            if text != raw.content:
                continue
            self._taken = (text, language)
            await self._take_reading(text, reading)

    async def _take_reading(self, text: str, reading: Reading) -> None:
        if reading.problem:
            self.form.keep_text(text, reading.problem)
        elif not raw_text.is_large(text):
            self.form.load_value(reading.value)
        else:
            made = await asyncio.to_thread(_made, self.form, reading.value)
            self._before.append((self.form, dict(self.options.given)))
            self._pane.form = made
        self._keep_soon()

    def _keep_soon(self) -> None:
        """What is typed is kept as the draft in a while."""

    async def _take_all(self) -> None:
        await super()._take_all()
        await self._take_text()

    # showing

    async def turn_to(self, view: View) -> None:
        await self._take_text()
        await super().turn_to(view)
        self.query_one("#raw-problems").display = view == "json" and bool(self._marks)

    async def _show_text(self, *, stay: bool = False) -> None:
        """Put the instance, or the text that cannot be read, into the editor; `stay` keeps the cursor's line."""
        raw, form, self._taken = self._raw, self.form, None
        if form.unread_text is None and self._is_large:
            raw.in_language = "json"
            shown = await asyncio.to_thread(_head, form)
            raw.show_head(shown)
            return
        text = form.text(raw.in_language)
        if raw_text.is_large(text):
            raw.show_head(text)
        elif stay:
            raw.swap(text)
        else:
            raw.show(text, read_only=bool(self._refusal))
        await self._mark()

    async def _mark(self) -> None:
        """Mark the lines of the problems, once something was typed or a launch was tried."""
        raw, form = self._raw, self.form
        self._marks = []
        if form.unread_text is not None:
            reading = await asyncio.to_thread(raw_text.read, form.unread_text, raw.in_language)
            self._marks = [(reading.line, reading.column, reading.problem)] if reading.problem else []
        elif (self._pane.tried or raw.edited) and not self._refusal and not raw_text.is_large(raw.content):
            wanted = [problem.path for problem in form.problems[:MARKED]]
            lines = raw_text.lines_of(raw.content, raw.in_language, wanted) if wanted else {}
            self._marks = sorted(
                (lines[problem.path], 1, " ".join(filter(None, [path_text(problem.path), problem.text])))
                for problem in form.problems[:MARKED]
            )
        raw.mark([line for line, _, _ in self._marks])
        listed = self.query_one("#raw-problems", Static)
        listed.display = self._view == "json" and bool(self._marks) and form.unread_text is None
        shown = self._marks[:LISTED]
        more = len(self._marks) - len(shown)
        lines_said = [f"✗ line {line}: {safe_text(words, limit=200)}" for line, _, words in shown]
        listed.update(Content("\n".join([*lines_said, f"… and {more} more"] if more else lines_said)))

    async def _go_mark(self, step: int) -> str:
        """Go to the next or former problem in the text; returns what to say about it."""
        self._pane.tried = True
        await self._take_text()
        await self._mark()
        if not self._marks:
            return "no problems" if not self.form.problems else f"✗ {self.form.problems[0].text}"
        here = self._raw.cursor_location[0] + 1
        lines = sorted({line for line, _, _ in self._marks})
        if step > 0:
            line = next((each for each in lines if each > here), lines[0])
        else:
            line = next((each for each in reversed(lines) if each < here), lines[-1])
        self._go_line(line)
        if self.form.unread_text is not None:
            return self._marks[0][2]
        return f"problem in line {line}, {lines.index(line) + 1} of {len(lines)}"

    def _go_line(self, line: int) -> None:
        column = next((column for each, column, _ in self._marks if each == line), 1)
        self._raw.go(line, column)
        self._raw.focus()

    # JSON or YAML

    async def action_yaml(self) -> None:
        await self._after_keys(self._other_language)

    async def _other_language(self) -> None:
        if not self._ready:
            return
        raw = self._raw
        if self.form.unread_text is not None:
            self._refresh(f"✗ mend the {NAMES[raw.in_language]} first, or drop it with {self._key('undo')}")
            return
        former = raw.in_language
        raw.in_language = "json" if former == "yaml" else "yaml"
        if self._is_large:
            raw.in_language = "json"
            self._refresh("✗ the inputs are too large to be written as YAML")
        elif self._view == "json":
            await self._show_text()
            self._refresh("")
        else:
            await self.turn_to("json")

    # large pastes

    @on(CodeArea.TooLarge)
    async def _too_large(self, event: CodeArea.TooLarge) -> None:
        """A paste that no editor holds is read as it is, and its beginning shown."""
        event.stop()
        if self._refusal or not self._ready:
            return
        self._raw.hold(event.text)
        self._refresh(f"reading {len(event.text):,} characters")
        await self._read()
        if self.form.unread_text is None:
            self._refresh(f"{len(event.text):,} characters taken: too large to edit here, the beginning is shown")


def _made(form: Form, value: Any) -> Form:
    """The form of a large value, with all that takes its time done; made beside the loop."""
    made = type(form)(form.schema, form.unmasked(value))
    made.began_empty = form.began_empty
    made.rows()
    made.check_in_full()
    return made


def _head(form: Form) -> str:
    return strict_json.head(mask(form.schema, form.instance), raw_text.HEAD)
