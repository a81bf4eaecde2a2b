"""The form of one task of a draft: the launch form of its executor, of which the draft takes what is typed."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.catalogue import Launchable
from engine.templates import OPEN, texts
from tui.forms.instance import ABSENT, get
from tui.forms.keys import label_of
from tui.forms.model import Form, Problem
from tui.screens.launch import LaunchScreen
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

    `follows` is False for a form of something that is no executor.
    """

    FORM: ClassVar[type[Form]] = ReferenceForm
    VERB: ClassVar[str] = "take"

    def __init__(
        self,
        spec: Launchable,
        inputs: dict[str, Any] | None,
        *,
        title: str,
        shelf: Shelf | None = None,
        follows: bool = True,
    ) -> None:
        super().__init__(spec, inputs, title=title, shelf=shelf)
        self._follows = follows

    def executor_changed(self, spec: Launchable | None) -> None:
        if self._follows:
            super().executor_changed(spec)

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
    """The launch form of a draft: the catalogue does not know that flow, or has another state of it."""

    def executor_changed(self, spec: Launchable | None) -> None:
        """A draft is launched as it stands."""
