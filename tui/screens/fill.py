"""The form of one task of a draft: the launch form of its executor, of which the draft takes what is typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from engine.catalogue import Launchable
from engine.templates import CLOSE, OPEN, texts
from tui.bindings import bindings_of
from tui.draft_refs import Reference
from tui.forms.instance import ABSENT, get
from tui.forms.model import Form, Problem
from tui.forms.options import LaunchOptions, options_schema
from tui.keymap import label_of
from tui.screens.dangers import Danger
from tui.screens.launch import LaunchScreen
from tui.screens.pick import Choice, PickScreen
from tui.screens.shelf import Offer, Shelf

OF_THE_WHOLE = frozenset({"anyOf", "oneOf", "allOf", "not", "if", "dependencies", "dependentRequired", "const", "enum"})
"""Kinds of problems of an object or list that may go once the expressions in it are filled in."""


class ReferenceForm(Form):
    """`{{ }}` in a value stands for what nobody knows yet, so nothing can be said against it here.

    The draft's check reads the expressions themselves.
    """

    @property
    def problems(self) -> list[Problem]:
        return [problem for problem in super().problems if not self._is_open(problem)]

    def _is_open(self, problem: Problem) -> bool:
        value = get(self.instance, problem.path)
        if isinstance(value, str):
            return OPEN in value
        return value is not ABSENT and problem.kind in OF_THE_WHOLE and bool(texts(value))

    @property
    def has_unread(self) -> bool:
        """Whether something is typed that could not be taken, and would be lost."""
        marks = self._view.marks
        return self.unread_text is not None or bool(marks.texts or marks.names)


class FillShelf(Shelf):
    """Last launches and presets can be loaded; what is typed for a draft is no draft of the executor's own launch."""

    async def draft(self) -> Offer | None:
        return None

    async def keep(self, inputs: Any, options: Any, schema: Any) -> None:
        """The draft of the tree keeps it."""

    async def drop(self) -> None:
        """There is none."""


class FillScreen(LaunchScreen):
    """Dismisses with a `LaunchRequest` whose inputs the draft takes, with all problems they may have; None on Esc.

    `references` are what its values may refer to; None for a form of something that is no executor.
    """

    FORM: ClassVar[type[Form]] = ReferenceForm
    VERB: ClassVar[str] = "take"
    BINDINGS: ClassVar[list[BindingType]] = [
        replace(binding, priority=True) for binding in bindings_of("fill") if isinstance(binding, Binding)
    ]

    def __init__(
        self,
        spec: Launchable,
        inputs: dict[str, Any] | None,
        *,
        title: str,
        shelf: Shelf | None = None,
        references: Sequence[Reference] | None = None,
    ) -> None:
        super().__init__(spec, inputs, title=title, shelf=shelf)
        self._references = references

    def executor_changed(self, spec: Launchable | None) -> None:
        if self._references is not None:
            super().executor_changed(spec)

    async def action_reference(self) -> None:
        await self._in_form(self._refer)

    async def _refer(self) -> None:
        """Choose what the field refers to."""
        row, found = self.pane.focused_row(), self._references
        if row is None or found is None:
            self._refresh("no field has the focus" if row is None else "nothing can be referred to here")
            return
        if not found:
            link = label_of(self.app, "compose.link")
            self._refresh(f"✗ there is nothing to refer to: link the task ({link}), or give the flow inputs")
            return
        path = row.path

        async def took(at: int | None) -> None:
            if at is not None:
                text = f"{OPEN} {found[at].expression} {CLOSE}"
                await self.pane.take_json(path, json.dumps(text))

        choices = [Choice(each.expression, "", each.about) for each in found]
        self.app.push_screen(PickScreen(f"Refer to, in {row.label}", choices, "puts it in"), took)

    def _hint(self) -> None:
        super()._hint()
        key = label_of(self.app, "fill.reference")
        if self._references and key and self._shows_form:
            line = self.query_one("#launch-hint", Static)
            self._write(line, f"{key} reference · {line.content}")

    async def action_options(self) -> None:
        key = label_of(self.app, "compose.options")
        self._refresh(f"the options of a task stand beside its inputs: {key} in the draft")

    async def _launch(self) -> None:
        if self._refusal or self._is_gone or not self._ready:
            self._refresh()
        elif isinstance(self.form, ReferenceForm) and self.form.has_unread:
            await self._show_problems()
        else:
            self._answer()

    async def _leave(self) -> None:
        if self._view in ("options", "preview") or self._warned or self._content() == self._opened:
            await super()._leave()
            return
        self._warned = True
        self._refresh(f"✗ it was changed: Esc again drops that, {self._key('run')} takes it")


class DraftLaunch(LaunchScreen):
    """The launch form of a draft: the catalogue does not know that flow, or has another state of it.

    So it cannot be scheduled: what is launched then must be in the catalogue.
    """

    def __init__(
        self,
        spec: Launchable,
        *,
        title: str,
        options: LaunchOptions,
        shelf: Shelf | None,
        beside: Callable[[], Sequence[Danger]],
    ) -> None:
        super().__init__(spec, title=title, options=options, shelf=shelf, beside=beside)
        schema = options_schema()
        kept = {name: each for name, each in schema["properties"].items() if name != "schedule"}
        self._options.form = Form({**schema, "properties": kept}, dict(options.given))

    def executor_changed(self, spec: Launchable | None) -> None:
        """A draft is launched as it stands."""
