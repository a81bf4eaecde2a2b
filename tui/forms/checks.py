"""When a form that is being typed in is checked: between two keys, or beside the loop once the typing pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

from tui.forms import strict_json
from tui.forms.model import Form

LARGE = 50_000
"""Values and characters that are checked between two keys,"""
SLOW = 0.006
"""unless the last checks took the processor more seconds than these;"""
PAUSE = 0.15
"""then they are checked beside the loop, once nothing was typed for so many seconds."""


class Checks:
    """Checks the form that `form` gives; `done` is awaited when a check that was put off is through."""

    def __init__(self, form: Callable[[], Form], done: Callable[[], Awaitable[None]]) -> None:
        self._form, self._done = form, done
        self._checking: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()
        """A launch waits for the check, which then does not wait for a pause."""
        self._edited_at = 0.0

    @property
    def _is_heavy(self) -> bool:
        form = self._form()
        return form.check_seconds > SLOW or strict_json.weight(form.instance, LARGE) > LARGE

    async def now(self) -> None:
        """Find every problem before a launch, beside the loop where that takes longer than a key may."""
        if self._checking is not None:
            self._asked.set()
            await self._checking
        form = self._form()
        if self._is_heavy or form.is_unchecked:
            checked = form.snapshot()
            await asyncio.to_thread(checked.check_in_full)
            form.take_check(checked)

    def edited(self, *, keep: bool) -> None:
        """Put the check of heavy inputs off, one at a time; `keep` says that no place of the form moved or went."""
        self._edited_at = monotonic()
        if not self._is_heavy:
            return
        self._form().put_off_check(keep=keep)
        if self._checking is None:
            self._checking = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        """Check, and again where more was typed meanwhile."""
        try:
            while (form := self._form()).is_unchecked:
                if (left := self._edited_at + PAUSE - monotonic()) > 0 and not self._asked.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._asked.wait(), left)
                    continue
                checked = form.snapshot()
                await asyncio.to_thread(checked.check_in_full)
                form.take_check(checked)
                if checked.is_unchecked:
                    break
        finally:
            self._checking = None
            self._asked.clear()
        await self._done()
