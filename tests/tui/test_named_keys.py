"""What the console says of keys is what is bound: keymap.toml may give an action others (console.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tui
from screenshots.demo import empty_engine
from tests.tui.console_driver import console
from tests.tui.forms.test_named_keys import NAMED, said
from tui.keymap import Keymap

TUI = Path(tui.__file__).parent
SOURCES = [
    file
    for part in (TUI, TUI / "screens", TUI / "widgets")
    for file in sorted(part.glob("*.py"))
    if not file.name.endswith("actions.py")  # the tables of the default keys
]
FIXED = {
    "text_edit.py": {"F2"},
    "filters.py": {"ctrl+t"},
    "keys_page.py": {"ctrl+k", "ctrl+j"},
    "typeahead.py": {"ctrl+c", "ctrl+q"},
}
"""Keys of a dialog that are in no keymap, and those of examples."""


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_no_text_names_a_key_that_may_be_another_one(file: Path) -> None:
    found = {key for text in said(ast.parse(file.read_text(encoding="utf-8"))) for key in NAMED.findall(text)}
    assert found <= FIXED.get(file.name, set())


async def test_empty_lists_name_the_keys_of_the_keymap() -> None:
    own = Keymap({"catalogue.filter": ("ctrl+f",), "catalogue.launch": ("f3",), "launch.run": ("f5",)})
    async with console(empty_engine) as driven:
        driven.app.keys = own
        driven.console.runs.ready()
        await driven.settle()
        assert "ctrl+f finds an executor, F3 opens its form" in driven.screen
        assert "F5 in the form launches it" in driven.screen
