"""JSON text is read strictly and written without loss (forms.md 1.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tui.forms.strict_json import JsonError, dump, equal, parse, plain


@pytest.mark.parametrize("text", ['{"b": 1.50, "a": [1, -0.0, 1e3, 2E-5]}', '{"n": 12345678901234567890.10}'])
def test_number_text_and_key_order_are_kept(text: str) -> None:
    assert dump(parse(text), None) == text


def test_a_plain_copy_has_builtin_numbers() -> None:
    value = plain(parse('{"a": [1, 1.50]}'))
    assert value == {"a": [1, 1.5]}
    assert [type(item) for item in value["a"]] == [int, float]


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("[NaN]", 1, 2, "NaN"),
        ("[1,\n -Infinity]", 2, 2, "Infinity"),
        ('{"a": 1,\n "a": 2}', 2, 2, "twice"),
        ('{"a": {"x": 1}, "b": {"x": 1, "x": 2}}', 1, 31, "twice"),
        ('["\\ud800"]', 1, 3, "half a character"),
        ("{", 1, 2, "property name"),
        ('{"a": 1,\n  "b" 2}', 2, 7, "':' delimiter"),
        ("", 1, 1, "expecting value"),
    ],
)
def test_what_is_refused_names_its_place(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"JSON: line {line}, column {column}: ")


@pytest.mark.parametrize("text", ["[" * 300 + "]" * 300, "[" * 200_000, "9" * 5_000])
def test_monstrous_text_is_refused_without_a_crash(text: str) -> None:
    with pytest.raises(JsonError):
        parse(text)


def test_what_a_terminal_would_obey_is_escaped_and_comes_back() -> None:
    value = "\x1b]0;x\x07 \x9b31m \u202e \ufeff é 漢\n"
    text = dump(value)
    assert text.isprintable()
    assert "é 漢" in text
    assert parse(text) == value


def test_a_value_that_is_no_json_is_still_written() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "deeply" in dump(deep)
    assert dump({"a": object()}, None) == '{"a": "<object>"}'


def test_equality_is_that_of_json() -> None:
    assert equal({"a": 1, "b": [True]}, {"b": [True], "a": 1.0})
    assert not equal(True, 1)
    assert not equal([0], [False])
