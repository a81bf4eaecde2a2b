"""Real forms, and one of each hard thing, filled from empty by keys alone and launched (forms.md 1.5)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tui.forms.by_keys import Person, empty_form
from tests.tui.forms.driver import same
from tests.tui.forms.hard_forms import HARD
from tests.tui.forms.schemas import SAMPLES, fields
from tests.tui.forms.test_samples import real
from tests.tui.launch_driver import SIZES

KEPT: dict[str, Any] = json.loads((Path(__file__).parent / "by_keys.json").read_text(encoding="utf-8"))
"""Ten schemas that people wrote, each with an instance."""
LONGEST = 400
"""Characters of an instance of the other real schemas: the longest below it is entered."""


def _real() -> dict[str, tuple[Any, Any]]:
    """Each real schema with one instance: the ten, and those that stand beside the repository."""
    found = {name: (given["schema"], given["instance"]) for name, given in KEPT.items()}
    for sample in real():
        lengths = {len(text): at for at, value in enumerate(sample.valid) if len(text := json.dumps(value)) < LONGEST}
        found.setdefault(sample.name, (sample.schema, sample.valid[lengths[max(lengths)]]))
    return found


REAL = _real()
OTHERS = {"a union beside properties", "maps of unions", "two unions", "discriminator", "references", "never"}
"""What is taken from the samples of the pure form, with all their instances."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy with other things a key may take longer than a person waits."""
    monkeypatch.setattr("tui.typeahead.LIMIT", 30.0)


async def launches(person: Person, value: Any) -> None:
    await person.fill(value)
    assert same(person.form.instance, value) and person.form.problems == []
    await person.press("ctrl+r")
    (answer,) = person.app.answers
    assert answer is not None and same(answer.inputs, value)


@pytest.mark.parametrize("name", REAL)
async def test_a_real_form(name: str) -> None:
    schema, value = REAL[name]
    async with empty_form(schema, size=SIZES[1]) as person:
        await launches(person, value)


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, (_, values) in HARD.items() for at in range(len(values))]
)
async def test_a_hard_thing(name: str, at: int) -> None:
    schema, values = HARD[name]
    async with empty_form(schema, size=SIZES[1]) as person:
        await launches(person, values[at])


@pytest.mark.parametrize(
    ("name", "at"), [(s.name, at) for s in SAMPLES if s.name in OTHERS for at in range(len(s.valid))]
)
async def test_a_sample(name: str, at: int) -> None:
    sample = next(sample for sample in SAMPLES if sample.name == name)
    async with empty_form(sample.schema) as person:
        await launches(person, sample.valid[at])


async def test_a_date_by_its_parts() -> None:
    schema = fields(day={"type": "string", "format": "date", "default": "2026-03-31"}, z={"type": "string"})
    async with empty_form(schema) as person:
        await person.press(
            "up", "home", "pageup", "right", "right", "right", "right", "right", "down", "end", "up", "tab"
        )
        assert person.form.instance == {"day": "2036-03-01"}, "10 years, a month back to 29 February, a day on"
        await person.press("ctrl+r")
        assert person.app.answers[0] is not None and person.app.answers[0].inputs == {"day": "2036-03-01"}


async def test_all_in_one_go() -> None:
    """No key waits for what the one before it did: as pasted, or sent by a program."""
    schema = fields(
        env={"type": "object", "additionalProperties": {"type": "string"}},
        tags={"type": "array", "items": {"type": "string"}},
        loud={"type": "boolean"},
        mode={"enum": ["fast", "slow"]},
        country={"enum": [f"country {at}" for at in range(40)]},
        day={"type": "string", "format": "date"},
        last={"type": "string"},
    )
    keys = ["enter", *"HOME", "enter", *"/root", "ctrl+n", *"B", "enter", *"x", "tab", "tab"]
    keys += ["enter", *"one", "ctrl+n", *"two", "tab", "tab", "y", "tab", "s", "tab"]
    keys += ["enter", *"try 3", "down", "enter", "tab", *"2026-3-4", "tab", *"end", "ctrl+r"]
    async with empty_form(schema) as person:
        await person.press(*keys)
        assert person.app.answers[0] is not None
        assert person.app.answers[0].inputs == {
            "env": {"HOME": "/root", "B": "x"},
            "tags": ["one", "two"],
            "loud": True,
            "mode": "slow",
            "country": "country 13",
            "day": "2026-03-04",
            "last": "end",
        }
