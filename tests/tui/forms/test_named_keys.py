"""What the form says of keys is what is bound: keymap.toml may give an action others (console.md)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui
from tests.tui.forms.schemas import fields
from tests.tui.launch_driver import dialog
from tui.forms.folds import More
from tui.forms.heads import MoreLine
from tui.keymap import Keymap

NAMED = re.compile(r"\b(F\d{1,2}|ctrl\+\w|alt\+\w)\b")
FIXED = {"text_edit.py": {"F2"}, "choice.py": {"alt+a", "alt+n"}}
"""Keys of a screen that are in no keymap."""
SOURCES = [
    *sorted((Path(tui.__file__).parent / "forms").glob("*.py")),
    *sorted((Path(tui.__file__).parent / "screens").glob("launch*.py")),
    *((Path(tui.__file__).parent / "screens" / f"{name}.py") for name in ("recall", "text_edit", "imported", "shelf")),
]


def said(tree: ast.AST) -> Iterator[str]:
    """The texts of a module that are neither its docstrings nor the keys of a binding."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Binding":
            skipped |= set(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.value


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_no_text_of_the_form_names_a_key_that_may_be_another_one(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = {key for text in said(tree) for key in NAMED.findall(text)}
    assert found <= FIXED.get(file.name, set())


async def test_texts_name_the_keys_of_the_keymap() -> None:
    schema = fields(a={"type": ["string", "integer"]}, b={"type": ["string", "null"]})
    async with dialog(schema) as driven:
        driven.app.keys = Keymap({"launch.reading": ("ctrl+y",), "launch.menu": ("f3",), "launch.search": ("f11",)})  # type: ignore[attr-defined]
        await driven.focus("a")
        await driven.press("1")
        assert "integer ctrl+y" in driven.picture()
        await driven.focus("b")
        await driven.press("x")
        assert "F3 n null" in driven.said("hint")
        line = MoreLine(More(3, True))
        await driven.screen.mount(line)
        assert "F11 finds one" in str(line.draw())
