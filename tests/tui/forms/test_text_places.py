"""Where in a text the value of a path stands."""

from __future__ import annotations

from typing import Any

import pytest

from tui.forms.raw_text import Language, lines_of, read, write
from tui.forms.strict_json import dump

VALUE: dict[str, Any] = {
    "a": 1,
    'b "x": {': {"c": [1, {"d": "x\ny", "a": 2}, []], "e": {}},
    "f": "text\nof lines\n",
    "g": [[1, 2], [3, {"h": None}]],
}


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in inner for each in paths(item, (*path, key)))]


@pytest.mark.parametrize("language", ["json", "yaml"])
def test_every_path_is_found_in_its_line(language: Language) -> None:
    text = write(VALUE, language)
    wanted = paths(VALUE)
    found = lines_of(text, language, wanted)
    lines = text.split("\n")
    assert found[()] == 1
    for path in wanted[1:]:
        line = lines[found[path] - 1]
        name = path[-1]
        if isinstance(name, str):
            assert dump(name) in line or f"{name}:" in line, (path, line)
    assert [found["g", 0, 1], found["g", 1, 1, "h"]] == sorted([found["g", 0, 1], found["g", 1, 1, "h"]])


def test_what_is_not_there_is_at_its_parent() -> None:
    text = '{\n  "a": {\n    "b": 1\n  }\n}'
    assert lines_of(text, "json", [("a", "c"), ("x",), ("a", "b", 3)]) == {("a", "c"): 2, ("x",): 1, ("a", "b", 3): 3}


def test_readings_say_where() -> None:
    assert read('{"a": 1,\n "b" 2}', "json").line == 2
    assert read("a: 1\nb: [", "yaml").problem.startswith("YAML: line")
    assert read("a: &x 1", "yaml").column == 4
    assert read(" \n", "json") == read("", "yaml")
