"""What stands around a row's control: label and marks before it, constraint and state behind it, words below (5.3).

All of it is foreign text, cut to its cells with `…`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content

from engine.schema import MASK
from tui.forms import fields
from tui.forms.heads import indent
from tui.forms.instance import ABSENT
from tui.forms.lines import cut
from tui.forms.radios import told_help
from tui.forms.readings import is_reference, reading, readings
from tui.forms.rows import Row
from tui.forms.view import PAGE
from tui.text import safe_text

STATES = {"absent": "·unset", "null": "·null", "empty": "·empty", "value": ""}
STATE_CELLS = 7
GAP = 2
LEAST_LABEL, LEAST_NOTE, LEAST_CONTROL = 14, 6, 12
SIDE_HELP = 132
"""Cells of a row from which its help stands at the right of it."""
NOTES = {"secret": len("from keyring"), "any": len("integer") + 6}
"""What else the rows of a kind say behind their control; the reading of a value with the key that takes another."""
WIDEST_CONTROL = 56
HELP_LENGTH = 400
LABEL_LENGTH = 80
SHORT_SCREEN = 30
"""Lines of a screen below which only the focused row shows its help."""


@dataclass(frozen=True, slots=True)
class Look:
    """The cells of a form's columns; `help` is 0 where help stands below. `compact` leaves it to the focused row."""

    width: int
    label: int
    note: int
    compact: bool
    help: int = 0

    @property
    def control(self) -> int:
        aside = self.help + GAP if self.help else 0
        return max(self.width - self.label - GAP - self.note - STATE_CELLS - aside, LEAST_CONTROL)

    @property
    def below(self) -> int:
        """Cells for what stands under the control."""
        return max(self.width - self.label, LEAST_CONTROL)


@dataclass(frozen=True, slots=True)
class Beside:
    """What a row shows that is not the form's: the error that is due, how it differs from an earlier run, how many
    problems a closed container has inside, the names that its key may have."""

    error: str = ""
    former: str = ""
    inside: int = 0
    names: tuple[str, ...] = ()


def cells_of(row: Row) -> tuple[int, int]:
    """How wide the columns of label and constraint would have to be for the row."""
    named = 0 if row.keyed else cell_len(safe_text(row.label, limit=LABEL_LENGTH))
    label = indent(row.depth) + (named or LEAST_LABEL) + _is_starred(row) + 1
    return label, max(cell_len(_constraint(row)), NOTES.get(row.kind, 0))


