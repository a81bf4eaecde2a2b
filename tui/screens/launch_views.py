"""The launch dialog's views: the form, its JSON, the launch options, the preview; and the lines around them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Button, Static

from engine.catalogue import Launchable
from tui.forms import strict_json
from tui.forms.field_pane import FieldPane
from tui.forms.keys import counted, hints
from tui.forms.model import Form, Problem
from tui.forms.options import LaunchOptions, options_schema
from tui.forms.preview import Line, preview_lines
from tui.forms.raw_tab import RawTab
from tui.forms.raw_text import EDITABLE
from tui.keymap import label_of
from tui.screens.launch_request import LaunchRequest
from tui.text import safe_text
from tui.versions import ABSENT as NOT_HERE
from tui.widgets.steady_button import SteadyButton
from tui.widgets.text_view import TextView

DRAIN_SECONDS = 0.5
"""The longest that a key waits for the keys before it."""

SHARE = 0.94
"""How much of the height the dialog may take; launch.tcss says the same."""

MARGINS = 3
"""Rows of the border, and above the form."""

WIDE = 100
"""Columns from which on the dialog does not take them all; launch.tcss asks for its class."""

DESCRIPTION_LENGTH = 300

DOES = ("Launch", "Schedule")
"""What the button says, by whether it is to be launched at its times."""

Act = Callable[[], Awaitable[None]]
View = Literal["form", "json", "options", "preview"]


class LaunchViews(ModalScreen[LaunchRequest | None]):
    """Shows one view at a time. All are views of two forms: that of the inputs, and that of the options."""

    FORM: ClassVar[type[Form]] = Form
    VERB: ClassVar[str] = "launch"
    """What ctrl+r does here."""

    def __init__(
        self,
        spec: Launchable,
        form: Form,
        options: LaunchOptions,
        title: str,
        *,
        again: bool,
        told: Sequence[Problem] = (),
    ) -> None:
        """`told` is what the last run said of the inputs."""
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.spec = spec
        self._heading = title
        self._pane = FieldPane(form, told=told)
        self._options = FieldPane(Form(options_schema(again=again), dict(options.given)), tried=bool(options.given))
        self._raw = RawTab()
        self._preview = TextView(id="preview")
        self._view: View = "form"
        self._ready = False
        self._is_gone = False
        """Whether the executor is not in the catalogue any more."""
        self._said = ""
        self._fitted: tuple[bool, int | None] = (False, None)
        """Whether the form scrolls, and how many rows the dialog takes then."""

    @property
    def form(self) -> Form:
        return self._pane.form

    @property
    def options(self) -> LaunchOptions:
        """The launch options as they stand."""
        sent = self._options.form.instance
        return LaunchOptions(dict(sent) if isinstance(sent, dict) else {})

    @property
    def pane(self) -> FieldPane:
        """The form that keys mean: the options' while those are shown."""
        return self._options if self._view == "options" else self._pane

    @property
    def _shows_form(self) -> bool:
        return self._view in ("form", "options")

    def compose(self) -> ComposeResult:
        is_wide = self.app.size.width >= WIDE
        self.update_classes({"-wide": is_wide, "-narrow": not is_wide}, update=False)  # a resize would style all anew
        self.screen_layout_refresh_signal.subscribe(self, self._laid_out)
        with Vertical(id="launch") as dialog:
            dialog.border_title = Content(safe_text(self._heading))
            yield Static(id="launch-name")
            yield Static(id="launch-about")
            yield self._pane
            yield self._raw
            yield Static(id="raw-problems")
            with Vertical(id="options"):
                yield self._options
            yield self._preview
            yield Static(id="launch-said")
            with Horizontal(id="launch-foot"):
                yield from self.buttons()
                yield Static(id="launch-count")
            yield Static(id="launch-hint")

    def buttons(self) -> Iterator[Widget]:
        """What stands at the foot to be pressed."""
        yield SteadyButton(Content(self.VERB.capitalize()), id="launch-button", compact=True)

    @property
    def _refusal(self) -> str:
        """Why nothing can be launched, whatever is typed (behaviour.md 4.3)."""
        return self.spec.schema_problem or self.form.schema_problem or ""

    # the lines around the views

    def _describe(self) -> None:
        name = safe_text(self.spec.name or self.spec.id)
        known = "" if name == self.spec.id else f"  {safe_text(self.spec.id)}"
        self.query_one("#launch-name", Static).update(Content.assemble((name, "bold"), (known, "$dim")))
        about = self.query_one("#launch-about", Static)
        about.update(Content(safe_text(self.spec.description, limit=DESCRIPTION_LENGTH)))
        about.display = bool(self.spec.description)

    def _refresh(self, said: str | None = None) -> None:
        """Bring the lines below the view in step; `said` stands until the next word."""
        if not self.is_attached:
            return
        if said is not None:
            self._said = said
        text = self._trouble()
        line = self.query_one("#launch-said", Static)
        line.set_class(bool(text) or self._said.startswith("✗"), "-bad")
        self._write(line, safe_text(text or self._said))
        line.display = bool(text or self._said)
        self._write(self.query_one("#launch-count", Static), self._count())
        for button in self.query_one("#launch-foot").query("#launch-button").results(Button):
            does = DOES[bool(self.options.schedule)]
            if str(button.label) in DOES and str(button.label) != does:
                button.label = Content(does)
                button.refresh(layout=True)
        if self._view == "preview" and not self._is_large:
            self._preview.show(self.preview(), stay=True)
        self._hint()

    def _trouble(self) -> str:
        """What stands against a launch and has no row of its own."""
        if self._is_gone:
            return f"✗ cannot be launched: {self.spec.id} is {NOT_HERE} any more; what was typed is kept"
        if self._refusal:
            return f"✗ cannot be launched: {self._refusal}"
        if self.form.text_problem:
            shown = self._view == "json"
            back = f" · {self._key('switch')} back to the text · {self._key('undo')} drops it"
            return f"✗ {self.form.text_problem}" + ("" if shown else back)
        loose = self._pane.loose() if self._ready and self._pane.tried else []
        return f"✗ {loose[0].text}" if loose else ""

    def _count(self) -> str:
        """`2 to fill · 1 ✗`, and the options that are set."""
        if not self._ready:
            return "reading the schema"
        beside = safe_text(self.options.words, limit=60)
        wrong = " · ✗ options" if self._options.form.problems else ""
        return counted(self._pane.problems) + (f" · {beside}" if beside else "") + wrong

    def _hint(self) -> None:
        """The keys of this moment: those of the dialog, and what the focused row adds."""
        widget = self.pane.focused() if self._shows_form else None
        trouble = self._ready and self._pane.tried and bool(self._pane.problems)
        item = widget is not None and self.pane.item() is not None
        keys = hints(
            self.app,
            widget,
            item=item,
            view=self._view,
            trouble=trouble,
            language=self._raw.in_language,
            verb=self.VERB,
        )
        self._write(self.query_one("#launch-hint", Static), " · ".join(keys))

    def _write(self, line: Static, text: str) -> None:
        """Change a line where it says something else; the whole form is laid out anew only where its height changes."""
        if str(line.content) == text:
            return
        room = line.outer_size - line.gutter.totals
        line.update(Content(text), layout=False)
        if not room or line.visual.get_height({}, room.width) != room.height:
            line.refresh(layout=True)

    def _key(self, action: str) -> str:
        """The key of an action of the dialog."""
        return label_of(self.app, f"launch.{action}")

    def on_descendant_focus(self) -> None:
        self._hint()

    def _laid_out(self, _: Screen[Any]) -> None:
        self.call_later(self._fit)  # what asks for another layout in the midst of one is not heard

    def _fit(self) -> None:
        """Let the form scroll, and not the lines below it leave the dialog, where it needs more rows than there are.

        Before the form is laid out each of its entries counts as one line, so that a long one is laid out only once.
        """
        if not self.is_attached:
            return
        dialog, shown = self.query_one("#launch"), self.query_one("#options") if self._view == "options" else self._pane
        others = [child for child in dialog.children if child.display and child is not shown]
        rest = sum(child.outer_size.height + child.styles.margin.height for child in others)
        needed = max(self.pane.view.virtual_size.height, self.pane.view.least_lines) + rest + MARGINS
        narrow = self.has_class("-narrow")
        room = self.size.height if narrow else int((self.size.height - dialog.styles.margin.height) * SHARE)
        full = self._shows_form and needed >= room  # a form as high as there is room may take a part of a row more
        height = room if full and not narrow else None  # whole rows: of parts of one the last line would be cut
        if (full, height) != self._fitted:
            self._fitted = (full, height)
            dialog.styles.height = height
            dialog.set_class(full, "-full", update=False)  # which would style every row anew; none depends on it
            self.app.stylesheet.update_nodes([dialog, self._pane, self.query_one("#options")])
            dialog.refresh(layout=True)

    # which view is shown

    async def turn_to(self, view: View) -> None:
        """Show another view; what was typed in the present one is taken first."""
        self._lay(view)
        if view == "json":
            await self._show_text()
            self._raw.focus()
        elif view == "preview":
            self._preview.show(await self._previewed())
            self._preview.focus()
        else:
            await self.pane.show()
            if not self.pane.focus_first():
                self.query_one(Button).focus()
        self._refresh("")

    async def _show_text(self, *, stay: bool = False) -> None:
        """Put the inputs into the editor of their text; `stay` keeps the cursor's line."""
        self._raw.show(self.form.text(), read_only=bool(self._refusal))

    def _lay(self, view: View) -> None:
        self._view = view
        self._pane.display, self._raw.display = view == "form", view == "json"
        self.query_one("#raw-problems").display = False
        self.query_one("#options").display, self._preview.display = view == "options", view == "preview"

    async def _toggle(self, view: View) -> None:
        """Show `view`, or the form again; where the schema is refused there is no form, only its JSON."""
        home: View = "json" if self._refusal else "form"
        await self.turn_to(home if self._view == view else view)

    @property
    def _is_large(self) -> bool:
        """Whether the inputs are too large to be written or walked between two keys."""
        return strict_json.weight(self.form.instance, EDITABLE) > EDITABLE

    async def _previewed(self) -> list[Line]:
        """The preview; of large inputs it is made beside the loop."""
        return await asyncio.to_thread(self.preview) if self._is_large else self.preview()

    def preview(self) -> list[Line]:
        """The payload as execute will get it, and what stands beside it."""
        if self._refusal:
            return [(f"there is no payload: {self._refusal}", "bad")]
        form = self.form
        return preview_lines(self.spec.schema, form.instance, form.payload, self.options.words, form.gone)

    # keys in their turn

    async def _after_keys(self, act: Act) -> None:
        """Do what a key asks for before any later key is read; the keys before it are let reach their editor first."""
        editor, read = self.focused, asyncio.Event()
        if editor is not None and editor.call_later(read.set):
            with suppress(TimeoutError):
                await asyncio.wait_for(read.wait(), DRAIN_SECONDS)
        if self.is_current and self.is_attached:
            await self._take_all()
            await act()

    async def _take_all(self) -> None:
        """Read every editor now: keys may have come faster than messages."""
        if self._ready:
            self._pane.take_all()
            self._options.take_all()

    async def _in_form(self, act: Act) -> None:
        if self._ready and self._shows_form:
            await self._after_keys(act)
