"""A button that a click reaches though the layout moves it while the mouse is held down."""

from __future__ import annotations

from textual import events
from textual.geometry import Region
from textual.widgets import Button


class SteadyButton(Button):
    """Leaving a field can draw a line of error below it, and so move the button away from under the mouse: the press
    counts where the button stood. Moving the mouse off that place before letting go takes the press back."""

    _held: Region | None = None
    """Where it stood on the screen when the mouse went down on it."""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1:
            self._held = self.region
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        held, self._held = self._held, None
        self.release_mouse()
        if held is not None and held.contains_point(event.screen_offset) and not self.disabled:
            self.press()

    async def _on_click(self, event: events.Click) -> None:
        event.stop()
        event.prevent_default()  # mouse_up has pressed it
