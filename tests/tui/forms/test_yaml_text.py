"""Values written as YAML are read back equal, by our own reader and, where it can, by PyYAML's."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.forms import strict_json, strict_yaml
from tui.forms.instance import ABSENT
from tui.forms.yaml_text import dump
from tui.text import safe_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ODD = st.sampled_from(
    ["", " ", "no", "Yes", "null", "~", "1", "1e3", "0x1f", "-", "- a", "a: b", "a #b", "#", "|", "a\n", "\na", " a\nb",
     "a\n\n", "a\n \nb", "\n", "a\tb\n", "---", "...", "---\na", "%x", "@x", "`x", "&a", "*a", "!x", "?", "? a", ":",
     "a:", "{", "[1]", "'", '"', "\\", "2026-03-04", "12:30:00", "<<", "=", "é", "日本\n語", "a\u200bb", "\u3164",
     "\ufeffx", "👨\u200d👩", "\U000e0041", "a\x85b\nc", "x" * 3000, "k: " * 500, "https://x.org/a:b", "•••", "a\r\nb",
     "\u2028\n"]
)  # fmt: skip
WORD = TEXT | ODD
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORD
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORD, inner, max_size=4), max_leaves=20
)


@settings(max_examples=400, deadline=None)
@given(VALUE)
def test_what_is_written_is_read_back(value: Any) -> None:
    text = dump(value)
    assert strict_json.equal(strict_yaml.parse(text), value)
    assert list(_order(strict_yaml.parse(text))) == list(_order(value))
    assert safe_text(text, lines=True) == text, "the screen shows all of it"


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(WORD, WORD, max_size=4))
def test_other_readers_take_text_for_text(value: dict[str, str]) -> None:
    assert yaml.safe_load(dump(value)) == value


def _order(value: Any) -> Any:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _order(item)
    elif isinstance(value, list):
        for item in value:
            yield from _order(item)


@pytest.mark.parametrize("text", ["1.10", "1e3", "-0.0", "123456789012345678901234567890", "1.5E-7"])
def test_numbers_keep_their_text(text: str) -> None:
    written = dump({"count": strict_json.parse(text)})
    assert written == f"count: {text}\n"
    assert strict_json.dump(strict_yaml.parse(written)["count"]) == text


def test_it_looks_like_what_people_write() -> None:
    value = {"name": "deploy web", "on": "yes", "port": "80", "script": "set -e\nmake\n", "list": [{"a": 1}, [], "x"]}
    assert dump(value) == (
        'name: deploy web\n"on": "yes"\nport: "80"\nscript: |\n  set -e\n  make\nlist:\n  - a: 1\n  - []\n  - x\n'
    )
    assert dump(ABSENT) == "" and dump("a\nb") == '"a\\nb"\n'
