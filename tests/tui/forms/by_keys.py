"""Fills a launch dialog as a person does who knows the answer: looks at what is drawn, and presses keys, no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.widget import Widget
from textual.widgets import OptionList

from tests.tui.forms.driver import at, same
from tests.tui.launch_driver import Driven, Host, spec
from tui.forms.choice import ChoiceScreen
from tui.forms.controls import Drop, Head, Options, index_of
from tui.forms.editors import AreaInput
from tui.forms.fields import hides
from tui.forms.heads import AddLine, FoldLine, MoreLine
from tui.forms.instance import Path
from tui.forms.model import Form
from tui.forms.rows import Row
from tui.forms.strict_json import JsonError, dump, number_text, parse
from tui.forms.widgets import RowWidget
from tui.keymap import Keymap
from tui.screens.field_menu import MenuScreen
from tui.screens.launch import LaunchScreen
from tui.screens.text_edit import TextScreen
from tui.typeahead import TypeAhead

KEYS = Keymap()
TRIES = 8
"""How often Tab is counted anew: with the focus the rows that a condition draws may come and go."""
TYPED = 40
"""Characters up to which a text is typed; a longer one is pasted, as by a person."""


class Typist(Host):
    """The dialog's app, with keys in their turn as in the console."""

    def __init__(self, screen: LaunchScreen) -> None:
        super().__init__(screen)
        self._typed = TypeAhead(self, super().on_event)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._typed.take(event)
        else:
            await super().on_event(event)

    @property
    def is_idle(self) -> bool:
        """Whether every key has been done."""
        return self._typed.is_idle and not self.message_queue_size


@asynccontextmanager
async def empty_form(schema: Any, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Person]:
    """Someone before the empty form of `schema`."""
    app = Typist(LaunchScreen(spec(schema)))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield Person(Driven(app, pilot), app)


