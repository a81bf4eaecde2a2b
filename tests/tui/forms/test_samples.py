"""Every sample: valid instances load, show no problem and come out equal, invalid ones are told at their place, and a
driver builds each valid one from an empty form by the calls of the contract (forms.md 1.2, 2.4)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.tui.forms.driver import build, open_all, same
from tests.tui.forms.schemas import SAMPLES, Sample
from tui.forms.model import Form

REAL = Path(__file__).parents[4] / "shared" / "schemas"
LEAST = 0.97
"""The share of rows that are not raw JSON."""

KINDS = {
    *("text", "multiline", "secret", "integer", "number", "boolean", "choice", "choices", "const", "date", "time"),
    *("datetime", "path", "array", "tuple", "object", "map", "union", "any", "raw"),
}


def real() -> list[Sample]:
    """The real schemas beside the repository; none where they are not there."""
    found = []
    for file in sorted(REAL.glob("*.json")):
        given = json.loads(file.read_text(encoding="utf-8"))
        paths = [[_path(error["path"]) for error in errors] for errors in given["invalid_errors"]]
        invalid = [(bad, path) for bad, each in zip(given["invalid"], paths, strict=True) for path in each]
        found.append(Sample(file.stem, given["schema"], tuple(given["valid"]), tuple(invalid)))
    return found


def _path(pointer: str) -> tuple[str | int, ...]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return tuple(int(step) if step.isdecimal() else step for step in steps)


ALL = [*SAMPLES, *real()]
EACH = pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name.replace(" ", "-"))
ODD = {"a remote reference"}
"""What has to be raw."""


@EACH
def test_valid_instances_load_show_no_problem_and_come_out_equal(sample: Sample) -> None:
    before = copy.deepcopy(sample.schema)
    for value in sample.valid:
        form = Form(sample.schema, value)
        assert form.problems == []
        assert json.dumps(form.instance) == json.dumps(value), "in the order of their keys"
        text = Form.from_text(sample.schema, json.dumps(value))
        assert json.dumps(text.instance) == json.dumps(value) and text.problems == []
        assert Form(sample.schema, form.payload).problems == [], "the engine's defaults make nothing invalid"
        open_all(form)
        assert json.dumps(form.instance) == json.dumps(value), "looking changes nothing"
    assert sample.schema == before


@EACH
def test_invalid_instances_are_told_at_their_place_or_below(sample: Sample) -> None:
    for value, path in sample.invalid:
        form = Form(sample.schema, value)
        assert any(problem.path[: len(path)] == path for problem in form.problems), (value, form.problems)
        assert json.dumps(form.instance) == json.dumps(value)
        assert all(problem.text and "\n" not in problem.text for problem in form.problems)


@EACH
def test_a_driver_builds_every_valid_instance(sample: Sample) -> None:
    for value in sample.valid:
        form = build(sample.schema, value)
        assert same(form.instance, value), (form.instance, value)
        assert form.problems == []
        while form.can_undo:
            form.undo()
        assert same(form.instance, Form(sample.schema).instance), "all of it can be taken back"


def test_few_rows_are_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """Over all samples, opened with their valid instances and from empty."""
    rows = raw = 0
    for sample in ALL:
        for form in (Form(sample.schema), *(Form(sample.schema, value) for value in sample.valid)):
            drawn = open_all(form)
            assert {row.kind for row in drawn} <= KINDS
            if sample.name not in ODD:
                rows += len(drawn)
                raw += sum(row.kind == "raw" for row in drawn)
    with capsys.disabled():
        print(f"\n  {rows:,} rows, {raw} raw: {1 - raw / rows:.1%} have a kind of their own")
    assert 1 - raw / rows >= LEAST


def test_every_kind_is_met() -> None:
    met: set[Any] = set()
    for sample in SAMPLES:
        for form in (Form(sample.schema), *(Form(sample.schema, value) for value in sample.valid)):
            met |= {row.kind for row in open_all(form)}
    assert met == KINDS
