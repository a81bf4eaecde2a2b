"""What the store has for a launch form of one executor: its draft, its presets, its last launches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from engine.schema import mask
from tui.forms import fields
from tui.forms.options import LaunchOptions, options_of
from tui.wording import state_of

if TYPE_CHECKING:
    from engine.catalogue import Launchable
    from engine.presets import Preset
    from engine.recent import Recent
    from tui.late_engine import LateEngine

PARTS = 6
"""Inputs that a summary names."""
PART_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Offer:
    """Inputs that a form can be filled with; `title` says which ones, `state` how a launch ended. Foreign text."""

    kind: Literal["draft", "recent", "preset", "example"]
    title: str
    inputs: dict[str, Any]
    options: LaunchOptions
    at: datetime | None = None
    state: str = ""

    @property
    def summary(self) -> str:
        """The first inputs on one line."""
        parts = [f"{name} {fields.brief(value, PART_LENGTH)}" for name, value in list(self.inputs.items())[:PARTS]]
        more = len(self.inputs) - PARTS
        said = " · ".join([*parts, f"{more} more"] if more > 0 else parts) or "no inputs"
        return f"{said} · {self.options.words}" if self.options.words else said


class Shelf:
    """Asks the engine, on its thread; everything here is awaited beside the screen."""

    def __init__(self, thread: LateEngine, executor_id: str) -> None:
        self._thread = thread
        self._id = executor_id

    async def draft(self) -> Offer | None:
        """What was typed and left the last time."""
        found = await self._thread.ask(self._thread.engine.presets.draft(self._id))
        return _kept(found, "draft") if found is not None else None

    async def keep(self, inputs: Mapping[str, Any], options: Mapping[str, Any], schema: Any) -> None:
        """Keep the draft; the engine masks what `schema`, or the present one, calls secret."""
        await self._thread.ask(self._thread.engine.presets.keep_draft(self._id, inputs, options, schema=schema))

    async def drop(self) -> None:
        await self._thread.ask(self._thread.engine.presets.drop_draft(self._id))

    async def names(self) -> list[str]:
        """Of the presets."""
        return [preset.name for preset in await self._thread.ask(self._thread.engine.presets.all(self._id))]

    async def save(
        self, name: str, inputs: Mapping[str, Any], options: Mapping[str, Any], schema: Any, *, overwrite: bool = False
    ) -> None:
        """Keep a preset. Raises `TaskError` for a bad name, and for a taken one unless it may `overwrite`."""
        presets = self._thread.engine.presets
        await self._thread.ask(presets.save(self._id, name, inputs, options, overwrite=overwrite, schema=schema))

    async def remove(self, name: str) -> None:
        await self._thread.ask(self._thread.engine.presets.remove(self._id, name))

    async def last(self) -> Offer | None:
        """The last launch of this executor."""
        found = await self._thread.ask(self._thread.engine.recent(self._id, limit=1))
        return _launched(found[0]) if found else None

    async def offers(self) -> list[Offer]:
        """The draft, the last launches (newest first), the presets (by name)."""
        draft = await self.draft()
        recents = await self._thread.ask(self._thread.engine.recent(self._id))
        presets = await self._thread.ask(self._thread.engine.presets.all(self._id))
        found = [draft] if draft is not None else []
        return [*found, *map(_launched, recents), *(_kept(preset, "preset") for preset in presets)]


def examples_of(spec: Launchable) -> list[Offer]:
    """What the executor's author offers; a secret in it is asked for like any other."""
    return [
        Offer("example", f"{number}", dict(mask(spec.schema, dict(example))), LaunchOptions())
        for number, example in enumerate(spec.examples, 1)
    ]


def _kept(preset: Preset, kind: Literal["draft", "preset"]) -> Offer:
    return Offer(kind, preset.name, preset.inputs, LaunchOptions(preset.options), preset.at)


def _launched(recent: Recent) -> Offer:
    options = options_of(recent.priority, recent.params, recent.label)
    return Offer("recent", "", recent.inputs, options, recent.at, state_of(recent.status))
