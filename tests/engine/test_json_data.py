"""JSON as the store keeps it (behaviour.md 2.8, 4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from engine import json_data


def test_4_5_a_value_that_was_no_json_can_be_stored_once_it_is_mended() -> None:
    value: dict[str, Any] = {"a": [{"b": {1, 2}}]}
    with pytest.raises(json_data.NotJson, match=r"\$\.a\[0\]\.b: set"):
        json_data.encode(value)
    value["a"][0]["b"] = [1, 2]
    assert json_data.encode(value) == '{"a":[{"b":[1,2]}]}'


def test_4_5_what_contains_itself_is_named_and_the_same_value_twice_is_none() -> None:
    inner = {"x": 1}
    assert json_data.encode([inner, inner]) == '[{"x":1},{"x":1}]'
    circle: list[Any] = [1]
    circle.append(circle)
    with pytest.raises(json_data.NotJson, match=r"\$\[1\]: contains itself"):
        json_data.encode(circle)
    with pytest.raises(json_data.NotJson, match="nan"):
        json_data.encode({"a": float("nan")})
    assert json_data.encode("é") == '"é"'


def test_2_8_a_lone_surrogate_comes_back_as_it_was() -> None:
    assert json_data.decode(json_data.encode({"a": "\ud800"})) == {"a": "\ud800"}


@pytest.mark.parametrize("text", ["", " ", "{", "[1] x", "nul", "{'a': 1}", '{"a": 1'])
def test_text_that_is_no_json_says_where(text: str) -> None:
    with pytest.raises(ValueError, match="char"):
        json_data.decode(text)


def test_blanks_around_json_do_not_matter() -> None:
    assert json_data.decode(' {"a": [1, 2.5, null]}\n') == {"a": [1, 2.5, None]}
