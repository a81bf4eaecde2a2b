"""The folders that F4 opens on a path: type to filter, Enter goes in or takes, Tab takes a folder itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.boundary import ask
from tui.forms import paths
from tui.forms.paths import Entry, Listing
from tui.text import safe_text
from tui.widgets.rows import Piece, Rows

HINT = "type to filter, or a path: ~/ is home, ../ goes up\nEnter opens or takes · Tab takes a folder too · Esc leaves"
UP, HERE = "..", "."

Look = Callable[[], tuple[Listing, str]]
"""Reads a folder, and says the name in it that the cursor goes to."""


class PathFilter(Input):
    """The filter; ← and a deletion where nothing stands go to the parent folder."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "back", show=False),
        Binding("backspace", "back(True)", show=False),
        Binding("right", "forth", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="pick-filter", compact=True, placeholder="type to filter", select_on_focus=False)

    async def action_back(self, deletes: bool = False) -> None:
        if not self.value:
            await self.run_action("screen.up")
        elif deletes:
            self.action_delete_left()
        else:
            self.action_cursor_left()

    async def action_forth(self) -> None:
        if self.cursor_at_end:
            await self.run_action("screen.enter")
        else:
            self.action_cursor_right()

    async def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]
        event.stop()
        event.prevent_default()
        first = event.text.strip().splitlines()[:1]
        self.insert_text_at_cursor(safe_text(first[0]) if first else "")


class PathRows(Rows):
    """The entries of a folder."""

    def __init__(self) -> None:
        super().__init__(id="pick-rows")
        self.can_focus = False
        self.entries: list[Entry] = []

    def show(self, entries: list[Entry], cursor: int) -> None:
        self.entries = entries
        self.rows_changed()
        self.jump(0)
        self.move_to(cursor)
        self.show_cursor()

    @property
    def cursor_ink(self) -> str:
        return "cursor-kept"

    @property
    def chosen(self) -> Entry | None:
        return self.entries[self.cursor] if self.cursor < len(self.entries) else None

    def count(self) -> int:
        return len(self.entries)

    def draw(self, index: int, width: int) -> list[Piece]:
        entry = self.entries[index]
        if entry.name == HERE:
            return [(" ./ ", "key"), (" this folder", "dim")]
        name = safe_text(entry.name, limit=max(width - 4, 8))
        pieces: list[Piece] = [(f" {name}/" if entry.is_folder else f" {name}", "key" if entry.is_folder else "")]
        if entry.is_link:
            pieces.append((" →", "dim"))
        if not entry.is_text:
            pieces.append((" its name is no text", "dim"))
        return pieces