class Person:
    """Presses keys in the dialog that `driven` has."""

    def __init__(self, driven: Driven, app: Typist) -> None:
        self.driven, self.app = driven, app
        self.answer = driven.form
        """A form that holds what is to be filled in: it tells which branch of a union that is."""

    async def press(self, *keys: str) -> None:
        """Press keys as fast as a terminal sends them: none waits for what the one before it did."""
        for key in keys:
            typed = len(key) == 1
            character = key if typed else {"space": " ", "enter": "\r", "tab": "\t"}.get(key)
            self.app.post_message(events.Key(_character_to_key(key) if typed else key, character))
        await self._look()

    async def paste(self, text: str) -> None:
        """Paste as a terminal does."""
        self.app.post_message(events.Paste(text))
        await self._look()

    async def _look(self) -> None:
        """Wait for all that the keys do, until the rows stand still."""
        while not self.app.is_idle:
            await asyncio.sleep(0.001)
        await self.driven.pilot.pause()
        view = self.driven.screen.pane.view
        while len(view._widgets) < len(view._wanted):  # the rest of the rows comes in slices
            await asyncio.sleep(0.01)
        on_form = not self.app.answers and self.app.screen is self.driven.screen
        assert not on_form or self.app.screen.focused is not None, "nothing has the focus"

    @property
    def form(self) -> Form:
        return self.driven.form

    async def fill(self, value: Any) -> None:
        """Fill the form until it holds `value`; raises `AssertionError` where no key leads on."""
        self.answer = Form(self.form.schema, value)
        await self._fill((), value)

    # what is drawn

    @property
    def _drawn(self) -> list[Widget]:
        """The lines of the form, top to bottom."""
        return list(self.driven.screen.pane.view.children)

    def _rows(self, path: Path) -> list[RowWidget]:
        """The rows of a place: of a union its chooser, then that of its branch."""
        return [line for line in self._drawn if isinstance(line, RowWidget) and line.row.path == path]

    def _row(self, path: Path, *, branch: bool = False) -> RowWidget | None:
        found = self._rows(path)
        return None if not found else found[-1] if branch else found[0]

    def _here(self) -> Widget | None:
        """The line that has the focus."""
        found = self.app.screen.focused
        while found is not None and not isinstance(found, RowWidget | FoldLine | AddLine | MoreLine):
            found = found.parent if isinstance(found.parent, Widget) else None
        return found

    def _answer_row(self, path: Path) -> Row:
        """The row as it stands in a form that has the answer, opened as far as that."""
        for end in range(len(path) + 1):
            self.answer.open(path[:end])
        return next(row for row in self.answer.rows() if row.path == path)

    # moving

    async def go(self, path: Path, *, branch: bool = False) -> RowWidget:
        """Press Tab or shift+Tab until the row's control has the focus; `branch` is that below a union's chooser."""
        for _ in range(TRIES):
            found = self._row(path, branch=branch)
            assert found is not None, f"{path} is not drawn"
            if found.editor.has_focus:
                return found
            await self._tab(found.editor, path)
        raise AssertionError(f"no Tab leads to {path}")

    async def _go_line(self, line: Widget) -> None:
        while not line.has_focus:
            await self._tab(line, line)

    async def _tab(self, wanted: Widget, name: object) -> None:
        chain = self.app.screen.focus_chain
        assert wanted in chain, f"no Tab leads to {name}"
        here = self.app.screen.focused
        steps = chain.index(wanted) - (chain.index(here) if here in chain else -1)
        await self.press(*["tab" if steps > 0 else "shift+tab"] * abs(steps))

    async def _open(self, path: Path, *, branch: bool = False) -> None:
        """Open the container at `path`, and what is folded in it."""
        head = self._row(path, branch=branch)
        if head is not None and isinstance(head.editor, Head) and not head.row.is_open:
            await self.go(path, branch=branch)
            await self.press("right")

    async def _unfold(self, path: Path) -> bool:
        """Open the next folded group in the container at `path`; False where none is left."""
        for line in self._drawn:
            if isinstance(line, FoldLine) and line.fold.parent == path and not line.fold.is_open:
                await self._go_line(line)
                await self.press("enter")
                return True
        return False

    # filling

    async def _fill(self, path: Path, value: Any) -> None:
        found = self._row(path)
        if found is None:  # the one row of an object at the root has no line
            assert not path, f"{path} is not drawn"
            await self._fill_object(path, value)
        elif value is None and not self._takes_null(found.row):
            await self._menu(path, "n")
        elif found.row.kind == "union":
            await self._choose_branch(path)
            below = self._row(path, branch=True)
            if below is not None and below.row.kind != "union":
                await self._fill_row(below, value, branch=True)
            else:
                await self._fill_object(path, value)
        else:
            await self._fill_row(found, value)
        assert same(at(self.form, path), value), f"{path} holds {at(self.form, path)!r}, not {value!r}"

    @staticmethod
    def _takes_null(row: Row) -> bool:
        """Whether null is typed or picked there."""
        if row.kind == "const":
            return row.constant is None
        return row.kind in ("choice", "raw") or (row.kind == "any" and not row.types)

    async def _fill_row(self, found: RowWidget, value: Any, *, branch: bool = False) -> None:
        row, path = found.row, found.row.path
        if row.kind in ("object", "map") and isinstance(value, dict):
            if row.kind == "object" or row.value:  # Enter on an empty map adds to it
                await self._open(path, branch=branch)
            await self._fill_object(path, value)
        elif row.kind in ("array", "tuple") and isinstance(value, list):
            await self._fill_list(path, value, branch)
        elif row.state != "absent" and same(row.value, value):
            return
        elif row.kind == "const":
            await self.go(path, branch=branch)
            await self.press("space")
        elif row.kind == "boolean":
            await self.go(path, branch=branch)
            await self.press("y" if value else "n")
        elif row.kind == "choice":
            await self._choose(path, value, branch)
        elif value == "" or (value == [] and row.kind == "choices"):
            await self._menu(path, "e", branch=branch)
        elif row.kind == "choices":
            await self._mark(path, value, branch)
        elif _needs_json(row, value):
            await self._type_json(path, value, branch)
        else:
            await self._type(path, _typed(row, value), branch)
            if row.kind == "secret" and not isinstance(value, str):
                await self.press(KEYS.keys("launch.reading")[0])

    async def _type(self, path: Path, text: str, branch: bool) -> None:
        widget = await self.go(path, branch=branch)
        if "\n" in text and not isinstance(widget.editor, AreaInput):
            await self._menu(path, "l", branch=branch)
            widget = await self.go(path, branch=branch)
        if widget.editor.typed:
            wipe = ["ctrl+end", *["ctrl+u", "backspace"] * 20] if isinstance(widget.editor, AreaInput) else ["ctrl+u"]
            await self.press("end", *wipe)
        await self._write(text)

    async def _write(self, text: str) -> None:
        if len(text) > TYPED:
            await self.paste(text)
        else:
            await self.press(*("enter" if sign == "\n" else sign for sign in text))

    async def _type_json(self, path: Path, value: Any, branch: bool) -> None:
        """By the JSON of the field alone: what no key types."""
        await self._menu(path, "j", branch=branch)
        assert isinstance(self.app.screen, TextScreen), f"{path} did not open as JSON"
        await self._write(dump(value))
        await self.press("alt+enter")

    async def _menu(self, path: Path, letter: str, *, branch: bool = False) -> None:
        """Take what the menu of the row has under a letter."""
        await self.go(path, branch=branch)
        await self.press(KEYS.keys("launch.menu")[0])
        menu = self.app.screen
        assert isinstance(menu, MenuScreen), f"{path} has no menu"
        listed = menu.query_one(OptionList)
        lines = [str(listed.get_option_at_index(at).prompt) for at in range(listed.option_count)]
        assert any(line.startswith(f"{letter} ") for line in lines), f"the menu of {path} has no {letter}: {lines}"
        await self.press(letter)

    # choosing

    async def _choose(self, path: Path, value: Any, branch: bool) -> None:
        widget = await self.go(path, branch=branch)
        wanted = index_of(widget.row.options, value)
        assert wanted is not None, f"{value!r} is not among the options of {path}"
        if isinstance(widget.editor, Options):
            await self._turn(widget, wanted)
        else:
            await self.press("enter")
            await self._find(widget.row, wanted)
            await self.press("enter")

    async def _mark(self, path: Path, value: list[Any], branch: bool) -> None:
        widget = await self.go(path, branch=branch)
        await self.press("enter")
        for item in value:
            wanted = index_of(widget.row.options, item)
            assert wanted is not None, f"{item!r} is not among the options of {path}"
            await self._find(widget.row, wanted)
            await self.press("tab")
            if self._list()._has_filter:
                await self.press("ctrl+u")
        await self.press("enter")

    async def _choose_branch(self, path: Path) -> None:
        wanted = self._answer_row(path).chosen
        assert wanted is not None
        widget = await self.go(path)
        if widget.row.chosen == wanted:
            return
        if isinstance(widget.editor, Options):
            await self._turn(widget, wanted)
            return
        assert isinstance(widget.editor, Drop)
        await self.press("enter", *["up"] * len(widget.row.branches), *["down"] * wanted, "enter")

    async def _turn(self, widget: RowWidget, wanted: int) -> None:
        """→ or ← until the option is the picked one."""
        options: Options = widget.editor
        for _ in range(len(options.options) + 1):
            if options.picked == wanted:
                return
            await self.press("right" if options.picked is None or options.picked < wanted else "left")
        raise AssertionError(f"no arrow leads to option {wanted} of {widget.row.path}")

    def _list(self) -> ChoiceScreen:
        screen = self.app.screen
        assert isinstance(screen, ChoiceScreen), "no list of options opened"
        return screen

    async def _find(self, row: Row, wanted: int) -> None:
        """Type the option's label in the open list, where that filters, and go down to it among what is listed."""
        screen = self._list()
        if screen._has_filter and len(row.options[wanted][0]) < TYPED:
            await self.press(*row.options[wanted][0])
        highlighted = screen.query_one(OptionList).highlighted or 0
        steps = screen._shown.index(wanted) - highlighted
        await self.press(*["down" if steps > 0 else "up"] * abs(steps))

    # objects, maps, lists

    async def _fill_object(self, path: Path, value: dict[str, Any]) -> None:
        left = list(value)
        while left:
            drawn = [line.row.path for line in self._drawn if isinstance(line, RowWidget) and not line.row.unnamed]
            ready = [key for key in left if (*path, key) in drawn]
            for key in sorted(ready, key=lambda key: drawn.index((*path, key))):
                if self._row((*path, key)) is not None:
                    await self._fill((*path, key), value[key])
                    left.remove(key)
            if not ready and not await self._unfold(path):
                break
        for key in left:
            await self._add_entry(path, key)
            await self._fill((*path, key), value[key])
        if not value and at(self.form, path) != {}:
            await self._menu(path, "e", branch=True)

    async def _add_entry(self, path: Path, key: str) -> None:
        """A new entry: its name first, then on to its value."""
        await self._add(path)
        here = self._here()
        assert isinstance(here, RowWidget) and here.key_editor is not None, f"no entry in {path}"
        assert here.key_editor.has_focus, f"the name of the entry in {path} does not have the focus"
        if key:
            await self._write(key)
            await self.press("enter")
            if self._row((*path, key)) is None:  # the name counts once the row is left
                await self.press("tab")
        else:
            await self.press(KEYS.keys("launch.menu")[0], "k")
            await self.press("enter")
        assert self._row((*path, key)) is not None, f"the entry of {path} is not called {key!r}"

    async def _add(self, path: Path) -> None:
        """Add to the list, map or object: by the line at its end, by Enter on its empty head; where the schema says
        nothing of further inputs, by the menu of one that is there."""
        for line in self._drawn:
            if isinstance(line, AddLine) and line.adder.path == path and line.can_focus:
                await self._go_line(line)
                await self.press("enter")
                return
        found = self._row(path, branch=True)
        if found is not None and found.row.kind in ("array", "map") and not found.row.value:
            await self.go(path, branch=True)
            await self.press("enter")
        else:
            inside = [line.row.path for line in self._drawn if isinstance(line, RowWidget)]
            beside = next((each for each in inside if each[:-1] == path and each), path)
            row = self._row(beside, branch=True)
            await self._menu(beside, "b" if row is not None and row.row.growable else "o", branch=True)

    async def _fill_list(self, path: Path, value: list[Any], branch: bool) -> None:
        if not value:
            found = self._row(path, branch=branch)
            if found is not None and not same(found.row.value, []):
                await self._menu(path, "e", branch=branch)
            return
        for index, item in enumerate(value):
            place = (*path, index)
            if self._row(place) is None:
                await self._open(path, branch=branch)
            if self._row(place) is None:
                await self._add(path)
            await self._fill(place, item)


def _needs_json(row: Row, value: Any) -> bool:
    """Whether the value is one that the editor of the row does not take: signs that no key types, what is no text."""
    if isinstance(value, str):
        return hides(value) or "\t" in value
    return row.kind == "secret" and isinstance(value, dict | list)


def _typed(row: Row, value: Any) -> str:
    """What is typed for a value: JSON where the row reads it, text in quotes where it would be read otherwise."""
    if row.kind == "raw":
        return dump(value)
    if not isinstance(value, str):
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return number_text(value) if plain else dump(value, None)
    if row.kind in ("integer", "number"):
        return json.dumps(value)
    if row.kind == "any":
        try:
            parse(value)
        except JsonError:
            return value
        return dump(value)
    return value
