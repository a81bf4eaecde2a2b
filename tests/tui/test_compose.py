"""A tree of tasks is composed by keys alone: built, linked, checked, saved, opened again, launched."""

from __future__ import annotations

from pathlib import Path

from tests.tui.compose_driver import composing
from tests.tui.console_driver import SIZES


@SIZES
async def test_story_a_tree_of_five_with_a_fan_in_is_saved_opened_again_and_launched(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    file = tmp_path / "story.flow.yaml"
    async with composing(tmp_path, size) as driven:
        assert driven.line("no task yet")
        await driven.add("total")
        await driven.add("hello")
        await driven.add("hello")
        await driven.add("hello")
        await driven.add("join")
        assert driven.ids == ["total", "hello", "hello_2", "hello_3", "join"]
        for id in ("hello", "hello_2", "hello_3"):
            driven.on(id)
            await driven.press("enter")
            await driven.type("Ann")
            await driven.press("ctrl+r")
        assert driven.item("hello_2").inputs == {"name": "Ann"}
        for id in ("hello", "hello_2", "hello_3"):
            driven.on(id)
            await driven.press("space")
            driven.on("total")
            await driven.press("space", "escape")
        driven.on("join")
        await driven.press("space", "k", "space", "k", "space", "k", "space", "escape")
        assert {need["id"] if isinstance(need, dict) else need for need in driven.entries[4]["dependencies"]} == {
            "hello", "hello_2", "hello_3",
        }  # fmt: skip
        await driven.checked()
        assert driven.line("no problems")
        assert [len(level) for level in driven.compose.findings.levels] == [1, 3, 1]
        await driven.press("s")
        await driven.press("ctrl+u")
        await driven.type(str(file))
        await driven.press("enter")
        await driven.until(file.exists)
        saved = driven.draft.data()
        await driven.press("ctrl+n")
        assert driven.ids == []
        await driven.press("escape")
        assert driven.app.screen is driven.console
        await driven.press("O")
        driven.compose.open_path(str(file))
        await driven.until(lambda: len(driven.ids) == 5)
        assert driven.draft.data() == saved
        await driven.press("ctrl+r")
        await driven.press("ctrl+r")
        await driven.until(lambda: driven.app.screen is driven.console)
        run_id = driven.console.runs.rows.selected
        assert run_id is not None and driven.console.pane == "runs"
        await driven.engine.finished(run_id)  # type: ignore[attr-defined]
        tree = await driven.engine.tree(run_id)  # type: ignore[attr-defined]
        assert [task.status for task in tree] == ["completed"] * 6
