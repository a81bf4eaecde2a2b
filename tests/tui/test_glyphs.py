"""The table of ASCII twins: whole, and of the same widths."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from rich.cells import cell_len

from tui.glyphs import TWINS, to_ascii

TUI = Path(__file__).parents[2] / "tui"


def drawn(file: Path) -> set[str]:
    """The signs beyond ASCII in the texts of a file; comments and docstrings are not drawn."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant("")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
    return {each for text in texts for each in text if not each.isascii() and each.isprintable()}


@pytest.mark.parametrize("file", sorted(TUI.rglob("*.py")), ids=lambda file: str(file.relative_to(TUI)))
def test_every_sign_that_the_console_draws_has_a_twin(file: Path) -> None:
    reading = {
        *("tui/text.py", "tui/actions.py", "tui/glyphs.py", "tui/forms/strict_json.py"),
        *("tui/log_lines.py", "tui/widgets/looks.py"),
    }
    if str(file.relative_to(TUI.parent)) not in reading:
        assert drawn(file) <= set(TWINS)


def test_twins_are_ascii_and_as_wide() -> None:
    for glyph, twin in TWINS.items():
        assert twin.isascii() and twin.isprintable() and len(twin) == cell_len(glyph), glyph


def test_states_stay_apart() -> None:
    from engine.task import TaskStatus
    from tui.wording import state_of

    assert len({to_ascii(state_of(status))[0] for status in TaskStatus}) == len(TaskStatus)


def test_foreign_text_keeps_its_width() -> None:
    for text in ("naïve", "日本", "e\u0301", "👍 ok", "│ ñ"):
        shown = to_ascii(text, foreign=True)
        assert shown.isascii() and len(shown) == cell_len(text)
    assert to_ascii("│ ñ") == "| ñ", "a terminal that was told to draw ASCII may still know more"
