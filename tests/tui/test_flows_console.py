"""Flows in the console: told apart in the catalogue, with tasks and source on the card, launched from their form."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from engine.catalogue import Catalogue
from engine.flow import FlowSpec, read_flow
from engine.task import Task, TaskStatus
from tests.tui.console_driver import SIZES, console
from tests.tui.fake_engine import FakeEngine, make_catalogue, make_spec
from tui import cards
from tui.flow_card import flow_card
from tui.news import changed_ids, news_of
from tui.screens.dangers import dangers_in_flow
from tui.screens.launching import _changed

TEXT = b"""\
name: "Nightly \\e[31m sweep"
description: Sweeps and tells
inputs_schema: {type: object, properties: {day: {type: string}}}
tasks:
- name: sweep
- {id: a, executor: hello, parent: sweep, inputs: {name: "{{ inputs.day }}"}}
- {id: b, executor: wipe, dependencies: [a], when: inputs.day}
"""


def nightly(text: bytes = TEXT) -> FlowSpec:
    spec, problems = read_flow(text, "/ops/nightly.flow.yaml", root="/ops")
    assert spec is not None, problems
    return spec


def catalogue(*flows: FlowSpec, epoch: int = 1) -> Catalogue:
    made = make_catalogue(make_spec("hello"), make_spec("wipe", confirm=True), epoch=epoch)
    return replace(made, flows=MappingProxyType({each.id: each for each in flows}))


def engine_with_flow() -> FakeEngine:
    engine = FakeEngine()
    engine.catalogue = catalogue(nightly())
    return engine


@SIZES
async def test_a_flow_has_a_sign_and_a_card_with_its_tasks_and_source(size: tuple[int, int]) -> None:
    async with console(engine_with_flow, size) as driven:
        assert driven.console.catalogue.select("nightly")
        await driven.settle()
        assert driven.line("⇒ nightly")
        assert not driven.line("⇒ hello")
        assert driven.line("flow of 3 tasks")
        assert "\x1b" not in driven.screen


async def test_enter_opens_its_form() -> None:
    async with console(engine_with_flow) as driven:
        assert driven.console.catalogue.select("nightly")
        await driven.press("enter")
        assert driven.line("Sweeps and tells") and driven.line("day")
        await driven.press("escape")


async def test_a_flow_that_cannot_be_launched_says_why_in_its_form() -> None:
    def make() -> FakeEngine:
        engine = FakeEngine()
        engine.catalogue = catalogue(replace(nightly(), schema_problem="line 6, entry 2 ('a'): no executor"))
        return engine

    async with console(make) as driven:
        assert driven.console.catalogue.select("nightly")
        await driven.press("enter")
        assert driven.line("✗ cannot be launched: line 6, entry 2")
        await driven.press("escape")


def test_the_card_names_executors_order_and_conditions() -> None:
    lines = [text for text, _ in flow_card(nightly())]
    assert "   a      hello" in lines and " b      wipe  after a  when inputs.day" in lines
    assert any(line.endswith("│ tasks:") for line in lines)
    assert any(line.startswith("version") for line in lines)


def test_news_tell_of_flows_too() -> None:
    old, new = catalogue(nightly()), catalogue(nightly(TEXT.replace(b"Sweeps", b"Cleans")), epoch=2)
    assert changed_ids(old, new) == ["nightly"]
    gone = news_of(old, catalogue(epoch=2), keys())
    assert gone is not None and gone.text == "nightly removed"


def keys() -> Any:
    class Keys:
        def label(self, action: str) -> str:
            return "k"

    return Keys()


def test_what_is_dangerous_in_a_flow_is_named_before_it_runs() -> None:
    found = dangers_in_flow(catalogue(nightly()), nightly())
    assert [(each.executor_id, each.task) for each in found] == [("wipe", "b")]


def test_a_task_that_its_condition_skipped_says_so() -> None:
    task = Task("1", "a", "1", status=TaskStatus.COMPLETED, skipped=True, progress_message="its condition is false: x")
    text = " ".join(line for line, _ in cards.no_result(task, "", loaded=True))
    assert "skipped, its condition is false: x" in text
    task.progress_message = ""
    assert "skipped by a person" in " ".join(line for line, _ in cards.no_result(task, "", loaded=True))


def test_a_rerun_keeps_the_references_that_were_not_changed() -> None:
    own, shown = {"a": "{{ inputs.x }}", "b": "{{ inputs.y }}", "c": 1}, {"a": 5, "b": 6, "c": 1, "filled": True}
    assert _changed(own, shown, dict(shown)) is None
    assert _changed(own, shown, {**shown, "b": 7}) == {"a": "{{ inputs.x }}", "b": 7, "c": 1}
    assert _changed(own, shown, {"b": 6, "new": 2}) == {"b": "{{ inputs.y }}", "new": 2}
