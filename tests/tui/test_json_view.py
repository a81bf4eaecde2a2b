"""Results as a tree that folds, as a table that sorts, and read in slices."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.json_slices import SMALL, read_json
from tui.json_tree import GROUP, JsonTree, Node, at_path, find_paths, path_text, preview
from tui.result_shapes import default_shape, shapes_of
from tui.search import Pattern
from tui.table import Table, is_table

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)


def labels(tree: JsonTree) -> list[Any]:
    return [node.label for node in tree.rows]


# --- slices ------------------------------------------------------------------------------------------------------


@given(JSON)
def test_what_the_store_keeps_is_read_as_it_was(value: Any) -> None:
    text = json.dumps(value, separators=(",", ":"))
    assert read_json(text) == value
    assert read_json(zlib.compress(text.encode())) == value


@settings(max_examples=30, deadline=None)
@given(JSON, st.sampled_from([(",", ":"), (", ", ": ")]))
def test_large_ones_too(value: Any, separators: tuple[str, str]) -> None:
    large = {
        "a": value,
        "fill": ["x" * 1_000] * (SMALL // 1_000 + 1),
        "b": [[value, {}], [], {"c": {"d": [value]}}],
        "": "",
    }
    assert read_json(json.dumps(large, separators=separators)) == large


@pytest.mark.parametrize("text", ["[1,2", '{"a":1,}', "[1;2]", '{"a"1}', "[1]]]"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_json("[" + '"x",' * SMALL + text)


# --- the tree ----------------------------------------------------------------------------------------------------


def test_a_small_value_is_unfolded_whole() -> None:
    tree = JsonTree({"a": [1, {"b": None}], "c": {}})
    assert labels(tree) == [None, "a", 0, 1, "b", "c"]
    assert [node.depth for node in tree.rows] == [0, 1, 2, 2, 3, 1]


def test_folding_hides_what_is_below_and_only_that() -> None:
    tree = JsonTree({"a": [1, [2, 3]], "b": 4})
    assert tree.fold(1) and labels(tree) == [None, "a", "b"]
    assert not tree.fold(1) and tree.unfold(1)
    assert labels(tree) == [None, "a", 0, 1, "b"], "what was below is folded then"
    assert not tree.unfold(0) and not tree.unfold(2), "a number has nothing to show"
    assert tree.parent_row(3) == 1 and tree.parent_row(4) == 0 == tree.parent_row(0)


def test_a_million_items_have_rows_by_the_thousand() -> None:
    tree = JsonTree(list(range(1_000_000)))
    assert len(tree.rows) == 1_001
    assert tree.unfold(3) and len(tree.rows) == 2_001
    assert tree.rows[4].label == 2 * GROUP and tree.rows[4].path == (2_000,)
    row = tree.reveal((777_777,))
    assert tree.rows[row].value == 777_777


def test_large_values_open_their_outer_levels_only() -> None:
    tree = JsonTree({"items": [{"id": n} for n in range(500)], "total": 500})
    assert labels(tree) == [None, "items", "total"]


def test_long_texts_unfold_into_lines() -> None:
    tree = JsonTree({"text": "one\ntwo\n" + "x" * 200})
    assert tree.unfold(1)
    assert [node.value for node in tree.rows[2:]] == ["one", "two", "x" * 160, "x" * 40]
    assert tree.rows[3].path == ("text",)


@given(JSON)
def test_every_value_is_found_and_shown(value: Any) -> None:
    for path in find_paths(value, Pattern("e")):
        tree = JsonTree(value)
        node = tree.rows[tree.reveal(path)]
        assert node.path == path and node.value == at_path(value, path)
    assert isinstance(preview([value]), str)


def test_paths_are_written_as_one_reads_them() -> None:
    assert path_text(("a", 3, "b c", "_d")) == '$.a[3]["b c"]._d'
    assert path_text(()) == "$"


def test_keys_and_values_are_found_in_order() -> None:
    value = {"name": "x", "list": [{"name": 1}, "a name"], "n": {"x": "NAME"}}
    assert find_paths(value, Pattern("name")) == [("name",), ("list", 0, "name"), ("list", 1), ("n", "x")]


def test_a_value_that_is_under_two_keys_folds_by_itself() -> None:
    shared = [1, 2]
    tree = JsonTree({"a": shared, "b": shared})
    tree.fold(1)
    assert labels(tree) == [None, "a", "b", 0, 1]
    assert isinstance(tree.rows[0], Node)


# --- tables, shapes ----------------------------------------------------------------------------------------------


def test_columns_come_in_the_order_of_the_keys() -> None:
    table = Table.of([{"a": 1, "b": "x"}, {"c": None, "a": 2.5}, {"a": [1, 2], "b": {}}])
    assert table.columns == ["a", "b", "c"]
    assert [[table.text(row, column) for column in table.columns] for row in range(3)] == [
        ["1", "x", ""], ["2.5", "", "null"], ["[2]", "{0}", ""],
    ]  # fmt: skip
    assert table.lines() == ["a\tb\tc", "1\tx\t", "2.5\t\tnull", "[2]\t{0}\t"]


def test_sorting_rises_falls_and_ends() -> None:
    table = Table.of([{"a": "b"}, {"a": 10}, {}, {"a": 9}, {"a": "A"}])

    def values(table: Table) -> list[Any]:
        return [table.value(row, "a") for row in range(5)]

    rising = table.sorted_by("a")
    assert values(rising) == [9, 10, "A", "b", None]
    falling = rising.sorted_by("a")
    assert values(falling) == ["b", "A", 10, 9, None], "what has none stays at the end"
    assert values(falling.sorted_by("a")) == values(table)


@pytest.mark.parametrize(
    ("value", "shapes"),
    [
        ([{"a": 1}, {"a": 2, "b": 3}], ("table", "json", "text")),
        ([{"a": 1}, {"b": 2}], ("json", "text")),
        ([{"a": 1}, 2], ("json", "text")),
        ([], ("json", "text")),
        ({"a": 1}, ("json", "text")),
        ("# title\ntext", ("text", "json")),
        (7, ("text", "json")),
    ],
)
def test_the_shape_follows_the_value(value: Any, shapes: tuple[str, ...]) -> None:
    assert shapes_of(value) == shapes
    assert default_shape(json.dumps(value), True)[1].kind == shapes[0]
    assert is_table(value) == (shapes[0] == "table")


def test_headings_of_a_text_stand_out() -> None:
    _, page = default_shape("# title\nplain\n## part", False)
    assert page.content == [("# title", "head"), ("plain", ""), ("## part", "head")]
