"""What Textual keeps of widgets that are gone, let go: a console is open for weeks.

With `driver.py` and `boundary.py` the home of Textual's private names (a test pins its version and these names).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from textual._styles_cache import StylesCache
from textual.style import Style

if TYPE_CHECKING:
    from textual.app import App
    from textual.color import Color


@lru_cache(1024)
def _inner_outer(base_background: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base_background + background), Style(background=base_background)


def share_borders() -> None:
    """Have the colours behind borders be remembered by the colours alone.

    Textual remembers them for each widget too, and with it the painted lines of the last thousand that are gone: 50 MB.
    """
    StylesCache.get_inner_outer = lambda _, base, background: _inner_outer(base, background)  # type: ignore[assignment]


def forget_watchers(app: App[Any]) -> None:
    """Forget the widgets that watched the app's attributes and are closed; Textual does when the attribute changes.

    Each text area watches the theme, which may never change.
    """
    for watchers in getattr(app, "__watchers", {}).values():
        watchers[:] = [each for each in watchers if not each[0]._closing]
