"""What a form can be filled with, in one list: type to filter, Enter loads, a paste imports (forms.md 5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.catalogue import Launchable
from engine.task import now
from tui.boundary import ask
from tui.forms.clip_curl import is_curl
from tui.forms.clip_lines import is_named
from tui.keymap import label_of
from tui.screens.shelf import Offer, Shelf, examples_of
from tui.text import safe_text
from tui.wording import at_time

HINT = "type to filter · Enter loads · Del deletes a preset · paste imports · Esc leaves"
KINDS = {"draft": "draft", "recent": "", "preset": "preset", "example": "example"}
SUMMARY = 300
"""Characters of a summary that are drawn."""


class PasteLine(Input):
    """The filter; a paste into it is no filter but something to import."""

    async def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]
        event.stop()
        event.prevent_default()
        text = event.text.strip()
        if "\n" in text or "\r" in text or text.startswith("{") or is_curl(text) or is_named(text):
            self.screen.dismiss(event.text)
        else:
            self.insert_text_at_cursor(text)


class RecallScreen(ModalScreen["Offer | str | None"]):
    """Dismisses with an `Offer` to load, with pasted text, or with None when it is left."""

    AUTO_FOCUS = "#recall-filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("enter", "take", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("delete,ctrl+d", "remove", show=False, priority=True),
        Binding("f6,alt+u", "bring_back", show=False, priority=True, id="launch.undo"),
    ]

    def __init__(self, spec: Launchable, shelf: Shelf | None) -> None:
        super().__init__()
        self._spec, self._shelf = spec, shelf
        self._offers: list[Offer] = []
        self._shown: list[Offer] = []
        self._removed: list[Offer] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="recall"):
            yield Static(Content(f"Fill the form of {safe_text(self._spec.id)} with"), classes="choice-title")
            yield PasteLine(
                id="recall-filter", compact=True, placeholder="type to filter, or paste", select_on_focus=False
            )
            yield OptionList(id="recall-list", compact=True)
            yield Static(id="recall-said")
            yield Static(Content(HINT), classes="choice-hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self._say("")
        if self._shelf is None:
            self._fill(())
        else:
            ask(self, self._shelf.offers, self._fill, group="recall", exclusive=True)

    def _fill(self, offers: Sequence[Offer]) -> None:
        self._offers = [*offers, *examples_of(self._spec)]
        self._draw()

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._draw()

    def _draw(self) -> None:
        clock = getattr(self.app, "clock", now)
        words = self.query_one(Input).value.casefold().split()
        self._shown = [offer for offer in self._offers if all(word in searched(offer) for word in words)]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(line_of(offer, clock())) for offer in self._shown])
        if self._shown:
            listed.highlighted = 0
        else:
            listed.add_option(
                Option(Content("nothing matches" if self._offers else "nothing is here yet"), disabled=True)
            )

    def _say(self, text: str) -> None:
        said = self.query_one("#recall-said", Static)
        said.update(Content(safe_text(text)))
        said.display = bool(text)

    def _under_cursor(self) -> Offer | None:
        place = self.query_one(OptionList).highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    def action_move(self, step: int) -> None:
        listed = self.query_one(OptionList)
        if self._shown and listed.highlighted is not None:
            listed.highlighted = min(max(listed.highlighted + step, 0), len(self._shown) - 1)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_take(self) -> None:
        offer = self._under_cursor()
        if offer is not None:
            self.dismiss(offer)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_take()

    # presets

    def action_remove(self) -> None:
        """Delete the preset or the draft under the cursor; it can be brought back while the list is open."""
        offer, shelf = self._under_cursor(), self._shelf
        if offer is None or shelf is None or offer.kind not in ("preset", "draft"):
            self._say("only presets and the draft can be deleted here")
            return

        def gone(_: object) -> None:
            self._removed.append(offer)
            named = f"the preset {offer.title}" if offer.kind == "preset" else "the draft"
            key = label_of(self.app, "launch.undo")
            self._say(f"{named} is deleted" + (f" · {key} brings it back" if key else ""))
            self._reread(shelf)

        work = shelf.drop if offer.kind == "draft" else lambda: shelf.remove(offer.title)
        ask(self, work, gone, group="remove")

    def action_bring_back(self) -> None:
        shelf = self._shelf
        if shelf is None or not self._removed:
            self._say("nothing was deleted here")
            return
        offer = self._removed.pop()

        async def put() -> None:
            if offer.kind == "draft":
                await shelf.keep(offer.inputs, offer.options.given, self._spec.schema)
            else:
                await shelf.save(offer.title, offer.inputs, offer.options.given, self._spec.schema)

        def back(_: object) -> None:
            self._say("it is back")
            self._reread(shelf)

        ask(self, put, back, group="remove")

    def _reread(self, shelf: Shelf) -> None:
        ask(self, shelf.offers, self._fill, group="recall", exclusive=True)


def searched(offer: Offer) -> str:
    """What the filter looks at."""
    return f"{KINDS[offer.kind]} {offer.title} {offer.state} {offer.summary}".casefold()


def line_of(offer: Offer, today: datetime) -> Content:
    """One line: what it is, when, how it ended, its inputs."""
    when = at_time(offer.at, today) if offer.at is not None and offer.kind in ("draft", "recent") else ""
    head = {
        "draft": f"draft of {when}",
        "recent": f"{when} {offer.state}",
        "preset": f"preset {safe_text(offer.title, limit=40)}",
        "example": f"example {offer.title}",
    }[offer.kind]
    return Content.assemble((head, "bold"), "  ", (safe_text(offer.summary, limit=SUMMARY), "$dim"))
