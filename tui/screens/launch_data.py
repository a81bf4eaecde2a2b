"""What fills the launch form beside typing, and what is kept of it: drafts, presets, last runs, pastes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from textual import on
from textual.timer import Timer

from engine.catalogue import Launchable
from engine.schema import mask
from engine.task import now
from tui.boundary import ask
from tui.forms import clip, strict_json
from tui.forms.instance import ABSENT
from tui.forms.model import Form, Problem
from tui.forms.options import LaunchOptions
from tui.forms.pane import FormPane
from tui.keymap import label_of
from tui.screens.ask_name import NameScreen
from tui.screens.imported import ImportScreen, words_of
from tui.screens.launch_text import LaunchText
from tui.screens.quit import Question
from tui.screens.recall import RecallScreen
from tui.screens.shelf import Offer, Shelf
from tui.text import safe_text
from tui.wording import at_time

KEPT_SECONDS = 2.0
"""What is typed is kept as the draft this long after the last key, so that a killed console loses little."""


class LaunchData(LaunchText):
    """Goes on where `LaunchText` ends. Without a `shelf` nothing is kept and only examples are offered."""

    def __init__(
        self,
        spec: Launchable,
        form: Form,
        options: LaunchOptions,
        title: str,
        *,
        shelf: Shelf | None,
        again: bool,
        told: Sequence[Problem] = (),
    ) -> None:
        super().__init__(spec, form, options, title, again=again, told=told)
        self.shelf = shelf
        self._again = again
        self._kept: str | None = None
        """What the draft in the store holds, as text; None where there is none that is known."""
        self._opened = self._content()
        self._given = _text((mask(form.schema, self._opened[0]), self._opened[1])) if form.instance else None
        """What a rerun began with, as the store would have it: no draft is needed of that."""
        self._keeping: Timer | None = None
        self._is_answered = False
        """Whether it was launched: then there is nothing left to keep."""

    # loading, and the way back

    async def load(self, inputs: dict[str, Any], options: LaunchOptions | None, said: str) -> None:
        """Put other inputs in the place of the present ones, as one step that can be undone."""
        await self._take_all()
        self._before.append((self.form, dict(self.options.given)))
        form = self.FORM(self.form.schema, inputs)
        form.prepare()
        if options is not None:
            known = {
                name: value for name, value in options.given.items() if name in self._options.form.schema["properties"]
            }
            await self._set_options(known)
        await self._put(form, said)

    async def _put(self, form: Form, said: str) -> None:
        self._pane.tried = True
        if self._view == "json":
            self._pane.form = form
            await self._show_text()
            self._refresh(said)
            self._keep_soon()
            return
        await self._pane.replace(form, said)
        if self._view == "form" and form.problems:
            await self._pane.first_problem()
            # rows that were just made have no place yet, and the dialog grows with them first
            self.call_after_refresh(self.call_after_refresh, self._scroll_to_focus)
        self._keep_soon()

    def _scroll_to_focus(self) -> None:
        widget = self._pane.focused()
        if widget is not None:
            widget.scroll_visible(animate=False)

    async def _set_options(self, given: dict[str, Any]) -> None:
        self._options.form = Form(self._options.form.schema, given)
        await self._options.show()

    async def go_back(self) -> bool:
        """Undo a load, once nothing typed since is left to undo; False where there was none."""
        if not self._before:
            return False
        form, options = self._before.pop()
        await self._set_options(options)
        await self._put(form, "the former values are back")
        return True

    # loads

    async def action_recall(self) -> None:
        await self._after_keys(self._recall)

    async def _recall(self) -> None:
        if self._ready:
            self.app.push_screen(RecallScreen(self.spec, self.shelf), self._recalled)

    async def _recalled(self, answer: Offer | str | None) -> None:
        if isinstance(answer, str):
            self._import(answer)
        elif answer is not None:
            options = answer.options if answer.kind != "example" else None
            await self.load(
                answer.inputs, options, f"{_named(answer)} loaded · {self._undo_key} brings the former values back"
            )

    @property
    def _undo_key(self) -> str:
        return label_of(self.app, "launch.undo")

    @property
    def _listed(self) -> str:
        key = label_of(self.app, "launch.load")
        return f" · {key} lists it" if key else ""

    # pastes

    @on(FormPane.AllPasted)
    def _all_pasted(self, event: FormPane.AllPasted) -> None:
        event.stop()
        row = self._pane.form.row(event.path)
        field = row.label if row is not None else ""

        async def read(found: clip.Clip) -> None:
            async def answered(answer: str | None) -> None:
                if answer == "text" and row is not None:
                    await self._pane.paste(row, event.paste)
                elif answer == "take":
                    await self._take_clip(found)

            named = {row.path[0] for row in self._pane.form.rows() if len(row.path) == 1 and not row.keyed}
            if event.path and (named & found.patch.keys() or found.kind == "curl"):
                self.app.push_screen(ImportScreen(found, self.form, field), answered)
            elif row is not None:
                await self._pane.paste(row, event.paste)

        if self._view == "options" and row is not None:
            self.call_later(self._options.paste, self._options.form.row(event.path) or row, event.paste)
        else:
            schema = self.form.schema
            ask(self, lambda: asyncio.to_thread(clip.read, event.paste.text, schema), read, group="import")

    def _import(self, text: str) -> None:
        """Say what a pasted text is; take it on Enter."""
        schema = self.form.schema

        def read(found: clip.Clip) -> None:
            async def answered(answer: str | None) -> None:
                if answer == "take":
                    await self._take_clip(found)

            self.app.push_screen(ImportScreen(found, self.form), answered)

        ask(self, lambda: asyncio.to_thread(clip.read, text, schema), read, group="import")

    async def _take_clip(self, found: clip.Clip) -> None:
        said = f"{words_of(found)} · {self._undo_key} undoes"
        await self.load(found.applied(self.form.instance), None, said)

    # presets

    async def action_save_preset(self) -> None:
        await self._after_keys(self._save_preset)

    async def _save_preset(self) -> None:
        if self.shelf is None or not self._ready or not isinstance(self.form.instance, dict):
            self._refresh("there is nothing to save it in")
            return
        hidden = mask(self.form.schema, self.form.instance) is not self.form.instance
        text = "The inputs and options are saved under this name." + (
            " Its secrets are not: they are asked for again." if hidden else ""
        )
        self.app.push_screen(NameScreen("Save as preset", text), self._name_given)

    def _name_given(self, name: str | None) -> None:
        shelf = self.shelf
        if name is None or shelf is None:
            return

        def known(names: list[str]) -> None:
            if name not in names:
                self._save(name, overwrite=False)
                return
            question = Question("Preset", f"There is a preset {safe_text(name)} already.", ("Keep it", "Overwrite it"))
            self.app.push_screen(question, lambda answer: self._save(name, overwrite=True) if answer else None)

        ask(self, shelf.names, known, group="preset")

    def _save(self, name: str, *, overwrite: bool) -> None:
        shelf = self.shelf
        if shelf is None:
            return
        (inputs, options), schema = self._content(), self.form.schema
        ask(
            self.app,
            lambda: shelf.save(name, inputs, options, schema, overwrite=overwrite),
            lambda _: self._refresh(f"saved as the preset {safe_text(name)}{self._listed}"),
        )

    # drafts

    def seek_draft(self) -> None:
        """Load what was left here, unless something was typed before it is read."""
        shelf = self.shelf
        if shelf is not None and not self._again:
            ask(self, shelf.draft, self._draft_read, group="draft")

    async def _draft_read(self, draft: Offer | None) -> None:
        if draft is None or draft.at is None:
            return
        self._kept = _text((draft.inputs, dict(draft.options.given)))
        clock = getattr(self.app, "clock", now)
        when = at_time(draft.at, clock())
        await self._take_all()
        if self._content() != self._opened or not self._ready:
            self._refresh(f"there is a draft of {when}{self._listed}")
            return
        await self.load(draft.inputs, draft.options, f"draft of {when} restored · {self._undo_key} empties the form")
        self._opened = self._content()

    def _content(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The inputs and options as they stand; builtin numbers."""
        inputs = strict_json.plain(self.form.instance) if isinstance(self.form.instance, dict) else {}
        return inputs, dict(strict_json.plain(dict(self.options.given)))

    def _keep_soon(self) -> None:
        """A while after the last key the draft is kept."""
        if self.shelf is not None:
            if self._keeping is not None:
                self._keeping.stop()
            self._keeping = self.set_timer(KEPT_SECONDS, self.keep_draft)

    def keep_draft(self) -> None:
        """Keep what a person changed; an emptied form has no draft. The app waits for the store, not the dialog."""
        if self._keeping is not None:
            self._keeping.stop()
            self._keeping = None
        if self.shelf is None:
            return
        if self._is_large:
            ask(self.app, self._keep_large)
            return
        content = self._content()
        self._keep(self.shelf, content, _hidden(self.form.schema, content))

    async def _keep_large(self) -> None:
        """The same of inputs that take their time to be read and written: beside the loop."""
        schema = self.form.schema
        content = await asyncio.to_thread(self._content)
        hidden = await asyncio.to_thread(_hidden, schema, content)
        if self.shelf is not None and schema is self.form.schema and not self._is_answered:
            self._keep(self.shelf, content, hidden)

    def _keep(self, shelf: Shelf, content: tuple[dict[str, Any], dict[str, Any]], hidden: str) -> None:
        if content == self._opened or hidden in (self._kept, self._given):
            return
        self._opened, self._kept = content, hidden if any(content) else None
        if any(content):
            schema = self.form.schema
            ask(self.app, lambda: shelf.keep(*content, schema))
        else:
            ask(self.app, shelf.drop)

    # the last run

    async def action_compare(self) -> None:
        await self._in_form(self._compare)

    async def _compare(self) -> None:
        if self._pane.former is not ABSENT:
            self._pane.former = ABSENT
            await self._pane.show()
            self._refresh("no longer compared")
        elif self.shelf is None:
            self._refresh("there is no last run to compare with")
        else:
            ask(self, self.shelf.last, self._compare_with, group="last", exclusive=True)

    async def _compare_with(self, last: Offer | None) -> None:
        if last is None or last.at is None:
            self._refresh("it has not run yet: there is nothing to compare with")
            return
        self._pane.former = last.inputs
        await self._pane.show()
        clock = getattr(self.app, "clock", now)
        count = len(self._pane.view.former)
        differ = (
            f"{count} row{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}" if count else "nothing differs"
        )
        self._refresh(f"{differ} from the run of {at_time(last.at, clock())} ({last.state})")


def _named(offer: Offer) -> str:
    if offer.kind == "recent":
        return "the inputs of then"
    return "the draft" if offer.kind == "draft" else f"the {offer.kind} {safe_text(offer.title, limit=40)}"


def _hidden(schema: Any, content: tuple[dict[str, Any], dict[str, Any]]) -> str:
    return _text((mask(schema, content[0]), content[1]))


def _text(content: Any) -> str:
    return json.dumps(content, sort_keys=True, default=str)
