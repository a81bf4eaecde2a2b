"""Compiling schemas, checking inputs, filling defaults: behaviour.md 4.1 to 4.3, forms.md 0 and 2.3."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from engine.schema import KEPT, SchemaError, compile

ROOT = Path(__file__).parents[2]

GREETING = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Who to greet"},
        "language": {"type": "string", "enum": ["en", "es", "fr", "zh"], "default": "en"},
    },
    "required": ["name"],
}


def texts(schema: Any, instance: Any, ignore: tuple[str, ...] = ()) -> list[str]:
    """The problems as lines; every use proves that is_valid says the same."""
    checker = compile(schema)
    found = [str(problem) for problem in checker.problems(instance, ignore)]
    assert checker.is_valid(instance, ignore) is not bool(found)
    return found


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


class TestCompile:
    def test_equal_schemas_share_a_checker_and_later_changes_do_not_reach_it(self) -> None:
        schema = copy.deepcopy(GREETING)
        checker = compile(schema)
        assert compile(copy.deepcopy(GREETING)) is checker
        schema["properties"]["name"] = {"type": "integer"}  # type: ignore[index]
        assert checker.is_valid({"name": "Ann"})
        assert checker.schema == GREETING
        assert compile(schema) is not checker

    def test_the_number_kept_is_bounded(self) -> None:
        first = compile({"title": "first"})
        for number in range(KEPT + 1):
            compile({"title": f"other {number}"})
        assert compile({"title": "first"}) is not first

    def test_threads_may_compile_and_check_at_once(self) -> None:
        def work(number: int) -> bool:
            checker = compile({"type": "object", "properties": {f"n{number % 5}": {"type": "integer"}}})
            return checker.is_valid({f"n{number % 5}": 1}) and not checker.is_valid({f"n{number % 5}": "x"})

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(80)))

    def test_true_false_and_mappings_are_schemas(self) -> None:
        assert compile(True).is_valid({"a": 1})
        assert texts(False, {}) == ["is not allowed here"]
        assert texts(MappingProxyType({"type": "integer"}), "x") == ["must be a whole number"]

    @pytest.mark.parametrize(
        ("schema", "path", "says"),
        [
            ({"properties": {"a": {"type": "strng"}}}, ("properties", "a", "type"), "not strng"),
            ({"properties": {"a": {"minimum": "3"}}}, ("properties", "a", "minimum"), "must be a number"),
            ({"items": [{"type": "strng"}]}, ("items", 0, "type"), "items[0].type"),
            ({"properties": {"a": {"pattern": "("}}}, ("properties", "a", "pattern"), "regular expression"),
            ({"multipleOf": 0}, ("multipleOf",), "must be more than 0"),
            ("nothing", (), "must be an object, true or false, not str"),
            ({"enum": {1, 2}}, (), "is not JSON at $.enum: set"),
            ({"default": nested(300), "not": {"type": 3}}, ("not", "type"), "not.type"),
        ],
    )
    def test_a_wrong_schema_says_where_and_what_4_3(self, schema: Any, path: Any, says: str) -> None:
        with pytest.raises(SchemaError, match=r"^the schema") as caught:
            compile(schema)
        assert caught.value.path == path
        assert says in str(caught.value)

    def test_a_schema_nested_without_measure_is_refused(self) -> None:
        schema: Any = {"type": "integer"}
        for _ in range(300):
            schema = {"properties": {"a": schema}}
        with pytest.raises(SchemaError, match="deep"):
            compile(schema)

    def test_importing_the_room_costs_no_jsonschema(self) -> None:
        code = (
            "import sys, engine.schema as s; s.is_secret('token', {}); s.mask({}, {'token': 'x'});"
            "print('jsonschema' in sys.modules, end=' ');"
            "s.compile({}); print('jsonschema' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["False", "True"]


class TestDraft:
    @pytest.mark.parametrize(
        ("schema", "draft", "note"),
        [
            ({}, "2020-12", ""),
            ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "2020-12", ""),
            ({"$schema": "https://json-schema.org/draft/2019-09/schema"}, "2019-09", ""),
            ({"$schema": "http://json-schema.org/draft-07/schema#"}, "draft-07", ""),
            ({"$schema": "https://json-schema.org/draft-07/schema"}, "draft-07", ""),
            ({"$schema": "http://json-schema.org/draft-06/schema#"}, "draft-06", ""),
            ({"$schema": "http://json-schema.org/draft-04/schema#"}, "draft-04", ""),
            ({"items": [{"type": "string"}]}, "draft-07", "read as draft-07, no $schema given"),
            ({"minimum": 1, "exclusiveMinimum": True}, "draft-04", "read as draft-04, no $schema given"),
            ({"$schema": "https://example.org/own"}, "2020-12", "read as 2020-12, its $schema is not known"),
        ],
    )
    def test_which_draft_and_what_is_said_of_it(self, schema: Any, draft: str, note: str) -> None:
        checker = compile(schema)
        assert (checker.draft, checker.note) == (draft, note)

    def test_a_named_draft_that_the_schema_breaks_is_no_other_draft(self) -> None:
        with pytest.raises(SchemaError, match="items"):
            compile({"$schema": "https://json-schema.org/draft/2020-12/schema", "items": [{}]})

    def test_required_true_inside_a_property_is_ignored_with_a_note(self) -> None:
        checker = compile({"properties": {"a": {"type": "string", "required": True}}})
        assert checker.is_valid({})
        assert "properties.a" in checker.note

    def test_an_input_may_be_called_like_a_keyword(self) -> None:
        names = {"$ref": {"type": "integer"}, "required": {"type": "boolean"}, "$schema": {"type": "string"}}
        checker = compile({"properties": names})
        assert checker.note == ""
        assert checker.is_valid({"$ref": 1, "required": True, "$schema": "x"})
        assert [p.path for p in checker.problems({"$ref": "x", "required": 1, "$schema": 2})] == [
            ("$ref",),
            ("required",),
            ("$schema",),
        ]

    def test_the_hardening_holds_below_an_inner_schema_keyword(self) -> None:
        inner = {"$schema": "http://json-schema.org/draft-07/schema#", "multipleOf": 0.01}
        assert texts({**inner, "properties": {"a": inner, "b": {"$ref": "#"}}}, {"a": 19.99, "b": 4.35}) == []


class TestReferences:
    @pytest.mark.parametrize("ref", ["https://example.org/x.json", "file:///etc/hostname", "#/$defs/none", "#nowhere"])
    def test_a_reference_that_leads_nowhere_takes_anything_and_is_noted(self, ref: str) -> None:
        checker = compile({"properties": {"a": {"$ref": ref}, "b": {"type": "integer"}}})
        assert ref in checker.note
        assert checker.is_valid({"a": object.__name__, "b": 1})
        assert [str(p) for p in checker.problems({"a": 1, "b": "x"})] == ["b: must be a whole number"]
        assert checker.schema["properties"]["a"] == {"$ref": ref}

    def test_nothing_is_fetched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no(*_args: Any, **_kwargs: Any) -> None:
            raise AssertionError("fetched")

        monkeypatch.setattr("urllib.request.urlopen", no)
        monkeypatch.setattr("socket.socket.connect", no)
        assert texts({"properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}}, {"a": 1}) == []

    def test_pointers_anchors_and_ids_inside_the_schema(self) -> None:
        schema = {
            "$id": "https://example.org/s",
            "$defs": {"i": {"$id": "item", "type": "integer"}, "t": {"$anchor": "t", "type": "string"}, "a/b": {}},
            "properties": {"a": {"$ref": "item"}, "b": {"$ref": "#t"}, "c": {"$ref": "#/$defs/a~1b"}},
        }
        assert compile(schema).note == ""
        assert texts(schema, {"a": "x", "b": 1, "c": 1}) == ["a: must be a whole number", "b: must be text"]

    def test_the_drafts_own_schemas_are_there(self) -> None:
        schema = {"properties": {"schema": {"$ref": "http://json-schema.org/draft-07/schema#"}}}
        assert texts(schema, {"schema": {"type": "object"}}) == []
        assert texts(schema, {"schema": {"minLength": -1}}) == ["schema.minLength: must be at least 0"]


class TestValues:
    def test_true_is_no_integer_and_1_0_is_4_2(self) -> None:
        for draft in ("https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-04/schema#"):
            checker = compile({"$schema": draft, "type": "integer"})
            assert not checker.is_valid(True)
            assert checker.is_valid(1.0)
            assert not checker.is_valid(1.5)

    def test_a_tuple_is_a_list(self) -> None:
        assert texts({"type": "array", "items": {"type": "integer"}}, (1, "x")) == ["[1]: must be a whole number"]

    def test_every_price_below_20_is_a_multiple_of_a_cent(self) -> None:
        checker = compile({"multipleOf": 0.01})
        assert all(checker.is_valid(cents / 100) for cents in range(2000))
        assert not checker.is_valid(0.123)
        assert checker.is_valid(10**400)

    @pytest.mark.parametrize(
        ("schema", "instance", "valid"),
        [
            ({"enum": [1]}, True, False),
            ({"enum": [1]}, 1.0, True),
            ({"const": {"a": [0]}}, {"a": [False]}, False),
            ({"const": {"a": [0]}}, {"a": [0.0]}, True),
            ({"uniqueItems": True}, [1, True, "1", [1], [True]], True),
            ({"uniqueItems": True}, [1, 1.0], False),
            ({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], False),
        ],
    )
    def test_equal_is_what_json_calls_equal(self, schema: Any, instance: Any, valid: bool) -> None:
        assert compile(schema).is_valid(instance) is valid

    @pytest.mark.parametrize(
        ("pattern", "text", "valid"),
        [
            ("^[a-z]+$", "abc\n", False),
            (r"^\d+$", "١٢", False),
            (r"^[\d$]+$", "3$", True),
            (r"^(?<letter>\p{L})$", "é", True),
            (r"\$$", "5$", True),
        ],
    )
    def test_patterns_read_as_ecma(self, pattern: str, text: str, valid: bool) -> None:
        assert compile({"pattern": pattern}).is_valid(text) is valid

    @pytest.mark.parametrize(
        ("name", "good", "bad"),
        [
            ("date", "2026-02-28", "2026-02-30"),
            ("date-time", "2026-03-04T12:30:00Z", "2026-03-04 12:30"),
            ("time", "12:30:00Z", "25:00:00Z"),
            ("email", "ann@example.org", "ann@"),
            ("hostname", "www.example.org", "-a"),
            ("ipv4", "192.0.2.1", "300.1.1.1"),
            ("ipv6", "2001:db8::1", "2001:zz"),
            ("uri", "https://example.org/a?b=c", "http://exam ple"),
            ("uri", "example.org/a", ""),
            ("uri-reference", "/a", "\\\\a"),
            ("uri-template", "/users/{id}", "/users/{id"),
            ("uuid", "123e4567-e89b-42d3-a456-426614174000", "123"),
            ("regex", r"^\p{L}+$", "("),
            ("json-pointer", "/a/0", "a"),
            ("duration", "PT1H30M", "1h"),
            ("color", "#ff8800", "blurple"),
        ],
    )
    def test_formats_are_always_checked(self, name: str, good: str, bad: str) -> None:
        for draft in ({}, {"$schema": "http://json-schema.org/draft-07/schema#"}):
            checker = compile({**draft, "format": name})
            assert checker.is_valid(good)
            assert [p.kind for p in checker.problems(bad)] == ["format"]
            assert checker.is_valid(5)

    def test_unknown_formats_pass(self) -> None:
        assert compile({"format": "int32"}).is_valid("x")

    @pytest.mark.parametrize("word", ["nullable", "x-nullable"])
    def test_openapis_nullable_allows_null(self, word: str) -> None:
        defs = {"$defs": {"c": {"enum": ["a"]}}}
        for schema in (
            {"type": "string", word: True},
            {"$ref": "#/$defs/c", word: True, **defs},
            {"const": 1, word: True},
        ):
            assert texts(schema, None) == []
            assert len(texts(schema, 3)) == 1
        assert texts({"type": "string", word: False}, None) == ["must be text"]

    def test_dependencies_are_read_in_every_draft(self) -> None:
        schema = {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}
        assert texts(schema, {"a": 1, "c": 1}) == [
            "b: is required because a is set",
            "d: is required because c is set",
        ]

    def test_what_is_unevaluated(self) -> None:
        schema = {
            "allOf": [{"properties": {"a": {}}}, {"patternProperties": {"^x-": {}}}],
            "if": {"properties": {"a": {"const": 1}}},
            "then": {"properties": {"b": {}}},
            "unevaluatedProperties": False,
        }
        assert texts(schema, {"a": 1, "b": 2, "x-y": 3}) == []
        assert texts(schema, {"a": 2, "b": 2}) == ["b: is not an input of this task"]
        assert texts({"prefixItems": [{}], "unevaluatedItems": False}, [1, 2]) == ["[1]: is not allowed here"]

    def test_ignored_keys_are_left_out_3_5(self) -> None:
        schema = {"properties": {"a": {"type": "integer"}}, "additionalProperties": False}
        assert texts(schema, {"a": 1, "dep-1": {"x": 2}}, ("dep-1",)) == []
        assert texts(schema, {"a": 1, "dep-1": {}}) == ["dep-1: is not an input of this task"]


class TestHostileSchemas:
    """Nothing raises, nothing hangs: each ends as a problem (forms.md section 0, finding 5)."""

    def test_a_pattern_that_backtracks_is_stopped_once_for_all_items(self) -> None:
        schema = {"items": {"pattern": r"^(\w|\w\w)+$"}}
        begun = time.monotonic()
        found = texts(schema, ["a" * 90 + "!"] * 300)
        assert time.monotonic() - begun < 10
        assert len(found) == 300
        assert found[7] == "[7]: could not be checked in time"

    def test_a_slow_property_pattern_is_a_problem_at_the_property(self) -> None:
        schema = {"patternProperties": {r"^(\w|\w\w)+$": {}}, "additionalProperties": False}
        name = "a" * 90 + "!"
        assert [p.path for p in compile(schema).problems({name: 1})] == [(name,)]

    @pytest.mark.parametrize(
        "schema",
        [
            {"$ref": "#"},
            {"not": {"$ref": "#"}},
            {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
            {"$ref": "#", "unevaluatedProperties": False},
            {"unevaluatedItems": False, "$ref": "#"},
            {"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "#"},
        ],
    )
    def test_a_schema_that_is_only_itself(self, schema: Any, capfd: pytest.CaptureFixture[str]) -> None:
        for instance in ({"a": 1}, [1]):
            (found,) = texts(schema, instance)
            assert "refers to itself without end" in found
        assert capfd.readouterr().err == ""

    def test_an_instance_too_deep_to_check(self, capfd: pytest.CaptureFixture[str]) -> None:
        tree = {"type": "object", "additionalProperties": {"$ref": "#"}}
        assert texts(tree, nested(40)) == []
        (found,) = texts(tree, nested(800))
        assert "nested too deep" in found
        assert capfd.readouterr().err == ""

    def test_a_check_that_doubles_at_each_level_is_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("engine.schema_watch.CHECK_TIME", 0.1)
        schema = {"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}
        begun = time.monotonic()
        assert texts(schema, nested(40)) == ["could not be checked in time"]
        assert time.monotonic() - begun < 10

    def test_20_000_unique_objects(self) -> None:
        begun = time.monotonic()
        assert texts({"uniqueItems": True}, [{"a": number} for number in range(20_000)]) == []
        assert time.monotonic() - begun < 5

    def test_a_keyword_that_fails_is_a_problem(self) -> None:
        schema = {"properties": {"a": {"$ref": "#/x-own"}}, "x-own": {"type": "strng"}}
        (found,) = texts(schema, {"a": 1})
        assert found.startswith("could not be checked: UnknownType: Unknown type 'strng'")
        assert "\n" not in found

    def test_very_many_problems_are_cut_and_the_cut_is_told(self) -> None:
        found = compile({"items": {"type": "integer"}}).problems(["x"] * 5000)
        assert len(found) == 2001
        assert found[-1].text == "has more problems than the first 2000 shown"


class TestDefaults:
    def filled(self, schema: Any, instance: Any) -> Any:
        before = copy.deepcopy(instance)
        result = compile(schema).with_defaults(instance)
        assert instance == before
        return result

    def test_absent_inputs_are_filled_and_given_ones_kept_4_1(self) -> None:
        assert self.filled(GREETING, {"name": "Ann"}) == {"name": "Ann", "language": "en"}
        assert self.filled(GREETING, {"name": "Ann", "language": None}) == {"name": "Ann", "language": None}

    def test_nested_objects_that_are_there_and_items_of_lists(self) -> None:
        inner = {"properties": {"x": {"default": 1}}}
        schema = {
            "properties": {"o": inner, "absent": inner, "l": {"items": inner}, "m": {"additionalProperties": inner}}
        }
        given = {"o": {}, "l": [{}, {"x": 2}, 3], "m": {"k": {}}}
        assert self.filled(schema, given) == {"o": {"x": 1}, "l": [{"x": 1}, {"x": 2}, 3], "m": {"k": {"x": 1}}}

    def test_a_default_that_is_an_object_is_filled_too(self) -> None:
        schema = {"properties": {"o": {"default": {}, "properties": {"x": {"default": [1]}}}}}
        first = self.filled(schema, {})
        assert first == {"o": {"x": [1]}}
        first["o"]["x"].append(2)
        assert self.filled(schema, {}) == {"o": {"x": [1]}}

    def test_through_references_all_of_and_x_or_null(self) -> None:
        schema = {
            "$defs": {"m": {"properties": {"x": {"default": 1}}}, "n": {"default": 5}},
            "allOf": [{"properties": {"a": {"$ref": "#/$defs/n"}}}],
            "properties": {"m": {"anyOf": [{"$ref": "#/$defs/m"}, {"type": "null"}], "default": None}},
        }
        assert self.filled(schema, {}) == {"a": 5, "m": None}
        assert self.filled(schema, {"a": 0, "m": {}}) == {"a": 0, "m": {"x": 1}}

    def test_a_default_that_contains_itself_ends(self) -> None:
        schema = {"properties": {"next": {"$ref": "#", "default": {}}, "v": {"default": 1}}}
        assert self.filled(schema, {}) == {"v": 1, "next": {"v": 1}}

    def test_a_default_that_breaks_its_own_schema_is_not_filled_4_1(self) -> None:
        """Valid inputs stay valid; the form flags such a default at its field."""
        schema = {
            "properties": {
                "n": {"type": "integer", "default": "many"},
                "o": {"type": "string", "default": None},
                "list": {"items": {"type": "string"}, "minItems": 3, "default": ["a"]},
                "ok": {"type": "integer", "default": 1},
            }
        }
        assert self.filled(schema, {}) == {"ok": 1}
        assert texts(schema, self.filled(schema, {})) == []
        assert [compile(schema).default_fits(node) for node in schema["properties"].values()] == [*[False] * 3, True]

    def test_a_required_input_is_not_mended_by_a_broken_default(self) -> None:
        schema = {"properties": {"n": {"type": "integer", "default": "many"}}, "required": ["n"]}
        assert texts(schema, self.filled(schema, {})) == ["n: is required"]

    def test_a_default_is_judged_with_the_defaults_inside_it(self) -> None:
        inner = {"properties": {"a": {"default": 1}, "b": {"type": "integer", "default": "x"}}, "required": ["a"]}
        schema = {"properties": {"o": {"default": {}, **inner}}}
        assert self.filled(schema, {}) == {"o": {"a": 1}}

    def test_defaults_never_make_valid_inputs_invalid(self) -> None:
        schema = {
            "properties": {"a": {"default": 1}, "t": {"default": 30}, "b": {}},
            "if": {"properties": {"a": {"const": 1}}, "required": ["a"]},
            "then": {"required": ["b"]},
        }
        assert self.filled(schema, {}) == {"t": 30}, "a would ask for b"
        assert self.filled(schema, {"b": 0}) == {"b": 0, "a": 1, "t": 30}
        assert self.filled(schema, {"a": 1}) == {"a": 1, "t": 30}, "what is invalid by itself is filled as ever"

    def test_pattern_properties_fill_what_they_match(self) -> None:
        schema = {"patternProperties": {"^a": {"properties": {"x": {"default": 1}}}}}
        assert self.filled(schema, {"ab": {}, "b": {}}) == {"ab": {"x": 1}, "b": {}}

    def test_other_values_come_back_as_they_are(self) -> None:
        for value in (None, 3, "x", [], [[1]]):
            assert self.filled(GREETING, value) == value
        deep = nested(2000)
        assert compile(True).with_defaults(deep) is not deep


def test_the_schema_of_a_checker_is_what_was_given() -> None:
    text = json.dumps(GREETING)
    assert json.dumps(compile(json.loads(text)).schema) == text


def test_a_part_is_read_with_the_references_of_the_whole() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"minimum": 1}}}
    checker = compile(schema)
    part = {"properties": {"x": {"$ref": "#/$defs/n"}, "y": {"$ref": "#/properties/a"}}}
    assert checker.part_fits(part, {"x": 1, "y": 1}) and not checker.part_fits(part, {"y": 0})
    assert [str(each) for each in checker.part_problems(part, {"x": "1", "y": 0})] == [
        "x: must be a whole number",
        "y: must be at least 1",
    ]
    for junk in (5, None, {"type": 7}, {"required": True}, {"$ref": "#/nowhere"}):
        checker.part_problems(junk, {})
        assert checker.part_fits(junk, {}) is False


def test_a_check_keeps_to_the_seconds_it_is_given() -> None:
    slow = {f"p{n}": {"pattern": rf"^(\w|\w\w){{1,{1000 + n}}}$"} for n in range(40)}
    checker = compile({"properties": slow})
    begun = time.monotonic()
    found = checker.problems(dict.fromkeys(slow, "a" * 90 + "!"), seconds=0.1)
    assert found and all("in time" in each.text for each in found)
    assert (found[-1].path, found[-1].kind) == ((), "unchecked"), "what was not looked at is not said to hold"
    assert time.monotonic() - begun < 1, "40 patterns of 0.05 s each would take two"


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"items": {"type": "integer"}}, list(range(200_000))),
        ({"uniqueItems": True}, [f"s{n}" for n in range(800_000)]),
        ({"additionalProperties": {"type": "string"}}, {f"k{n}": "v" for n in range(400_000)}),
        ({"items": {"allOf": [{"type": "integer"}] * 50}}, list(range(8_000))),
    ],
    ids=["items", "unique", "map", "parts"],
)
def test_a_plain_walk_stops_in_time_and_says_so_but_holds_in_full_without_a_limit(schema: Any, instance: Any) -> None:
    checker = compile(schema)
    begun = time.monotonic()
    found = checker.problems(instance, seconds=0.05)
    assert time.monotonic() - begun < 1
    assert [(each.path, each.kind) for each in found] == [((), "unchecked")]
    assert checker.is_valid(instance, seconds=0.05) is checker.part_fits(schema, instance, seconds=0.05) is False
    assert checker.problems(instance) == [] and checker.is_valid(instance)


def test_a_long_enum_is_asked_for_each_item_of_a_long_list() -> None:
    checker = compile({"items": {"enum": list(range(10_000))}})
    begun = time.monotonic()
    assert checker.problems([*range(9_000), 1.0, True])[0].path == (9_001,), "true is no number"
    assert time.monotonic() - begun < 3, "90 million comparisons take half a minute"
