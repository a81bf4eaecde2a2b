"""Jump mode: a letter on each row, tab and pane that is seen; its key goes there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.screens.panes import PANES, Pane
from tui.widgets.rows import Rows
from tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from tui.screens.viewing import Viewing

LETTERS = "asdfghjklqwertyuiopzxcvbnmASDFGHJKLQWERTYUIOPZXCVBNM"


class Target(NamedTuple):
    """A place on the screen, and what going there does."""

    x: int
    y: int
    go: Callable[[], object]


def targets(screen: Viewing) -> list[Target]:
    """The rows of the present pane, the tabs of the detail, the other panes; as many as there are letters."""
    found: list[Target] = []
    focused = screen.focus_target
    if isinstance(focused, Rows):
        region = focused.content_region
        top = focused.scroll_offset.y
        found += [Target(region.x, region.y + index - top, partial(_select, focused, index))
                  for index in focused.on_screen()]  # fmt: skip
    if screen.detail.display and screen.detail.task_id is not None:
        bar = screen.detail.query_one(TabBar)
        x = bar.content_region.x
        for number, label in enumerate(bar.labels(), 1):
            found.append(Target(x, bar.content_region.y, partial(_show_tab, screen, number)))
            x += cell_len(label) + 3
    seen = [pane for pane in PANES if any(each.region for each in screen.query(f"#{pane}"))]
    panes = [_pane(screen, pane) for pane in seen if pane != screen.pane]
    return [*panes, *found][: len(LETTERS)]


def _pane(screen: Viewing, pane: Pane) -> Target:
    region = screen.query_one(f"#{pane}").region
    return Target(region.x + 1, region.y, partial(screen.enter, pane))


def _select(rows: Rows, index: int) -> None:
    rows.cursor = index


def _show_tab(screen: Viewing, number: int) -> None:
    screen.enter("detail")
    screen.action_tab(number)


class JumpScreen(ModalScreen[int]):
    """Dismisses with the index of the target whose letter was pressed; any other key leaves."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, found: list[Target]) -> None:
        super().__init__()
        self._targets = found
        self._seen: Size | None = None

    def compose(self) -> ComposeResult:
        for letter, target in zip(LETTERS, self._targets, strict=False):
            label = Static(Content(letter), classes="letter")
            label.styles.offset = (target.x, target.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        event.stop()
        letter = event.character or ""
        at = LETTERS.find(letter) if len(letter) == 1 else -1
        self.dismiss(at if 0 <= at < len(self._targets) else None)

    def on_resize(self, event: events.Resize) -> None:
        """The letters stand where things were: another size ends the mode."""
        if self._seen is not None and self._seen != event.size and self.is_current:
            self.dismiss(None)
        self._seen = event.size
