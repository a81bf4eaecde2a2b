"""The form with all that is done to one field by keys: its states, items, pages, suggestions, readings."""

from __future__ import annotations

from itertools import islice
from typing import Any

from engine.schema import mask, path_text
from tui.forms import fields, raw_text, strict_json
from tui.forms.instance import get, put
from tui.forms.model import ABSENT, Path, Row
from tui.forms.pane import FormPane
from tui.forms.pastes import paste_items, paste_pairs
from tui.forms.pickers import picker_for
from tui.forms.readings import reading, readings
from tui.forms.row_acts import Act, Around, acts_of, empty_of
from tui.forms.view import PAGE
from tui.text import safe_text


class FieldPane(FormPane):
    """Goes on where `FormPane` ends."""

    def focused_row(self) -> Row | None:
        """The row with the focus, as the form has it now."""
        widget = self.focused()
        if widget is None:
            return None
        return next((row for row in self.rows_at(widget.row.path) if row.key == widget.row.key), widget.row)

    # the menu

    def acts(self) -> list[Act]:
        """What the menu of the focused row offers."""
        row = self.focused_row()
        if row is None:
            return []
        shown = not row.is_hidden or row.path in self.view.revealed
        silent, beside = self.open_object(silent=True), self.open_object(silent=True, beside=True)
        around = Around(self.item(), self.taker(), self._paged(), silent, None if beside is silent else beside)
        return acts_of(row, around, shown=shown)

    async def set_null(self) -> None:
        await self._put_state(None)

    async def unset(self) -> None:
        await self._put_state(ABSENT)

    async def set_empty(self) -> None:
        row = self.focused_row()
        if row is not None and empty_of(row) is not ABSENT:
            await self._put_state(empty_of(row))

    async def unname(self) -> None:
        """Let the entry have the key "", which no typing gives it."""
        row = self.focused_row()
        if row is not None and row.unnamed:
            path = self.form.rename(row.path, "", is_meant=True)
            await self._changed('its name is ""' if path[-1] == "" else "")
            await self.go(path)

    async def add_other(self, *, beside: bool = False) -> None:
        """Add an entry to the object around, of which the schema says nothing."""
        await self.add_to(self.open_object(silent=True, beside=beside))

    async def in_lines(self) -> None:
        """Edit the text in several lines."""
        row = self.focused_row()
        if row is not None:
            self.form.lengthen(row.path)
            await self._changed()

    async def take_default(self) -> None:
        row = self.focused_row()
        if row is not None and row.default is not ABSENT:
            await self._put_state(row.default)

    async def next_state(self) -> None:
        """unset → null where it is allowed → empty → unset (1.3)."""
        row = self.focused_row()
        if row is None or (row.kind == "const" and row.required and not row.nullable):
            return
        states: dict[str, Any] = {"absent": ABSENT}
        if row.nullable:
            states["null"] = None
        if empty_of(row) is not ABSENT:
            states["empty"] = empty_of(row)
        names = list(states)
        at = names.index(row.state) + 1 if row.state in names else min(1, len(names) - 1)
        await self._put_state(states[names[at % len(names)]])

    async def _put_state(self, value: Any) -> None:
        row = self.focused_row()
        if row is None:
            return
        self._touched.add(row.path)
        if value is ABSENT:
            self.form.unset(row.path)
        else:
            self.form.set(row.path, value)
        await self._changed(f"now {'unset' if value is ABSENT else fields.brief(self._shown(row), 40)}")
        widget = self.view.widget_at(row.path)
        if widget is not None and self.focused() is None:
            widget.editor.focus()

    def _shown(self, row: Row) -> Any:
        """What stands at the row, secrets masked."""
        return get(mask(self.form.schema, self.form.instance), row.path)

    async def suggest(self) -> None:
        """Take what another branch of the union held under this name (1.4)."""
        row = self.focused_row()
        if row is not None and row.suggestion is not ABSENT:
            self.form.set(row.path, row.suggestion)
            await self._changed("taken from the former branch")

    async def reading(self) -> None:
        """Read `123` as text instead of a number, or the other way round (1.4)."""
        row = self.focused_row()
        found = readings(row) if row is not None else []
        if row is None or not found:
            self._say("it can be read in one way only")
            return
        self.form.set(row.path, found[1])
        await self._changed(f"read as {reading(found[1])}")

    def copied(self, *, path: bool) -> str | None:
        """The text to copy: the path or the value of the focused row; None for a secret that is not revealed."""
        row = self.focused_row()
        if row is None:
            return None
        if path:
            return path_text(row.path)
        if row.path in self.view.revealed:
            value = get(self.form.instance, row.path)
        elif row.is_hidden:
            return None
        else:
            value = self._shown(row)
        return value if isinstance(value, str) else strict_json.dump(value)

    async def reveal(self) -> None:
        """Show or hide the secret that has the focus."""
        widget = self.focused()
        if widget is None or not widget.can_reveal:
            self.post_message(self.Edited("no secret has the focus"))
            return
        self.view.revealed ^= {widget.row.path}
        widget.reveal()
        await self.show()

    async def lengthen(self) -> None:
        """Open the options of a choice or what picks a moment or a path, make a UUID, or edit in several lines."""
        widget = self.focused()
        if widget is None:
            return
        picker = picker_for(widget.row, self.form, widget.editor.typed or "")
        if widget.opens_list:
            self.ask(widget)
        elif widget.row.held and widget.row.kind != "secret":
            self.edit_held(widget.row)
        elif isinstance(picker, str):
            await self._picked(widget.row.path, picker)
        elif picker is not None:
            self.pick(widget.row.path, picker)
        elif widget.row.kind in ("text", "any"):
            self.form.lengthen(widget.row.path)
            await self._changed()
        elif widget.row.kind == "secret" and not widget.row.held and not widget.row.read_only:
            self.view.revealed.add(widget.row.path)
            self.form.lengthen(widget.row.path)
            await self._changed("shown while it is typed in several lines")

    # the row as JSON

    def json_text(self, row: Row) -> str | None:
        """The JSON of what stands at `row`, secrets masked; None where it is too large to edit."""
        value = self._shown(row)
        if strict_json.weight(value, raw_text.EDITABLE) > raw_text.EDITABLE:
            return None
        text = raw_text.write(value, "json")
        return None if raw_text.is_large(text) else text

    def judge_json(self, path: Path, text: str) -> tuple[bool, list[str]]:
        """Whether the text can be taken, and what is wrong with it or with the inputs that it would make."""
        reading = raw_text.read(text, "json")
        if reading.problem:
            return False, [reading.problem]
        if reading.value is ABSENT:
            return True, []
        value = self.form.unmasked(reading.value, path)
        form = type(self.form)(self.form.schema, put(self.form.instance, path, value))
        form.began_empty = self.form.began_empty
        inside = [problem for problem in form.problems if problem.path[: len(path)] == path]
        lines = raw_text.lines_of(text, "json", [problem.path[len(path) :] for problem in inside])
        said = []
        for problem in inside:
            inner = problem.path[len(path) :]
            said.append(f"line {lines[inner]}: {' '.join(filter(None, [path_text(inner), problem.text]))}")
        return True, said

    async def take_json(self, path: Path, text: str) -> None:
        """Put what the JSON says in the place of the row's value; an empty text unsets it."""
        reading = raw_text.read(text, "json")
        if reading.problem:
            return
        self._touched.add(path)
        if reading.value is ABSENT:
            self.form.unset(path)
        else:
            self.form.set(path, self.form.unmasked(reading.value, path))
        await self._changed("taken from the JSON")
        await self.go(path)

    # items

    def item(self) -> Row | None:
        """The item or entry that the focus is in."""
        found = (row for end in range(len(self._here), 0, -1) for row in self.rows_at(self._here[:end]))
        return next((row for row in found if row.removable), None)

    async def remove_item(self) -> None:
        """Remove the item or entry that the focus is in; the focus goes to the one that takes its place."""
        row = self.item()
        if row is None:
            self._say("only items of a list and entries of a map can be removed")
            return
        parent = row.path[:-1]
        beside = [each.path for each in self.form.rows() if each.path[:-1] == parent and each.removable]
        at = beside.index(row.path)
        self.form.remove(row.path)
        await self._changed("removed; undo brings it back")
        left = [each.path for each in self.form.rows() if each.path[:-1] == parent and each.removable and each.path]
        await self.go(left[min(at, len(left) - 1)] if left else parent)

    async def move_item(self, step: int) -> None:
        """Move the item that the focus is in up or down in its list; the focus stays on the same field of it."""
        row, here, widget = self.item(), self._here, self.focused()
        if row is None and step > 0 and widget is not None and widget.opens_list:
            self.ask(widget)  # alt+↓, as in any form
        elif row is not None and isinstance(row.path[-1], int):
            path = self.form.move(row.path, step)
            await self._changed()
            await self.go((*path, *here[len(path) :]))

    async def duplicate(self) -> None:
        """A copy of the item behind it, or of the entry under a name of its own."""
        row = self.item()
        if row is None:
            return
        parent, key = row.path[:-1], row.path[-1]
        value, around = get(self.form.instance, row.path), get(self.form.instance, parent)
        if isinstance(key, int) and isinstance(around, list):
            most = next((each.most for each in self.rows_at(parent) if each.most is not None), None)
            if most is not None and len(around) >= most:
                self._say(f"{most} items are the most here")
                return
            path: Path = (*parent, key + 1)
            self.form.set(parent, [*around[: key + 1], value, *around[key + 1 :]])
        else:
            name = f"{key} copy"
            while isinstance(around, dict) and name in around:
                name += "+"
            path = (*parent, name)
            self.form.set(path, value)
        await self._changed("duplicated")
        await self.go(path)

    async def paste_many(self, text: str) -> None:
        """Lines, entries or JSON into the list or map that the focus is in, behind what is there."""
        taker = self._around(("array", "map"), growable=True)
        if taker is None or not text.strip():
            return
        path = self.form.add(taker.path)
        blank = next((each for each in self.rows_at(path)), taker)
        if taker.kind == "map":
            pairs = fields.split_pairs(text)
            if pairs is None:
                self.form.undo()
                await self._changed("✗ these are no entries: K=V, K: V, .env or a JSON object")
                return
            note = paste_pairs(self.form, blank, pairs)
        else:
            reading = raw_text.read(text, "json")
            if isinstance(reading.value, list) and not reading.problem:
                items = [*(get(self.form.instance, taker.path) or [])[:-1], *reading.value]
                self.form.set(taker.path, items)
                note = f"{len(reading.value)} items pasted"
            else:
                note = paste_items(self.form, blank, fields.split_many(text))
        await self._changed(note)
        await self.go(taker.path)

    # pages

    def _paged(self) -> Row | None:
        """The long list or map that the focus is in."""
        for end in range(len(self._here), -1, -1):
            for row in self.rows_at(self._here[:end]):
                if row.page is not None:
                    return row
        return None

    async def page(self, step: int) -> None:
        """Draw the next or former items of the long list or map that the focus is in."""
        row = self._paged()
        if row is None or row.page is None:
            self._say("there is no list or map of more than one page here")
            return
        first, count = row.page
        turned = max(first + step * PAGE, 0)
        turned = turned if turned < count else first
        self.form.turn(row.path, turned)
        noun = "entries" if isinstance(row.value, dict) else "items"
        await self._changed(f"{noun} {turned + 1:,} to {min(turned + PAGE, count):,} of {count:,}")
        first_key = next(islice(row.value, turned, None)) if isinstance(row.value, dict) else turned
        await self.go((*row.path, first_key))

    # what is said of it

    def label_of(self, path: Path) -> str:
        """The labels of a row and its parents: `Limits › CPU`."""
        labels = [safe_text(row.label) for end in range(1, len(path) + 1) for row in self.rows_at(path[:end])[:1]]
        return " › ".join(labels) if len(labels) == len(path) else path_text(path)
