"""What a failed run said of its inputs, at their fields."""

from __future__ import annotations

from typing import Any

import pytest

from tui.forms.told import told_by

SCHEMA = {"type": "object", "properties": {"url": {}, "a.b": {}, "items": {}}}


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("url", ("url",)),
        ("a.b", ("a.b",)),
        ("items[2].name", ("items", 2, "name")),
        ("$.items[0]", ("items", 0)),
        ("/items/1/x~1y", ("items", 1, "x/y")),
        (["items", 1], ("items", 1)),
    ],
)
def test_places_are_read(place: Any, path: Any) -> None:
    found = told_by({"error_type": "validation_error", "error": "bad", "field": place}, None, None, SCHEMA)
    assert [(problem.path, problem.text) for problem in found] == [(path, "bad")]


@pytest.mark.parametrize(
    "result",
    [None, 5, "x", {}, {"field": "url"}, {"error_type": "other", "field": "url"}, {"error_type": "validation_error"},
     {"error_type": "validation_error", "field": 3}, {"error_type": "validation_error", "field": [None]}],
)  # fmt: skip
def test_what_names_no_field_says_nothing(result: Any) -> None:
    assert told_by(result, "bad", None, SCHEMA) == []


def test_lists_of_errors_are_read_and_the_first_of_a_field_counts() -> None:
    errors = [{"loc": ["url"], "msg": "one"}, {"path": "url", "message": "two"}, {"field": "items"}, "x"]
    found = told_by({"errors": errors}, "all", "validation_error", SCHEMA)
    assert [(problem.path, problem.text) for problem in found] == [(("url",), "one"), (("items",), "all")]