def look_of(cells: Iterable[tuple[int, int]], width: int, height: int) -> Look:
    """Columns as wide as rows of these `cells_of` need, within bounds that leave the values room; the same for all."""
    label, note = LEAST_LABEL, LEAST_NOTE
    for of_label, of_note in cells:
        label, note = max(label, of_label), max(note, of_note)
    label = min(label, max(width // 3, LEAST_LABEL))
    note = min(note, max(width // 4, LEAST_NOTE))
    compact = height < SHORT_SCREEN
    if width < SIDE_HELP:
        return Look(width, label, note, compact)
    left = width - label - GAP - note - STATE_CELLS - GAP
    return Look(width, label, note, compact, help=max(left - WIDEST_CONTROL, left // 2 - GAP))


def _is_starred(row: Row) -> bool:
    return row.required and not row.removable


def _constraint(row: Row) -> str:
    """The constraint in words; what the control itself tells is left out."""
    words = row.constraint
    if row.kind == "boolean":
        words = words.removeprefix("yes/no").strip()
    elif row.kind == "multiline" and row.language:
        words = f"{row.language} {words.removeprefix('text').removeprefix(row.language).strip()}".strip()
    return safe_text(words, limit=60)


def note_of(row: Row, text: str | None, *, focused: bool, key: str = "") -> Content:
    """What stands behind the control: how many characters of how many, what the text is read as, else the constraint.

    `text` is what stands in the editor, None where there is none; `key` is that which reads it otherwise.
    """
    if text and row.longest is not None and (focused or len(text) > row.longest):
        count = f"{len(text):,}/{row.longest:,}"
        return Content.assemble((count, "$error" if len(text) > row.longest else "$dim"))
    if row.kind == "secret" and text and is_reference(text):
        return Content.assemble((f"from {text.partition(':')[0]}", "$accent"))
    if row.kind == "any" and row.state in ("value", "empty") and row.value is not ABSENT:
        more = f" {key}" if key and focused and readings(row) else ""
        return Content.assemble((reading(row.value), "$accent"), (more, "$dim"))
    return Content.assemble((_constraint(row), "$dim"))


def first_line(row: Row, look: Look, note: Content, *, mark: tuple[str, str], control: int) -> Content:
    """The line of the control, its own `control` cells left free; `mark` is what stands first, with its style."""
    star = "*" if _is_starred(row) else ""
    shown = "" if row.keyed else safe_text(row.label, limit=LABEL_LENGTH)
    style = "bold" if row.is_container else "$dim" if row.read_only else ""
    lead = indent(row.depth)
    named = cut(Content.assemble((shown, style)), look.label - lead - len(star) - 1)
    label = Content.assemble(mark, " " * (lead - 1), named, (star, "$warning"))
    state = "" if row.is_container and row.state == "value" else STATES[row.state]
    tone = "$dim" if row.state == "absent" else "$accent"
    free = look.label + control
    room = max(look.label + look.control + GAP + look.note - free - GAP, 0)
    behind = cut(note, room) if room > 0 else Content("")
    line = Content.assemble(_pad(label, look.label), " " * (control + min(GAP, room)), _pad(behind, room))
    line = Content.assemble(line, (f" {state}".ljust(STATE_CELLS), tone))
    if look.help and row.help:
        line = Content.assemble(line, " " * GAP, (cut(Content(safe_text(row.help)), look.help).plain, "$dim"))
    return line


def _pad(content: Content, cells: int) -> Content:
    return Content.assemble(content, " " * max(cells - content.cell_length, 0))


def raw_name(row: Row) -> str:
    """The key that is sent, where the label does not tell it."""
    if row.removable or row.keyed or not row.path or isinstance(row.path[-1], int):
        return ""
    return "" if _plain(row.label) == _plain(row.name) else row.name


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def below(row: Row, beside: Beside, look: Look, told: int | None, *, focused: bool, aside: str = "") -> list[Content]:
    """The lines under the control; `told` is the option to describe, `aside` what the control says of its text."""
    lines: list[Content] = []
    shows_help = focused or not look.compact
    if aside:
        lines.append(_line(aside, "$accent"))
    if shows_help and row.help and not look.help:
        lines.append(_line(row.help, "$dim"))
    if shows_help:
        lines += _of_option(row, told)
    if row.kind == "raw" and row.reason:
        lines.append(_line(f"JSON here: {row.reason}", "$warning"))
    if row.because and not (beside.error and row.because in beside.error):
        lines.append(_line(f"needed because {row.because}", "$accent"))
    if row.note and (row.state == "absent" or shows_help):
        lines.append(_line(f"! {row.note}", "$warning"))
    if row.suggestion is not ABSENT and row.state == "absent":
        offered = MASK if row.is_hidden else safe_text(fields.brief(row.suggestion, 40))
        lines.append(Content.assemble(("↪ ", "$accent"), offered, ("  → takes it", "$dim")))
    if row.page is not None:
        lines.append(_line(_page(row), "$accent"))
    if beside.former:
        lines.append(_line(f"≠ {beside.former}", "$dim"))
    if beside.error:
        lines.append(_line(f"✗ {beside.error}", "$error"))
    return [cut(line, look.below) for line in lines]


def _line(text: str, style: str) -> Content:
    return Content.assemble((safe_text(text, limit=HELP_LENGTH), style))


def _of_option(row: Row, told: int | None) -> list[Content]:
    label, _, described = told_help(row, told)
    if not described:
        return []
    return [
        Content.assemble((safe_text(label, limit=30), "bold"), (": " + safe_text(described, limit=HELP_LENGTH), "$dim"))
    ]


def _page(row: Row) -> str:
    first, count = row.page or (0, 0)
    last = min(first + PAGE, count)
    noun = "entries" if row.kind == "map" else "items"
    return f"{noun} {first + 1:,}–{last:,} of {count:,} · ctrl+PgDn and ctrl+PgUp turn"
