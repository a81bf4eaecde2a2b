"""What a paste was recognised as, before it is taken: every input that it sets, and every part that did not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from engine.schema import mask
from tui.forms import fields
from tui.forms.clip import Clip
from tui.forms.model import Form
from tui.text import safe_text
from tui.widgets.text_view import Line, TextView

Answer = Literal["take", "text"]


class ImportScreen(ModalScreen["Answer | None"]):
    """Dismisses with "take" on Enter, with "text" where the paste is to be text of the field, with None on Esc."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "TextView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "answer('')", show=False),
        Binding("enter", "answer('take')", show=False, priority=True),
        Binding("t", "answer('text')", show=False),
    ]

    def __init__(self, clip: Clip, form: Form, field: str = "") -> None:
        """`field` is the input that had the focus; "" where the text has no field to go to."""
        super().__init__()
        self._clip, self._form, self._field = clip, form, field

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet import") as sheet:
            sheet.border_title = Content(f"Import: {self._clip.kind or 'nothing known'}")
            keys = ["Enter takes it"] if self._clip.patch else []
            if self._field:
                keys.append(f"t: as text of {safe_text(self._field, limit=20)}")
            sheet.border_subtitle = Content(" · ".join([*keys, "Esc leaves"]))
            yield TextView()

    def on_mount(self) -> None:
        self.query_one(TextView).show(import_lines(self._clip, self._form.schema, self._form.instance))

    def action_answer(self, answer: str) -> None:
        if answer == "take" and self._clip.patch:
            self.dismiss("take")
        elif answer == "text" and self._field:
            self.dismiss("text")
        elif not answer:
            self.dismiss(None)


def import_lines(clip: Clip, schema: Any, instance: Any) -> list[Line]:
    """What is set, what goes, what was said, what did not fit; secrets hidden."""
    lines: list[Line] = []
    if clip.problem:
        lines.append((f"✗ {clip.problem}", "bad"))
    shown: Mapping[str, Any] = mask(schema, dict(clip.patch))
    for name, value in shown.items():
        if isinstance(value, dict) and value:
            lines.append((f"✔ {safe_text(name)}", "good"))
            lines += [
                (f"    {safe_text(key)}: {safe_text(fields.brief(item, 200))}", "") for key, item in value.items()
            ]
        else:
            lines.append((f"✔ {safe_text(name)}: {safe_text(fields.brief(value, 200))}", "good"))
    emptied = [safe_text(name) for name in clip.cleared if isinstance(instance, dict) and name in instance]
    if emptied:
        lines.append((f"emptied, since it has none: {', '.join(emptied)}", "warn"))
    lines += [(f"· {safe_text(note.what)} {safe_text(note.why)}", "dim") for note in clip.notes]
    lines += [(f"✗ not taken: {safe_text(note.what)}, {safe_text(note.why)}", "warn") for note in clip.unfit]
    return lines


def words_of(clip: Clip) -> str:
    """The same in a few words, for the line under the form."""
    names = list(clip.patch)
    listed = ", ".join(safe_text(name, limit=30) for name in names[:6])
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    missed = f" · {len(clip.unfit)} did not fit" if clip.unfit else ""
    return f"{clip.kind}: {listed}{more} taken{missed}"
