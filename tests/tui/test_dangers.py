"""What is dangerous among all that would run is named with its inputs, and its id typed, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from engine.task import TaskStatus
from tests.tui.console_driver import SIZES, console
from tests.tui.fake_engine import FakeEngine, make_spec
from tui.screens.confirm import ConfirmScreen
from tui.screens.launch import LaunchScreen
from tui.screens.quit import Question

WIPE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"}, "password": {"type": "string"}, "force": {"type": "boolean", "default": False},
    },
    "required": ["path"],
}  # fmt: skip


def flow() -> FakeEngine:
    """A group of three tasks of which the later two depend on the first; one of them is dangerous."""
    engine = FakeEngine(
        make_spec("look", "Look", schema={"type": "object", "properties": {"name": {"type": "string"}}}),
        make_spec("wipe", "Wipe", schema=WIPE, confirm=True),
        make_spec("drop", "Drop", schema=WIPE, tags=("destructive",)),
    )
    engine.add("nightly", id="root")
    engine.add("look at it", id="look", parent="root", inputs={"name": "x"}, params={"executor_id": "look"})
    inputs = {"path": "/srv/old", "password": "•••"}
    engine.add("wipe old", id="wipe", parent="root", after=["look"], inputs=inputs, params={"executor_id": "wipe"})
    engine.add("tell", id="tell", parent="root", after=["wipe"], params={"executor_id": "look"})
    for id in ("look", "wipe", "tell", "root"):
        engine.start(id)
        engine.finish(id)
    return engine


@SIZES
async def test_a_rerun_that_runs_something_dangerous_again_is_confirmed(size: tuple[int, int]) -> None:
    async with console(flow, size) as driven:
        await driven.select("look")
        await driven.press("r")
        assert isinstance(driven.app.screen, LaunchScreen)
        await driven.press("end", *"y", "ctrl+r")
        assert isinstance(driven.app.screen, ConfirmScreen)
        assert "wipe old · wipe" in driven.screen and "/srv/old" in driven.screen and '"force": false' in driven.screen
        await driven.press(*"look", "enter")
        assert "rerun" not in dict(driven.engine.asked), "its own id is not the dangerous one's"
        await driven.press("escape")
        assert isinstance(driven.app.screen, LaunchScreen), "nothing typed is lost"
        await driven.press("ctrl+r", *"wipe", "enter")
        assert driven.engine.asked[-1] == ("rerun", "look") and driven.engine.tasks["look"].inputs == {"name": "xy"}


async def test_what_nothing_dangerous_depends_on_is_rerun_without_a_question() -> None:
    async with console(flow) as driven:
        await driven.select("tell")
        await driven.press("r", "ctrl+r")
        assert driven.engine.asked[-1] == ("rerun", "tell")


async def test_a_rerun_of_a_group_names_what_is_dangerous_in_it() -> None:
    def make() -> FakeEngine:
        engine = flow()
        engine.tasks["wipe"].dependencies = ()

        async def all_of_it(task_id: str) -> list[Any]:
            return list(engine.tasks.values())[1:]

        engine.affected = all_of_it  # type: ignore[method-assign]
        return engine

    async with console(make) as driven:
        await driven.select("root")
        await driven.press("r")
        assert isinstance(driven.app.screen, ConfirmScreen) and "/srv/old" in driven.screen
        await driven.press("enter", "escape")
        assert driven.engine.asked == []
        await driven.press("r", *"wipe", "enter")
        assert driven.engine.asked == [("rerun", "root")]


@SIZES
async def test_a_clone_of_a_tree_asks_for_every_dangerous_id_in_it(size: tuple[int, int]) -> None:
    def make() -> FakeEngine:
        engine = flow()
        engine.add("drop it", id="drop", parent="root", inputs={"path": "/db"}, params={"executor_id": "drop"})
        engine.finish("drop")
        return engine

    async with console(make, size) as driven:
        await driven.select("root")
        await driven.press("K")
        assert isinstance(driven.app.screen, ConfirmScreen) and "wipe, drop are dangerous" in driven.screen
        await driven.press(*"wipe", "enter")
        assert driven.engine.asked == []
        await driven.press("space", *"drop", "enter")
        assert driven.engine.asked == [("copy", "root"), ("submit", "nightly")]


async def test_a_clone_of_a_harmless_tree_asks_as_before() -> None:
    def make() -> FakeEngine:
        engine = flow()
        engine.tasks["wipe"].params = {"executor_id": "look"}
        return engine

    async with console(make) as driven:
        await driven.select("root")
        await driven.press("K")
        assert isinstance(driven.app.screen, Question)
        await driven.press("escape", "K", "l", "enter")
        assert driven.engine.asked[-1] == ("submit", "nightly")


async def test_a_rerun_with_the_code_of_then_counts_what_depends_on_it() -> None:
    def make() -> FakeEngine:
        engine = flow()
        engine.tasks["look"].executor_version = "0ld"
        return engine

    async with console(make) as driven:
        await driven.select("look")
        await driven.press("V")
        assert isinstance(driven.app.screen, ConfirmScreen) and "/srv/old" in driven.screen
        await driven.press(*"wipe", "enter")
        assert driven.engine.asked[-1] == ("rerun", "look 0ld")


@pytest.mark.parametrize("place", ["name", ["name"], "/name"])
async def test_what_the_run_said_of_an_input_stands_at_its_field(place: Any) -> None:
    def make() -> FakeEngine:
        engine = flow()
        said = {"status": "failed", "error": "nobody has that name", "error_type": "validation_error", "field": place}
        engine.start("tell")
        engine.finish("tell", TaskStatus.FAILED, said, error="nobody has that name", error_type="validation_error")
        engine.tasks["tell"].inputs = {"name": "Nemo"}
        return engine

    async with console(make) as driven:
        await driven.select("tell")
        await driven.press("r")
        assert "✗ nobody has that name" in driven.screen and "told by the last run" in driven.screen
        await driven.press("x")
        assert "✗ nobody has that name" not in driven.screen and "✔ ready" in driven.screen
