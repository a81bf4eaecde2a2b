"""Fills a launch dialog as a person does who knows the answer: looks at the rows, and presses keys, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.keys import _character_to_key

from tests.tui.forms.driver import at, same
from tests.tui.launch_driver import Driven, Host, spec
from tui.forms.choice import ChoiceScreen
from tui.forms.controls import Drop, Options, index_of
from tui.forms.editors import AreaInput
from tui.forms.model import Form, Path, Row
from tui.forms.widgets import RowWidget
from tui.screens.launch import LaunchScreen
from tui.typeahead import TypeAhead

STATES = 4
"""Presses after which the key of the states has shown all of them."""


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
        return self._typed._since is None and not self.message_queue_size


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
        while not self.app.is_idle:
            await asyncio.sleep(0.001)
        await self.driven.pilot.pause()

    @property
    def form(self) -> Form:
        return self.driven.form

    async def fill(self, value: Any) -> None:
        """Fill the form until it holds `value`; raises `AssertionError` where no key leads on."""
        self.answer = Form(self.form.schema, value)
        await self._fill((), value)

    # moving

    def _here(self) -> RowWidget | None:
        return self.driven.screen.pane.focused()

    async def go(self, path: Path, *, branch: bool = False) -> RowWidget:
        """Press Tab or shift+Tab until the row has the focus; `branch` is that below a union."""
        for _ in range(2 * len(self.form.drawn()) + 4):
            here = self._here()
            wanted = self._place(path, branch)
            if here is not None and here.row.key == wanted[1]:
                if here.key_editor is not None and here.key_editor.has_focus:
                    await self.press("tab")
                return here
            rows = 1 if here is None else self._place(here.row.path, here.row.kind != "union")[0] - wanted[0]
            await self.press(*["shift+tab" if rows > 0 else "tab"] * max(abs(rows), 1))
        raise AssertionError(f"no Tab leads to {path}")

    def _place(self, path: Path, branch: bool) -> tuple[int, tuple[Path, bool]]:
        """Where the row stands among all, and what tells it apart."""
        found = [(at, row.key) for at, row in enumerate(self.form.drawn()) if row.path == path]
        assert found, f"{path} is not drawn"
        return found[-1] if branch else found[0]

    def _row(self, path: Path, *, branch: bool = False) -> Row | None:
        found = [row for row in self.form.rows() if row.path == path]
        return None if not found else found[-1] if branch else found[0]

    def _answer_row(self, path: Path, *, branch: bool = False) -> Row:
        """The row as it stands in a form that has the answer, opened as far as that."""
        for end in range(len(path) + 1):
            self.answer.open(path[:end])
        found = [row for row in self.answer.rows() if row.path == path]
        return found[-1] if branch else found[0]

    # filling

    async def _fill(self, path: Path, value: Any) -> None:
        row = self._row(path)
        assert row is not None, f"{path} is not drawn"
        if value is None and row.kind not in ("const", "choice", "any", "raw"):
            await self._state(path, "null")
        elif row.kind == "union":
            await self._choose_branch(path)
            below = self._row(path, branch=True)
            if below is not None and below.kind != "union":
                await self._fill_row(below, value, branch=True)
            else:
                await self._fill_object(path, value)
        else:
            await self._fill_row(row, value)
        assert same(at(self.form, path), value), f"{path} holds {at(self.form, path)!r}, not {value!r}"

    async def _fill_row(self, row: Row, value: Any, *, branch: bool = False) -> None:
        path = row.path
        if row.kind in ("object", "map") and isinstance(value, dict):
            if path and not row.is_open:
                await self.go(path, branch=branch)
                await self.press("right")
            await self._fill_object(path, value)
        elif row.kind in ("array", "tuple") and isinstance(value, list):
            await self._fill_list(row, value, branch)
        elif same(row.value, value):
            return
        elif row.kind == "const":
            await self.go(path, branch=branch)
            await self.press("space")
        elif row.kind == "boolean":
            await self.go(path, branch=branch)
            await self.press("y" if value else "n")
        elif value in ("", []):
            await self._state(path, "empty", branch=branch)
        elif row.kind in ("choice", "choices"):
            await self._choose(row, value, branch)
        else:
            text = "null" if value is None else self._answer_row(path, branch=branch).text
            await self._type(row, text, branch)

    async def _type(self, row: Row, text: str, branch: bool) -> None:
        widget = await self.go(row.path, branch=branch)
        if "\n" in text and not isinstance(widget.editor, AreaInput):
            await self.press("f4")
            widget = await self.go(row.path, branch=branch)
        if widget.editor.typed:
            await self.press(*(("ctrl+end", *["ctrl+u", "backspace"] * 20) if "\n" in text else ("end", "ctrl+u")))
        await self.press(*("enter" if sign == "\n" else sign for sign in text))

    async def _state(self, path: Path, wanted: str, *, branch: bool = False) -> None:
        """Ask for null or empty: by the menu of the row, or by the key that goes through the states."""
        await self.go(path, branch=branch)
        for _ in range(STATES):
            await self.press("alt+e")
            if self.driven.app.screen is not self.driven.screen:
                await self.press({"null": "n", "empty": "e", "absent": "u"}[wanted])
            row = self._row(path)
            if row is not None and row.state == wanted:
                return
        raise AssertionError(f"no key makes {path} {wanted}")

    async def _choose(self, row: Row, value: Any, branch: bool) -> None:
        widget = await self.go(row.path, branch=branch)
        if isinstance(widget.editor, Options):
            wanted = index_of(row.options, value)
            assert wanted is not None, f"{value!r} is not among the options of {row.path}"
            await self._turn(widget, wanted)
        elif row.kind == "choice":
            await self.press("enter")
            await self._find(row, value)
            await self.press("enter")
        else:
            await self.press("enter")
            for item in value:
                await self._find(row, item)
                await self.press("tab", "ctrl+u")
            await self.press("enter")

    async def _choose_branch(self, path: Path) -> None:
        wanted = self._answer_row(path).chosen
        row = self._row(path)
        assert wanted is not None and row is not None
        if row.chosen == wanted:
            return
        widget = await self.go(path)
        if isinstance(widget.editor, Options):
            await self._turn(widget, wanted)
            return
        assert isinstance(widget.editor, Drop)
        await self.press("enter")
        await self.press(*["up"] * len(row.branches), *["down"] * wanted, "enter")

    async def _turn(self, widget: RowWidget, wanted: int) -> None:
        """→ or ← until the option is the picked one."""
        options: Options = widget.editor
        for _ in range(len(options.options) + 1):
            if options.picked == wanted:
                return
            await self.press("right" if options.picked is None or options.picked < wanted else "left")
        raise AssertionError(f"no arrow leads to option {wanted} of {widget.row.path}")

    async def _find(self, row: Row, value: Any) -> None:
        """Type the option's label in the open list, and go down to it among what matches."""
        screen = self.driven.app.screen
        assert isinstance(screen, ChoiceScreen), f"the options of {row.path} did not open"
        wanted = index_of(row.options, value)
        assert wanted is not None, f"{value!r} is not among the options of {row.path}"
        label = row.options[wanted][0]
        words = label.casefold().split()
        before = [
            option
            for option, given in row.options[:wanted]
            if all(word in f"{option} {given if isinstance(given, str) else ''}".casefold() for word in words)
        ]
        await self.press(*label, *["down"] * len(before))

    async def _fill_object(self, path: Path, value: dict[str, Any]) -> None:
        left = list(value)
        while left:
            drawn = [row.path for row in self.form.rows()]
            ready = [key for key in left if (*path, key) in drawn]
            if not ready:
                break
            for key in sorted(ready, key=lambda key: drawn.index((*path, key))):
                if self._row((*path, key)) is not None:
                    await self._fill((*path, key), value[key])
                    left.remove(key)
        for key in left:
            await self._add_entry(path, key)
            await self._fill((*path, key), value[key])
        if not value and at(self.form, path) != {}:
            await self._state(path, "empty")

    async def _add_entry(self, path: Path, key: str) -> None:
        """A new entry: its name first, then on to its value."""
        row = self._row(path, branch=True)
        if path or (row is not None and row.kind == "map"):
            await self.go(path, branch=True)
        await self.press("ctrl+n")
        here = self._here()
        assert here is not None and here.key_editor is not None and here.key_editor.has_focus, f"no entry in {path}"
        await self.press(*key, "enter")
        if self._row((*path, key)) is None:  # the name counts once the row is left
            await self.press("tab")
        assert self._row((*path, key)) is not None, f"the entry of {path} is not called {key!r}"

    async def _fill_list(self, row: Row, value: list[Any], branch: bool) -> None:
        path = row.path
        if not value:
            if not same(row.value, []):
                await self._state(path, "empty", branch=branch)
            return
        if row.value and not row.is_open:
            await self.go(path, branch=branch)
            await self.press("right")
        for index, item in enumerate(value):
            place = (*path, index)
            if self._row(place) is None:
                await self.go(path, branch=branch)
                closed = self._row(path, branch=branch)
                if closed is not None and closed.kind == "tuple" and not closed.is_open:
                    await self.press("right")
            if self._row(place) is None:
                await self.press("ctrl+n")
            await self._fill(place, item)