class PathScreen(ModalScreen["str | None"]):
    """Dismisses with the path that was taken, or with None when it is left.

    `text` is what stands in the field, `base` where relative paths begin, `wants` "file", "folder" or "" for both.
    `launch` says that ctrl+r closed it; nothing is taken then.
    """

    CSS_PATH = "../styles/pick.tcss"
    AUTO_FOCUS = "#pick-filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f4", "leave", show=False, priority=True),
        Binding("ctrl+r", "launch", show=False, priority=True, id="launch.run"),
        Binding("enter", "choose", show=False, priority=True),
        Binding("tab", "take", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(self, label: str, text: str, base: str, wants: str) -> None:
        super().__init__()
        self._label, self._text, self._base, self._wants = label, text, base, wants
        self._listing = Listing("")
        self._folder = ""
        self._reading = True
        self._seek = ""
        """The name that the cursor goes to once the folder is read."""
        self.launch = False

    def compose(self) -> ComposeResult:
        with Vertical(id="pick-path"):
            yield Static(Content(safe_text(self._label)), classes="pick-title")
            yield Static(id="pick-folder")
            yield PathFilter()
            yield PathRows()
            yield Static(id="pick-said")
            yield Static(Content(HINT), classes="pick-hint")

    def on_mount(self) -> None:
        text, base = self._text if paths.is_local(self._text) else "", self._base
        self._folder = base
        self._work(lambda: _begin(text, base))

    # reading

    def _go(self, place: str, seek: str = "") -> None:
        """Read the folder at `place`, with the cursor at the name `seek`; where that fails the present one stays."""
        self._work(lambda: (paths.read_folder(place), seek))

    def _work(self, look: Look) -> None:
        self._reading = True
        self._say()
        ask(self, lambda: paths.beside(look), self._went, group="pick-path", exclusive=True)

    def _went(self, found: tuple[Listing, str] | None) -> None:
        self._reading = False
        if found is None:
            self._say("the disk does not answer")
            return
        listing, seek = found
        if listing.problem and self._listing.folder:
            self._say(f"{os.path.basename(listing.folder) or listing.folder} cannot be read: {listing.problem}")
            return
        self._listing, self._folder, self._seek = listing, listing.folder, seek
        filter_ = self.query_one(PathFilter)
        with filter_.prevent(Input.Changed):
            filter_.value = ""
        self._fill()

    @on(Input.Changed, "#pick-filter")
    def _filtered(self, event: Input.Changed) -> None:
        """Filter by what is typed; a whole folder typed, up to its last `/`, is gone to."""
        event.stop()
        if event.value.endswith(os.sep):
            self._go(paths.absolute(event.value, self._folder))
            return
        self._seek = ""
        self._fill()

    def _fill(self) -> None:
        typed = self.query_one(PathFilter).value
        entries, cursor = self._shown(typed)
        self.query_one(PathRows).show(entries, cursor)
        self._say("nothing matches" if typed and not entries else "")

    def _shown(self, typed: str) -> tuple[list[Entry], int]:
        """What is listed, those that begin with what is typed first; and where the cursor goes."""
        words = typed.casefold().split()
        known = [
            entry
            for entry in self._listing.entries
            if (entry.is_folder or self._wants != "folder")
            and (typed.startswith(".") or not entry.name.startswith(".") or entry.name == self._seek)
        ]
        if words:
            found = [entry for entry in known if all(word in entry.name.casefold() for word in words)]
            return sorted(found, key=lambda entry: not entry.name.casefold().startswith(words[0])), 0
        fixed = [] if self._wants == "file" else [Entry(HERE, is_folder=True)]
        if os.path.dirname(self._folder) != self._folder:
            fixed.append(Entry(UP, is_folder=True))
        sought = next((at for at, entry in enumerate(known) if entry.name == self._seek), None)
        return [*fixed, *known], len(fixed) + sought if sought is not None else len(fixed) if known else 0

    def _say(self, text: str = "") -> None:
        folder = safe_text(self._folder)
        width = max(self.size.width - 8, 10) if self.size.width < 76 else 70
        self.query_one("#pick-folder", Static).update(
            Content(folder if len(folder) <= width else f"…{folder[-width:]}")
        )
        listing = self._listing
        if not text and self._reading:
            text = "reading…"
        elif not text and listing.problem:
            text = f"cannot be read: {listing.problem}"
        elif not text:
            count = len(listing.entries)
            text = f"only the first {count:,} names" if listing.is_cut else f"{count:,} names"
        self.query_one("#pick-said", Static).update(Content(safe_text(text)))

    # moving and taking

    def action_move(self, step: int) -> None:
        self.query_one(PathRows).move_by(step)

    def action_page(self, step: int) -> None:
        rows = self.query_one(PathRows)
        rows.move_by(step * rows.page)

    def action_up(self) -> None:
        self._go(os.path.dirname(self._folder), os.path.basename(self._folder))

    def action_enter(self) -> None:
        """Go into the folder with the cursor."""
        entry = self.query_one(PathRows).chosen
        if entry is not None and entry.is_folder and entry.name != HERE:
            self._open(entry)

    def action_choose(self) -> None:
        entry = self.query_one(PathRows).chosen
        if entry is None:
            return
        if entry.is_folder and entry.name != HERE:
            self._open(entry)
        else:
            self._take(entry)

    def action_take(self) -> None:
        entry = self.query_one(PathRows).chosen
        if entry is None:
            return
        if entry.is_folder and self._wants == "file":
            self._say("a file is asked for: Enter opens the folder")
        else:
            self._take(entry)

    def _open(self, entry: Entry) -> None:
        if entry.name == UP:
            self.action_up()
        else:
            self._go(os.path.join(self._folder, entry.name))

    def _take(self, entry: Entry) -> None:
        place = os.path.normpath(os.path.join(self._folder, entry.name))
        if paths.is_text(place):
            self.dismiss(paths.as_typed(place, self._text, self._base))
        else:
            self._say("its name is no text: it cannot be sent")

    @on(Rows.Chosen)
    def _clicked(self, event: Rows.Chosen) -> None:
        event.stop()
        self.action_choose()

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_launch(self) -> None:
        self.launch = True
        self.dismiss(None)


def _begin(text: str, base: str) -> tuple[Listing, str]:
    """The folder to begin in: that of the typed path, else the nearest above it that there is."""
    place = paths.absolute(text, base) if text else base
    seek = ""
    while not os.path.isdir(place) and os.path.dirname(place) != place:
        place, seek = os.path.dirname(place), os.path.basename(place)
    return paths.read_folder(place), seek
