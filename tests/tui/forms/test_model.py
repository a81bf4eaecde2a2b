"""The form without a terminal: states, edits, problems and what is sent (forms.md 1.3, 1.5, 5.1)."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.tui.forms.reading import AUTH, problems, row
from tui.forms.model import ABSENT, Form, Path
from tui.forms.strict_json import dump

TASK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Who"},
        "timeout": {"type": "integer", "minimum": 1, "maximum": 300, "default": 30},
        "price": {"type": "number", "multipleOf": 0.01},
        "loud": {"type": "boolean"},
        "style": {"enum": ["plain", "formal"]},
        "note": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 3},
        "limits": {"type": "object", "properties": {"cpu": {"type": "number"}, "mem": {"type": "integer"}}},
        "owner": {"type": "object", "properties": {"mail": {"type": "string"}}, "required": ["mail"]},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "token": {"type": "string"},
    },
    "required": ["name", "owner"],
}


def filled() -> Form:
    return Form(TASK, {"name": "Alice", "owner": {"mail": "a@b.c"}})


# --- rows --------------------------------------------------------------------------------------------------------


def test_rows_say_what_they_are() -> None:
    form = Form(TASK)
    kinds = {row.path: row.kind for row in form.rows()}
    assert list(kinds)[:4] == [(), ("name",), ("owner",), ("owner", "mail")], "required first, then as the schema has"
    assert kinds == {
        (): "object",
        ("name",): "text",
        ("owner",): "object",
        ("owner", "mail"): "text",
        ("timeout",): "integer",
        ("price",): "number",
        ("loud",): "boolean",
        ("style",): "choice",
        ("note",): "text",
        ("tags",): "array",
        ("limits",): "object",
        ("env",): "map",
        ("token",): "secret",
    }
    assert row(form, "name").help == "Who"
    assert row(form, "name").required and not row(form, "timeout").required
    assert row(form, "timeout").constraint == "integer 1…300"
    assert row(form, "style").options == [("plain", "plain"), ("formal", "formal")]
    assert row(form, "note").nullable


def test_required_sections_stand_open_optional_ones_closed() -> None:
    form = Form(TASK)
    assert row(form, "owner").is_open and not row(form, "limits").is_open
    form.open(("limits",))
    assert row(form, "limits", "cpu").depth == 1
    form.close(("limits",))
    assert ("limits", "cpu") not in [row.path for row in form.rows()]


# --- the four states (1.3) ---------------------------------------------------------------------------------------


def test_a_field_is_absent_null_empty_or_has_a_value() -> None:
    form = filled()
    states = []
    for edit in (lambda: form.set(("note",), "x"), lambda: form.set(("note",), ""), lambda: form.set_null(("note",))):
        states.append(row(form, "note").state)
        edit()
    states.append(row(form, "note").state)
    form.unset(("note",))
    assert states == ["absent", "value", "empty", "null"]
    assert row(form, "note").state == "absent"
    assert "note" not in form.instance


@pytest.mark.parametrize(("path", "typed"), [(("note",), "x"), (("timeout",), "5"), (("price",), "1.5")])
def test_cleared_text_is_absent_never_empty_or_zero(path: Path, typed: str) -> None:
    form = filled()
    form.enter(path, typed)
    form.enter(path, "")
    assert form.instance == {"name": "Alice", "owner": {"mail": "a@b.c"}}
    assert row(form, *path).state == "absent"


def test_empty_text_is_sent_when_asked_for_or_loaded() -> None:
    form = filled()
    form.set(("note",), "")
    assert form.sent["note"] == ""
    assert Form(TASK, {"note": ""}).instance == {"note": ""}


def test_a_required_text_left_empty_is_required() -> None:
    form = Form(TASK)
    form.enter(("name",), "A")
    form.enter(("name",), "")
    assert problems(form)[("name",)] == "is required"
    assert next(p for p in form.problems if p.path == ("name",)).kind == "required"


def test_a_default_is_shown_not_sent_and_never_fills_what_was_cleared() -> None:
    form = filled()
    assert row(form, "timeout").default == 30 and row(form, "timeout").state == "absent"
    assert "timeout" not in form.sent, "the engine fills it"
    assert form.payload["timeout"] == 30, "and the preview shows what execute will get"
    form.enter(("timeout",), "5")
    form.enter(("timeout",), "")
    assert row(form, "timeout").text == "" and "timeout" not in form.instance


def test_a_default_that_breaks_its_schema_is_flagged() -> None:
    form = Form({"type": "object", "properties": {"n": {"type": "integer", "maximum": 5, "default": 9}}})
    assert row(form, "n").default == 9 and "does not fit" in row(form, "n").note
    assert form.problems == [] and form.payload == {}, "it is not filled, so nothing stands against a launch"


def test_optional_containers_go_when_they_are_emptied() -> None:
    form = filled()
    form.enter(("limits", "cpu"), "1")
    form.enter(("limits", "cpu"), "")
    assert "limits" not in form.instance
    form.enter(form.add(("tags",)), "a")
    form.remove(("tags", 0))
    assert "tags" not in form.instance


def test_containers_that_were_loaded_empty_stay() -> None:
    form = Form(TASK, {"limits": {}, "tags": [], "name": "A", "owner": {"mail": "m"}})
    form.enter(("limits", "cpu"), "1")
    form.enter(("limits", "cpu"), "")
    form.add(("tags",))
    form.remove(("tags", 0))
    assert form.instance == {"limits": {}, "tags": [], "name": "A", "owner": {"mail": "m"}}


def test_required_containers_are_sent_and_their_fields_asked_for() -> None:
    schema = {
        "type": "object",
        "required": ["owner", "list"],
        "properties": {
            "owner": {"type": "object", "properties": {"mail": {"type": "string"}}, "required": ["mail"]},
            "list": {"type": "array", "items": {"type": "string"}},
        },
    }
    form = Form(schema)
    assert form.instance == form.sent == {"owner": {}, "list": []}
    assert problems(form) == {("owner", "mail"): "is required"}
    assert problems(Form(schema, {})) == {("owner",): "is required", ("list",): "is required"}, "what was given, stands"


def test_a_required_boolean_must_be_chosen_and_may_be_no() -> None:
    form = Form({"type": "object", "properties": {"b": {"type": "boolean"}}, "required": ["b"]})
    assert problems(form) == {("b",): "is required"}
    form.set(("b",), False)
    assert form.problems == [] and form.sent == {"b": False}


def test_a_required_constant_is_sent_an_optional_one_when_taken() -> None:
    form = Form({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "required": ["a"]})
    assert form.sent == {"a": 1}
    form.set(("b",), 2)
    assert form.sent == {"b": 2, "a": 1}


def test_read_only_input_is_shown_and_not_sent() -> None:
    form = Form({"type": "object", "properties": {"id": {"type": "string", "readOnly": True}}}, {"id": "x"})
    assert row(form, "id").read_only and form.instance == {"id": "x"} and form.sent == {}


# --- what is loaded is kept --------------------------------------------------------------------------------------


def test_loaded_data_comes_out_equal_with_its_order() -> None:
    given = {"zeta": [1, {"b": None}], "owner": {"mail": "m", "x": 1}, "name": "A", "timeout": 5}
    form = Form(TASK, given)
    form.rows()
    assert dump(form.instance) == dump(given) and dump(form.sent) == dump(given)
    assert row(form, "zeta").kind == "any", "a key that the schema does not name has a row too"


def test_number_text_is_kept_from_text_to_text() -> None:
    text = '{\n  "name": "A",\n  "price": 1.50,\n  "owner": {\n    "mail": "m"\n  }\n}'
    form = Form.from_text(TASK, text)
    assert row(form, "price").text == "1.50"
    form.enter(("timeout",), "007")
    assert form.text() == text.replace('    "mail": "m"\n  }', '    "mail": "m"\n  },\n  "timeout": 7')
    assert type(form.sent["price"]) is float


def test_half_typed_and_wrong_text_is_kept_and_named() -> None:
    form = filled()
    for text, words in (
        ("-", "must be a whole number"),
        ("1_0", "must be a whole number"),
        ("900", "must be 1 to 300"),
    ):
        form.enter(("timeout",), text)
        assert row(form, "timeout").text == text
        assert problems(form) == {("timeout",): words}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (TASK, {"limits": "not an object", "tags": {"a": 1}, "name": 5, "loud": "maybe", "style": "x"}),
        (TASK, ["a list"]),
        (TASK, None),
        (TASK, "text"),
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"type": "string"}, "x"),
        (True, {"a": 1}),
        ({}, [1]),
    ],
)
def test_data_of_another_shape_is_shown_and_kept(schema: Any, value: Any) -> None:
    form = Form(schema, value)
    assert form.rows()
    form.problems  # noqa: B018 - must not raise
    assert form.instance == value


def test_text_with_control_characters_is_edited_as_json() -> None:
    form = Form(TASK, {"name": "a\x1b[0m"})
    assert row(form, "name").kind == "raw" and row(form, "name").text == '"a\\u001b[0m"'
    form.enter(("name",), '"b\\u001b"')
    assert form.instance["name"] == "b\x1b"


# --- lists and maps ----------------------------------------------------------------------------------------------


def test_items_are_added_removed_and_moved() -> None:
    form = filled()
    for word in ("a", "b", "c"):
        form.enter(form.add(("tags",)), word)
    assert form.instance["tags"] == ["a", "b", "c"]
    assert form.move(("tags", 0), 1) == ("tags", 1)
    assert form.instance["tags"] == ["b", "a", "c"]
    assert form.move(("tags", 2), 5) == ("tags", 2), "no further than the end"
    form.remove(("tags", 1))
    assert form.instance["tags"] == ["b", "c"]
    assert [item.label for item in form.rows() if item.path[:1] == ("tags",)] == ["Tags", "1", "2"]


def test_problems_of_items_stand_at_the_items() -> None:
    form = Form(TASK, {"name": "A", "owner": {"mail": "m"}, "tags": ["a", "", "c", "d"]})
    assert set(problems(form)) == {("tags",), ("tags", 1)}


def test_a_blank_item_of_a_number_list_is_to_fill() -> None:
    form = Form({"type": "object", "properties": {"n": {"type": "array", "items": {"type": "integer"}}}})
    path = form.add(("n",))
    assert problems(form) == {path: "is required"}
    form.enter(path, "4")
    assert form.problems == [] and form.sent == {"n": [4]}


def test_entries_have_keys_of_their_own() -> None:
    form = filled()
    path = form.add(("env",))
    assert problems(form)[path] == "needs a name"
    path = form.rename(path, "A")
    form.enter(path, "1")
    other = form.add(("env",), "B")
    form.enter(other, "2")
    assert form.instance["env"] == {"A": "1", "B": "2"} and form.problems == []
    assert form.rename(other, "A") == other, "a taken key overwrites nothing (forms.md 3.8)"
    assert form.instance["env"] == {"A": "1", "B": "2"} and "taken" in problems(form)[other]
    assert form.rename(("env", "A"), "Z") == ("env", "Z")
    assert list(form.instance["env"]) == ["Z", "B"], "in its place"


def test_long_lists_start_closed() -> None:
    form = Form(TASK, {"tags": [str(at) for at in range(200)]})
    assert not row(form, "tags").is_open


# --- undo --------------------------------------------------------------------------------------------------------


def test_undo_and_redo_take_whole_edits() -> None:
    form = filled()
    for end in range(1, 4):
        form.enter(("note",), "abc"[:end])
    form.enter(form.add(("tags",)), "x")
    form.remove(("tags", 0))
    form.undo()
    assert form.instance["tags"] == ["x"], "a removed item comes back"
    form.undo()
    form.undo()
    assert "tags" not in form.instance and form.instance["note"] == "abc"
    form.undo()
    assert "note" not in form.instance, "a run of keys is one step"
    form.undo()
    assert form.instance == filled().instance
    for _ in range(9):
        form.redo()
    assert form.instance == {**filled().instance, "note": "abc"}


# --- unions, conditions, references --------------------------------------------------------------------------------


def test_a_union_keeps_the_choice_and_a_draft_per_branch() -> None:
    form = Form(AUTH)
    assert row(form, "auth").branches == ["Basic", "key", "text"] and row(form, "auth").chosen is None
    form.choose(("auth",), 0)
    form.enter(("auth", "user"), "ada")
    form.choose(("auth",), 1)
    assert form.instance == {"auth": {"type": "key"}}
    assert problems(form) == {("auth", "key"): "is required"}
    form.choose(("auth",), 2)
    form.enter(("auth",), "plain")
    assert form.instance == {"auth": "plain"} and form.problems == []
    form.choose(("auth",), 0)
    assert form.instance == {"auth": {"type": "basic", "user": "ada"}}


def test_the_branch_of_loaded_data_is_found_by_its_constant() -> None:
    form = Form(AUTH, {"auth": {"type": "key"}})
    assert row(form, "auth").chosen == 1
    assert row(form, "auth", "key").required


def test_x_or_null_is_x_that_may_be_null() -> None:
    form = Form({"type": "object", "properties": {"n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}})
    assert row(form, "n").kind == "integer" and row(form, "n").nullable
    form.set_null(("n",))
    assert form.sent == {"n": None} and form.problems == []


def test_conditions_are_drawn_live() -> None:
    schema = {
        "type": "object",
        "properties": {"pet": {"enum": ["yes", "no"]}},
        "if": {"properties": {"pet": {"const": "yes"}}, "required": ["pet"]},
        "then": {"properties": {"age": {"type": "integer"}}, "required": ["age"]},
        "dependentRequired": {"age": ["vet"]},
    }
    form = Form(schema)
    assert [item.path for item in form.drawn()] == [("pet",)]
    form.set(("pet",), "yes")
    assert row(form, "age").required and ("age",) in problems(form)
    form.enter(("age",), "3")
    assert ("vet",) in problems(form)


def test_references_and_all_of_are_merged() -> None:
    schema = {
        "$defs": {"port": {"type": "integer", "minimum": 1, "description": "A port"}},
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/port", "title": "Mine"},
            "b": {"allOf": [{"$ref": "#/$defs/port"}, {"maximum": 9}]},
            "c": {"$ref": "https://example.org/never-fetched.json"},
        },
    }
    form = Form(schema)
    assert (row(form, "a").kind, row(form, "a").label, row(form, "a").help) == ("integer", "Mine", "A port")
    assert row(form, "b").constraint == "integer 1…9"
    assert row(form, "c").kind == "raw" and "example.org" in row(form, "c").reason


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {
            "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"]}},
            "$ref": "#/$defs/n",
        },
        {"allOf": [{"$ref": "#"}]},
        {"type": "object", "properties": {"a": {"type": "nonsense"}, "b": 5, "c": {"enum": 3}, "d": False}},
        {"type": "object", "properties": {"$ref": {"type": "string"}, "items": {"type": "integer"}, "a.b": True}},
        {"properties": 3, "required": "x", "items": "y"},
        {"type": ["string", 5, None]},
        "not a schema",
        None,
        [1],
        False,
    ],
)
def test_no_schema_makes_it_raise(schema: Any) -> None:
    for instance in (ABSENT, {}, {"a": {"a": 1}, "$ref": "x"}, [1], 5, None):
        form = Form(schema, instance)
        assert len(form.rows()) < 100
        for item in form.rows():
            form.enter(item.path, "x")
        form.text()
        form.undo()
        assert isinstance(form.problems, list)


def test_a_schema_that_cannot_be_used_is_a_problem() -> None:
    form = Form({"type": "nonsense"})
    assert form.problems and form.schema_problem


# --- the JSON of it (1.6) ----------------------------------------------------------------------------------------


def test_text_that_does_not_parse_is_kept_and_holds_the_launch() -> None:
    form = filled()
    said = form.load_text('{"name": ')
    assert said is not None and said.startswith("JSON: line 1, column 10")
    assert form.text() == '{"name": ' and form.instance == filled().instance
    assert said in [problem.text for problem in form.problems]
    assert form.load_text('{"name": "B", "owner": {"mail": "m"}}') is None
    assert form.problems == [] and form.sent == {"name": "B", "owner": {"mail": "m"}}
    form.undo()
    assert form.instance == filled().instance


def test_secrets_never_stand_in_the_text_and_stay_where_the_mask_stays() -> None:
    form = Form(TASK, {"name": "A", "owner": {"mail": "m"}, "token": "hunter2", "env": {"API_KEY": "k"}})
    assert "hunter2" not in form.text() and '"token": "•••"' in form.text() and '"API_KEY": "•••"' in form.text()
    form.load_text(form.text().replace('"A"', '"B"'))
    assert form.instance["token"] == "hunter2" and form.instance["env"] == {"API_KEY": "k"}
    assert form.instance["name"] == "B"


def test_a_secret_that_was_not_kept_is_asked_for_again() -> None:
    form = Form(TASK, {"name": "•••", "owner": {"mail": "m"}, "token": "•••"})
    assert problems(form) == {("token",): "is not kept; type it again"}
    form.enter(("token",), "new")
    assert form.problems == []


# --- the rest ----------------------------------------------------------------------------------------------------


def test_problems_come_in_the_order_of_the_rows() -> None:
    form = Form(TASK, {"tags": [""], "timeout": 0, "env": {"a": 1}})
    assert [p.path for p in form.problems] == [("name",), ("owner",), ("timeout",), ("tags", 0), ("env", "a")]


def test_another_schema_keeps_what_was_typed() -> None:
    form = filled()
    form.enter(("timeout",), "-")
    other = form.with_schema({"type": "object", "properties": {"name": {"type": "string"}, "new": {"type": "boolean"}}})
    assert other.instance == form.instance
    assert {item.path for item in other.rows()} >= {("name",), ("new",), ("timeout",), ("owner",)}


def test_the_model_imports_without_textual() -> None:
    code = "import sys, tui.forms.model; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
