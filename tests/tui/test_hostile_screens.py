"""Foreign text of every awkward kind, in every screen: no control reaches the terminal, and columns stay aligned."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

from engine.store import Store
from tests.tui.console_driver import SMALL, WIDE
from tests.tui.history_driver import Opened, add, history

HOSTILE = {
    "markup": "[/nope] [bold x[/] [@click=app.quit]",
    "escapes": "\x1b[31mred\x1b]52;c;aGk=\x07\x1b[2J\x9b2J\x1b",
    "bidi": "\u202eright\u2066 to \u200fleft\u202c",
    "zero": "zero\u200b\u2060\ufeffwidth\u00ad",
    "wide": "\u4f60\u597d\u4e16\u754c" * 20,
    "combining": "e" + "\u0301" * 40,
    "long": "x" * 200_000,
    "control": "nul\x00bel\x07back\x08\x7f\r\n\ttab",
    "surrogate": "half \\ud800 pair",
}
SCREENS = {
    "history": (),
    "run": ("enter",),
    "log": ("L",),
    "timeline": ("W",),
    "compare": ("B",),
    "jump": ("ctrl+o",),
    "palette": ("ctrl+p",),
    "help": ("question_mark",),
    "messages": ("M"),
    "statistics": ("E",),
    "inputs": ("alt+3",),
    "error": ("alt+4",),
    "info": ("alt+5",),
}


def drawn(opened: Opened) -> list[str]:
    strips = opened.app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip if not segment.control) for strip in strips]


def hidden(text: str) -> set[str]:
    """The characters that a terminal would obey, or that would shift what follows."""
    joiners = "\u200c\u200d\ufe0e\ufe0f"
    return {
        f"{sign!r}"
        for sign in text
        if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in joiners
    }


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["120x36", "80x24"])
@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_control_is_drawn_and_every_line_is_as_wide(tmp_path: Path, kind: str, size: tuple[int, int]) -> None:
    text = HOSTILE[kind]

    async def fill(store: Store) -> None:
        for number in range(2):
            given = {text[:2000]: text, "n": number}
            await add(
                store, f"run-{number}", ("failed", "completed"), executor=text[:300] or "x", hour=number,
                inputs=given, result={"got": [given]}, error=text, label=text[:300], tags=[text[:100]], user=text[:100],
            )  # fmt: skip

    async with history(tmp_path, fill, size=size) as opened:
        for screen, keys in SCREENS.items():
            await opened.press(*keys)
            opened.app.notify(text[:1000], title="x")
            await opened.settle()
            lines = drawn(opened)
            assert set().union(*map(hidden, lines)) == set(), f"{kind} in {screen}"
            assert {cell_len(line) for line in lines} == {size[0]}, f"{kind} in {screen}"
            assert not hidden(opened.app.title + opened.app.sub_title)
            await opened.press("escape")
            if len(opened.app.screen_stack) == 1:
                await opened.press("H")
