"""A tree of tasks is composed by keys alone: built, linked, checked, saved, opened again, launched."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from engine import Engine
from engine.flow import flow_of
from tests.tui.compose_driver import composing
from tests.tui.console_driver import SIZES
from tui.draft import of_data
from tui.forms.code_area import CodeArea
from tui.screens.compose import ComposeScreen


@SIZES
async def test_story_a_tree_of_five_with_a_fan_in_is_saved_opened_again_and_launched(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
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
        await driven.type("story.flow.yaml")
        await driven.press("enter")
        await driven.until(file.exists)
        saved = driven.draft.data()
        await driven.press("ctrl+n")
        assert driven.ids == []
        await driven.press("escape")
        assert driven.app.screen is driven.console
        await driven.press("d")
        await driven.press("f")
        await driven.until(lambda: bool(driven.line("names")))
        await driven.type("story")
        await driven.press("enter")
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


async def test_keys_move_indent_group_duplicate_rename_remove_and_undo(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        for executor in ("total", "hello", "join"):
            await driven.add(executor)
        states = [driven.draft]
        await driven.press("K")
        assert driven.ids == ["total", "join", "hello"]
        states.append(driven.draft)
        await driven.press("right")
        assert driven.entries[1]["parent"] == "total"
        states.append(driven.draft)
        await driven.press("left")
        assert "parent" not in driven.entries[1]
        await driven.press("b")
        assert driven.ids == ["total", "group", "join", "hello"] and driven.entries[2]["parent"] == "group"
        assert driven.line("▾ group")
        await driven.press("b")
        assert driven.ids == ["total", "join", "hello"]
        await driven.press("c")
        assert driven.ids == ["total", "join", "join_2", "hello"]
        await driven.press("r")
        driven.app.screen.query_one(Input).value = "both"
        await driven.press("enter")
        assert driven.ids == ["total", "join", "both", "hello"]
        await driven.press("r")
        driven.app.screen.query_one(Input).value = "hello"
        await driven.press("enter")
        assert "there is a task 'hello' already" in driven.said
        await driven.press("D")
        assert driven.ids == ["total", "join", "hello"] and "removed both" in driven.said
        await driven.press("u")
        assert driven.ids == ["total", "join", "both", "hello"]
        assert driven.compose.rows.item is not None and driven.compose.rows.item.title == "both"
        for _ in range(20):
            await driven.press("u")
        assert driven.ids == [] and "there is nothing to undo" in driven.said
        for _ in range(20):
            await driven.press("U")
        assert driven.ids == ["total", "join", "hello"] and states[0].items[0] in driven.draft.items


async def test_links_are_made_made_optional_and_cut_by_pointing(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("total")
        await driven.press("space")
        assert "there is no other task" in driven.said
        await driven.add("join")
        await driven.press("t")
        assert driven.compose.rows.source is None
        await driven.press("space", "k", "space")
        assert driven.line("Linking join") and driven.line("● ") and driven.last_line.startswith(" Space link or cut")
        assert driven.entries[1]["dependencies"] == ["total"]
        await driven.press("t")
        assert driven.entries[1]["dependencies"] == [{"id": "total", "required": False}]
        assert driven.line("○ ")
        await driven.press("t", "space")
        assert "dependencies" not in driven.entries[1]
        await driven.press("space", "escape")
        assert driven.compose.rows.item is not None and driven.compose.rows.item.title == "join"
        assert driven.app.screen is driven.compose
        await driven.press("x")
        assert "dependencies" not in driven.entries[1]
        await driven.press("x")
        assert "join depends on nothing" in driven.said


async def test_problems_stand_at_their_task_and_a_launch_goes_to_the_first(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("total")
        await driven.add("hello")
        await driven.add("join")
        await driven.checked()
        assert driven.line("1 problem")
        assert "✗" in driven.line("hello")
        driven.on("total")
        await driven.press("n")
        assert driven.compose.rows.item is not None and driven.compose.rows.item.title == "hello"
        assert driven.line("name: is required")
        driven.on("total")
        await driven.press("ctrl+r")
        await driven.until(lambda: "1 problem to mend first" in driven.said)
        assert driven.app.screen is driven.compose and driven.compose.rows.item.title == "hello"
        await driven.press("w")
        driven.app.screen.query_one(Input).value = "tasks.total.status == 'failed'"
        await driven.press("enter")
        await driven.checked()
        assert driven.line("'total' is no dependency of it")


async def test_a_circle_is_a_problem_and_has_no_levels(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("total")
        await driven.add("join")
        await driven.press("space", "k", "space", "escape", "k", "space", "j", "space", "escape", "v")
        await driven.checked()
        assert driven.line("1 problem") and driven.line("waits for itself")


async def test_a_reference_is_chosen_in_the_form_and_fits_any_type(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("total")
        await driven.add("hello")
        await driven.press("space", "k", "space", "escape")
        await driven.press("enter")
        await driven.type("Ann")
        await driven.press("tab", "ctrl+y")
        await driven.type("total.result")
        await driven.press("enter")
        assert driven.line("{{ tasks.total.result }}") and driven.line("✔ ready")
        await driven.press("ctrl+r")
        assert driven.entries[1]["inputs"] == {"name": "Ann", "times": "{{ tasks.total.result }}"}
        await driven.checked()
        assert driven.line("no problems")


async def test_esc_in_the_form_drops_what_was_typed_only_the_second_time(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("hello")
        await driven.press("enter")
        await driven.type("Ann")
        await driven.press("escape")
        assert driven.line("Esc again drops that")
        await driven.press("escape")
        assert driven.app.screen is driven.compose and "inputs" not in driven.entries[0]


async def test_a_secret_becomes_an_input_of_the_flow_and_is_written_nowhere(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("signed")
        await driven.press("enter", "tab")
        await driven.type("hunter2hunter2")
        await driven.press("ctrl+r")
        assert "1 secret became an input of the flow" in driven.said
        assert driven.entries[0]["inputs"]["token"] == "{{ inputs.signed_token }}"
        assert driven.draft.head["inputs_schema"]["required"] == ["signed_token"]
        await driven.checked()
        assert driven.line("no problems")
        path = tmp_path / "s.flow.yaml"
        await driven.press("s")
        driven.app.screen.query_one(Input).value = str(path)
        await driven.press("enter")
        await driven.until(path.exists)
        kept = tmp_path / "state" / "draft.json"
        await driven.until(kept.exists)
        assert "hunter2" not in path.read_text() + kept.read_text()
        await driven.press("ctrl+r")
        assert driven.line("signed_token")


async def test_nothing_is_written_over_without_a_question(tmp_path: Path) -> None:
    path = tmp_path / "there.flow.yaml"
    path.write_text("name: other\n")
    async with composing(tmp_path) as driven:
        await driven.add("total")
        for answer in (("enter",), ("right", "enter")):
            await driven.press("S")
            driven.app.screen.query_one(Input).value = str(path)
            await driven.press("enter")
            await driven.until(lambda: bool(driven.line("is there already")))
            assert path.read_text() == "name: other\n"
            await driven.press(*answer)
        await driven.until(lambda: "executor: total" in path.read_text())
        path.write_text("# by hand\ntasks: []\n")
        await driven.add("hello")
        await driven.press("s")
        await driven.until(lambda: bool(driven.line("changed by someone else")))
        await driven.press("escape")
        assert path.read_text().startswith("# by hand")
        await driven.press("S")
        driven.app.screen.query_one(Input).value = str(tmp_path / "notes.txt")
        await driven.press("enter")
        await driven.until(lambda: "is no name of a flow file" in driven.said)
        driven.app.screen.query("Input")


async def test_a_draft_survives_leaving_and_a_restart(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("total")
        await driven.add("hello")
        await driven.press("escape", "d")
        assert driven.ids == ["total", "hello"]
        await driven.until((tmp_path / "state" / "draft.json").exists)
    async with composing(tmp_path) as driven:
        assert driven.ids == ["total", "hello"] and "is as it was left" in driven.said
        assert driven.line("not saved")
        await driven.press("ctrl+n")
        assert driven.line("is not saved")
        await driven.press("enter")
        assert driven.ids == ["total", "hello"]
        await driven.press("ctrl+n", "right", "enter")
        assert driven.ids == []
        await driven.press("u")
        assert driven.ids == ["total", "hello"]


async def test_a_run_and_an_executor_of_the_catalogue_become_drafts(tmp_path: Path) -> None:
    async def run(engine: Engine) -> None:
        draft = of_data([{"id": "t", "executor": "total"}, {"id": "j", "executor": "join", "dependencies": ["t"]}])
        spec, _ = flow_of(draft.data(), "two")
        assert spec is not None
        await engine.finished((await engine.launch(spec, {})).run_id)

    async with composing(tmp_path, keys=(), before=run) as driven:
        await driven.press("2")
        await driven.until(lambda: bool(driven.console.runs.rows.selected))
        await driven.press("a")
        await driven.until(lambda: any(isinstance(s, ComposeScreen) for s in driven.app.screen_stack))
        await driven.until(lambda: driven.ids == ["t", "j"])
        assert driven.entries[1]["dependencies"] == ["t"]
        await driven.press("escape", "1")
        assert driven.console.catalogue.select("hello")
        await driven.press("a")
        await driven.until(lambda: driven.ids[-1:] == ["hello"])


async def test_a_run_of_the_history_becomes_a_draft_that_gives_way_unasked(tmp_path: Path) -> None:
    async def run(engine: Engine) -> None:
        await engine.finished((await engine.launch("hello", {"name": "Ann"})).run_id)

    async with composing(tmp_path, keys=("H",), before=run) as driven:
        await driven.until(lambda: bool(driven.line("hello")))
        await driven.press("a")
        await driven.until(lambda: any(isinstance(s, ComposeScreen) for s in driven.app.screen_stack))
        await driven.until(lambda: driven.ids == ["hello"])
        assert driven.entries[0]["inputs"] == {"name": "Ann"}
        await driven.press("ctrl+n")
        await driven.until(lambda: driven.ids == [])


async def test_nothing_is_launched_or_written_where_nothing_may_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "x.flow.yaml"
    async with composing(tmp_path, read_only=True) as driven:
        await driven.add("total")
        await driven.checked()
        await driven.press("ctrl+r")
        await driven.until(lambda: "read-only" in driven.said)
        assert driven.app.screen is driven.compose
        await driven.press("s")
        driven.app.screen.query_one(Input).value = str(path)
        await driven.press("enter")
        assert not path.exists()


async def test_a_console_that_only_looks_keeps_what_another_one_wrote(tmp_path: Path) -> None:
    kept = tmp_path / "state" / "draft.json"
    async with composing(tmp_path) as driven:
        await driven.press("escape")
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("of another one")
        await driven.press("d", "v", "escape")
        assert kept.read_text() == "of another one"


async def test_a_dry_run_is_one_and_options_and_the_flow_have_forms(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("total")
        await driven.press("o")
        assert driven.line("Options of total") and driven.line("Retries")
        await driven.press("f2")
        driven.app.screen.query_one(CodeArea).text = '{"executor": "total", "retries": 3, "priority": 0}'
        await driven.press("ctrl+r")
        assert driven.entries[0]["retries"] == 3 and driven.entries[0]["priority"] == 0
        await driven.press("i", "f2")
        driven.app.screen.query_one(CodeArea).text = '{"name": "My flow", "description": "Adds up"}'
        await driven.press("ctrl+r")
        assert driven.draft.head == {"name": "My flow", "description": "Adds up"}
        assert driven.line("Compose │ My flow")
        await driven.checked()
        await driven.press("T")
        await driven.until(lambda: bool(driven.line("Dry run of the draft")))
        await driven.press("f10")
        assert driven.line("Dry run") and not driven.line("Schedule")
        await driven.press("escape")
        await driven.press("ctrl+r")
        await driven.until(lambda: driven.app.screen is driven.console)
        run_id = driven.console.runs.rows.selected
        tree = await driven.engine.tree(run_id)  # type: ignore[attr-defined]
        assert all(task.params["dry_run"] for task in tree)


async def test_a_dangerous_task_is_confirmed_by_its_name(tmp_path: Path) -> None:
    async with composing(tmp_path) as driven:
        await driven.add("wipe")
        await driven.checked()
        assert driven.line("dangerous")
        await driven.press("ctrl+r")
        await driven.until(lambda: bool(driven.line("Launch the draft")))
        await driven.press("ctrl+r")
        await driven.until(lambda: bool(driven.line("wipe is dangerous")))
        await driven.press("escape", "escape")
        assert driven.app.screen is driven.compose


async def test_compose_is_a_command_that_takes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.flow.yaml"
    path.write_text('# mine\ntasks:\n- {id: "a\\e[31m[/b]", executor: hello}\n- {executor: nope}\n')
    async with composing(tmp_path, keys=()) as driven:
        await driven.press("colon")
        driven.app.screen.query_one(Input).value = f"compose {path}"
        await driven.press("enter")
        await driven.until(lambda: bool(driven.line("nope")))
        await driven.checked()
        assert "\x1b" not in driven.screen and driven.line("problems")
        await driven.add("total")
        await driven.press("s")
        await driven.until(lambda: bool(driven.line("has comments")))
        await driven.press("escape", "escape")
        assert driven.app.screen is driven.console
        await driven.press("colon")
        driven.app.screen.query_one(Input).value = "compose /nowhere.yaml"
        await driven.press("enter")
        await driven.until(lambda: "/nowhere.yaml cannot be read" in driven.said)
