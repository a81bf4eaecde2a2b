"""What typed text means, and how values are shown (forms.md 1.2, 1.3)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tui.forms import fields, strict_json
from tui.forms.model import Form


@pytest.mark.parametrize("text", ["0", "-7", "1.50", ".5", "5.", "+3", "1e3", "007", " 4 "])
def test_numbers_are_read_as_typed(text: str) -> None:
    number = fields.read("number", text)
    assert isinstance(number, int | float)
    assert fields.show("number", number) == text.strip()


@pytest.mark.parametrize("text", ["1_000", "١٢", "0x1f", "nan", "inf", "1e400", "--1", "-", "1,5", "1 2", "9" * 401])
def test_what_is_no_number_stays_the_text_it_is(text: str) -> None:
    assert fields.read("integer", text) == text


def test_the_number_check_is_linear() -> None:
    """A paste of digits with a letter froze Textual's own typed input (forms.md 0.1)."""
    started = time.perf_counter()
    for text in ("1" * 100_000 + "x", "1" * 390 + "x", "." * 390, "1e" * 190):
        fields.read("number", text)
    assert time.perf_counter() - started < 0.3


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        ("123", ["integer", "string"], 123),
        ('"123"', ["integer", "string"], "123"),
        ("true", ["string", "boolean"], True),
        ("true", ["string"], "true"),
        ("abc", ["integer", "string"], "abc"),
        ("1.0", ["integer"], 1.0),
        ('{"a": [1]}', [], {"a": [1]}),
        ('{"a": ', [], '{"a": '),
    ],
)
def test_a_row_of_any_type_reads_json_or_text(text: str, types: list[str], value: Any) -> None:
    read = fields.read("any", text, types)
    assert strict_json.equal(read, value)


@pytest.mark.parametrize("value", ["abc", "123", "true", '"', "", "null", "\x1b[0m", 5, 1.5, True, {"a": ["x"]}])
def test_what_a_row_of_any_type_shows_is_read_back(value: Any) -> None:
    assert strict_json.equal(fields.read("any", fields.show("any", value)), value)


def test_text_in_a_number_row_is_told_from_the_number() -> None:
    assert fields.show("integer", "5") == '"5"'
    assert fields.show("integer", "abc") == "abc"


@pytest.mark.parametrize(
    ("schema", "kind", "words"),
    [
        ({"minimum": 1, "maximum": 300}, "integer", "integer 1…300"),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.5}, "number", "number >0 <1 ×0.5"),
        ({"minimum": 0, "exclusiveMinimum": True}, "number", "number >0"),
        ({"minLength": 1, "maxLength": 80}, "text", "text 1…80"),
        ({"format": "email"}, "text", "email"),
        ({"maxItems": 3}, "array", "≤3 items"),
        ({"minimum": "x", "maximum": None}, "integer", "integer"),
        ({}, "boolean", "yes/no"),
    ],
)
def test_constraints_in_a_few_words(schema: dict[str, Any], kind: str, words: str) -> None:
    assert fields.constraint(schema, kind) == words


@pytest.mark.parametrize(
    ("name", "label"),
    [("max_tokens", "Max tokens"), ("maxTokens", "Max tokens"), ("URL", "URL"), ("a.b", "a.b"), ("_", "_"), ("", "")],
)
def test_names_become_labels(name: str, label: str) -> None:
    assert fields.humanise(name) == label


def test_pastes_of_many_items() -> None:
    assert fields.split_many("a\nb, c\n\n") == ["a", "b, c"]
    assert fields.split_many("a, b,c") == ["a", "b", "c"]
    assert fields.split_many('["a", 1, true]') == ["a", "1", "true"]


def test_pastes_of_many_entries() -> None:
    text = "# comment\nA=1\nexport B='x = y'\n-H 'Accept: text/html' \\\nC: http://host\n"
    assert fields.split_pairs(text) == [("A", "1"), ("B", "x = y"), ("Accept", "text/html"), ("C", "http://host")]
    assert fields.split_pairs('{"A": {"b": 1}}') == [("A", {"b": 1})]
    assert fields.split_pairs("-----BEGIN\nabc\n") is None


def test_what_stands_inside_something_read_only_is_read_only_too() -> None:
    inside = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}, "readOnly": True}
    form = Form({"type": "object", "properties": {"l": inside}}, {"l": [{"a": "x"}]})
    form.open(("l",))
    form.open(("l", 0))
    rows = [row for row in form.rows() if row.path[:1] == ("l",)]
    assert len(rows) == 3 and all(row.read_only and not row.growable and not row.removable for row in rows)
