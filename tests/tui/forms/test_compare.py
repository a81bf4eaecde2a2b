"""What differs from the last run, and what is shown of a payload."""

from __future__ import annotations

from typing import Any

from engine.schema import MASK
from tui.forms.compare import differences, marks
from tui.forms.instance import ABSENT
from tui.forms.model import Form
from tui.forms.options import LaunchOptions, options_of, options_schema
from tui.forms.preview import MOST_LINES, not_sent, preview_lines

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "times": {"type": "integer", "default": 3},
        "tags": {"type": "array", "items": {"type": "string"}},
        "limits": {"type": "object", "properties": {"cpu": {"type": "number"}, "mem": {"type": "number"}}},
        "token": {"type": "string"},
    },
}


def found(now: Any, former: Any) -> dict[Any, tuple[str, Any]]:
    return {difference.path: (difference.kind, difference.former) for difference in differences(now, former)}


def test_only_leaves_that_differ_are_found() -> None:
    now = {"name": "b", "times": 1, "tags": ["x", "z"], "limits": {"cpu": 1.0}, "new": None}
    former = {"times": 1.0, "name": "a", "tags": ["x", "y", "w"], "limits": {"cpu": 1, "mem": 2}}
    assert found(now, former) == {
        ("name",): ("changed", "a"),
        ("tags", 1): ("changed", "y"),
        ("tags", 2): ("gone", "w"),
        ("limits", "mem"): ("gone", 2),
        ("new",): ("added", ABSENT),
    }
    assert found({"a": True}, {"a": 1}) == {("a",): ("changed", 1)}, "true is not 1"
    assert found(former, former) == {}


def test_a_secret_that_is_not_kept_is_said_as_such() -> None:
    assert found({"token": "new"}, {"token": MASK}) == {("token",): ("hidden", MASK)}
    assert found({"token": MASK}, {"token": MASK}) == {}
    assert found({}, {"token": MASK}) == {}, "whether it is the same again nobody knows before it is typed"


def test_deep_and_long_values_end() -> None:
    deep: Any = 1
    other: Any = 2
    for _ in range(50_000):
        deep, other = [deep], [other]
    assert len(differences(deep, other)) == 1
    assert len(differences(list(range(100_000)), [])) == 1000


def test_differences_stand_at_their_rows_or_at_the_closed_parent() -> None:
    form = Form(SCHEMA, {"name": "b", "limits": {"cpu": 1, "mem": 2}})
    former = {"name": "a", "times": 5, "limits": {"cpu": 2, "mem": 3}}
    form.close(("limits",))
    said = marks(form.rows(), differences(form.instance, former))
    assert said[("name",)] == "then a" and said[("times",)] == "then 5"
    assert said[("limits",)] == "2 differences inside"
    form.open(("limits",))
    assert marks(form.rows(), differences(form.instance, former))[("limits", "cpu")] == "then 2"


def test_the_preview_is_the_payload_with_what_was_filled_dim_and_secrets_hidden() -> None:
    form = Form(SCHEMA, {"name": "a", "token": "s3cret"})
    lines = preview_lines(SCHEMA, form.instance, form.payload, "dry run")
    assert lines == [
        ("options: dry run", "head"),
        ("{", ""),
        ('  "name": "a",', ""),
        (f'  "token": "{MASK}",', ""),
        ('  "times": 3', "dim"),
        ("}", ""),
        ("dim: filled from the schema's defaults", "dim"),
    ]


def test_what_is_not_sent_is_named() -> None:
    assert not_sent({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}}) == [("a", "c"), ("d",)]
    lines = preview_lines({}, {"a": 1, "gone": 2}, {"a": 1})
    assert lines[-1] == ("not sent: gone, which has no place now", "warn")


def test_a_huge_payload_is_cut_and_a_deep_one_is_drawn() -> None:
    assert len(preview_lines({}, {}, list(range(100_000)))) <= MOST_LINES + 3
    deep: Any = {}
    for _ in range(3000):
        deep = {"a": deep}
    assert preview_lines({}, deep, deep)


def test_options_are_checked_by_their_schema_and_become_what_the_engine_takes() -> None:
    form = Form(options_schema(), {"priority": 0, "tags": ["a"], "timeout": 2.5, "retries": 2, "dry_run": True})
    assert form.problems == []
    options = LaunchOptions(form.instance)
    assert options.priority == 0 and options.dry_run and options.label is None
    assert options.params({"pool": "gpu", "timeout": 9}) == {
        "pool": "gpu",
        "tags": ["a"],
        "timeout": 2.5,
        "retries": 2,
        "dry_run": True,
    }
    assert options.words == "dry run · priority urgent · tags a · timeout 2.5 s · retries 2"
    wrong = Form(options_schema(), {"priority": 7, "timeout": 0, "retries": -1, "label": "", "tags": ["a", "a"]})
    assert {problem.path[0] for problem in wrong.problems} == {"priority", "timeout", "retries", "label", "tags"}
    assert LaunchOptions().params() == {} and LaunchOptions().words == ""


def test_a_rerun_remembers_its_options_but_not_what_belongs_to_the_run() -> None:
    options = options_of(1, {"executor_id": "x", "tags": "one", "retries": 0, "timeout": 3})
    assert options.given == {"priority": 1, "tags": ["one"], "retries": 0, "timeout": 3}
    assert options.params({"executor_id": "x"}) == {"executor_id": "x", "tags": ["one"], "retries": 0, "timeout": 3}
    assert {"label", "idempotency_key"} & set(options_schema(again=True)["properties"]) == set()
