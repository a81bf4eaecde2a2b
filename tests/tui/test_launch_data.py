"""What stands around the launch form: F5, presets, drafts, pastes, comparing, options, preview, confirming."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.widgets import Input, OptionList

from engine.errors import TaskError
from engine.schema import MASK
from engine.task import TaskStatus
from executors.http_request import HttpRequest
from tests.tui.console_driver import console
from tests.tui.fake_engine import FakeEngine, make_spec
from tests.tui.launch_driver import EVIL, GREET, SIZES, Driven, dialog, shelf, spec
from tui.forms.options import LaunchOptions
from tui.screens.confirm import ConfirmScreen
from tui.screens.imported import ImportScreen
from tui.screens.launch import LaunchRequest
from tui.screens.recall import RecallScreen
from tui.widgets.text_view import TextView

HTTP: dict[str, Any] = HttpRequest.inputs_schema
SECRET: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "token": {"type": "string"}, "times": {"type": "integer", "default": 3}},
    "required": ["name"],
}
CURL = "curl 'http://x.y/?a=1' \\\n -H 'Accept: text/html' \\\n -H 'Authorization: Bearer s3cret-token' --proxy p"


async def settle(driven: Driven) -> None:
    for _ in range(3):
        await driven.pilot.pause()
        await driven.app.workers.wait_for_complete()
    await driven.pilot.pause()


async def press(driven: Driven, *keys: str) -> None:
    await driven.press(*keys)
    await settle(driven)


def listed(driven: Driven) -> list[str]:
    options = driven.app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]


def text_of(driven: Driven) -> str:
    return driven.app.screen.query_one(TextView).text


# --- pastes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_a_curl_command_fills_the_form_and_one_undo_takes_it_back(size: tuple[int, int]) -> None:
    async with dialog(HTTP, size=size) as driven:
        await driven.press(*"http://old")
        await driven.paste(CURL)
        await settle(driven)
        assert isinstance(driven.app.screen, ImportScreen)
        picture = driven.picture()
        assert "url: http://x.y/?a=1" in picture and "Accept: text/html" in picture
        assert "not taken: --proxy" in picture and "s3cret" not in picture
        await press(driven, "enter")
        assert driven.form.instance["headers"] == {"Accept": "text/html"}
        assert driven.form.instance["bearer_token"] == "s3cret-token"
        assert "curl: url" in driven.said("said") and "1 did not fit" in driven.said("said")
        await press(driven, "f6")
        assert driven.form.instance == {"url": "http://old"} and "former values" in driven.said("said")


async def test_a_paste_may_be_left_or_stay_text() -> None:
    async with dialog(HTTP) as driven:
        await driven.paste(CURL)
        await settle(driven)
        await press(driven, "escape")
        assert driven.form.instance == {}
        await driven.focus("url")
        await driven.paste(CURL)
        await settle(driven)
        await press(driven, "t")
        assert driven.form.instance["url"].startswith("curl 'http://x.y/")


@pytest.mark.parametrize("text", ['{"name": "Bob", "language": "fr"}\n{', '{\n"name": "Bob", "language": "fr"\n}'])
async def test_an_object_pasted_into_a_line(text: str) -> None:
    async with dialog() as driven:
        await driven.paste(text)
        await settle(driven)
        if text.endswith("\n{"):  # no JSON: it is text for the row, as ever
            assert driven.form.instance == {"name": text}
        else:
            await press(driven, "enter")
            assert driven.form.instance == {"name": "Bob", "language": "fr"}


async def test_lines_that_name_no_input_are_text() -> None:
    async with dialog() as driven:
        await driven.paste("dear: all\nbest: wishes")
        await settle(driven)
        assert driven.form.instance == {"name": "dear: all\nbest: wishes"}


async def test_a_paste_into_the_list_is_imported() -> None:
    async with dialog() as driven:
        await press(driven, "f5")
        driven.app.screen.query_one(Input).post_message(events.Paste("NAME=Bob\nLANGUAGE=xx\nFOO=1"))
        await settle(driven)
        assert isinstance(driven.app.screen, ImportScreen)
        assert "name: Bob" in text_of(driven) and "not taken: LANGUAGE" in text_of(driven)
        await press(driven, "enter")
        assert driven.form.instance == {"name": "Bob"}


async def test_a_paste_of_junk_says_so_and_changes_nothing() -> None:
    async with dialog() as driven:
        await press(driven, "f5")
        driven.app.screen.query_one(Input).post_message(events.Paste(f"{EVIL}\n{EVIL}"))
        await settle(driven)
        assert text_of(driven).startswith("✗ JSON") and "\x1b" not in driven.picture()
        await press(driven, "enter")
        assert isinstance(driven.app.screen, ImportScreen), "there is nothing to take"
        await press(driven, "escape")
        assert driven.form.instance == {}


# --- F5 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_f5_lists_launches_presets_and_examples(size: tuple[int, int]) -> None:
    kept, engine = shelf(examples=({"name": "Example"},))
    engine.add("greet", inputs={"name": "Old"})
    done = engine.add("greet", inputs={"name": "New"}, priority=0)
    engine.finish(done.id, TaskStatus.FAILED)
    await engine.presets.save("greet", "nightly", {"name": "Preset"})
    async with dialog(shelf=kept, size=size, examples=({"name": "Example"},)) as driven:
        await driven.press(*"Typed")
        await press(driven, "f5")
        lines = listed(driven)
        assert [line.split("name ")[-1] for line in lines] == [
            "New · priority urgent",
            "Old",
            "Preset",
            "Example",
        ]
        assert "✗ failed" in lines[0] and "○ pending" in lines[1] and "preset nightly" in lines[2]
        await press(driven, *"night")
        assert len(listed(driven)) == 1
        await press(driven, "enter")
        assert driven.form.instance == {"name": "Preset"} and "preset nightly loaded" in driven.said("said")
        await press(driven, "f5")
        await press(driven, "enter")
        assert driven.form.instance == {"name": "New"} and driven.screen.options.priority == 0
        assert "priority urgent" in driven.said("count")
        await press(driven, "f6")
        assert driven.form.instance == {"name": "Preset"} and driven.screen.options.priority == 2
        await press(driven, "f6")
        assert driven.form.instance == {"name": "Typed"}
        await press(driven, "f5", "escape")
        assert driven.form.instance == {"name": "Typed"}


async def test_edits_after_a_load_are_undone_first() -> None:
    async with dialog(examples=({"name": "Example"},)) as driven:
        await press(driven, "f5", "enter")
        await driven.focus("name")
        await press(driven, *"s")
        assert driven.form.instance == {"name": "Examples"}
        await press(driven, "f6")
        assert driven.form.instance == {"name": "Example"}
        await press(driven, "f6")
        assert driven.form.instance == {}


async def test_a_preset_is_deleted_and_brought_back_in_the_list() -> None:
    kept, engine = shelf()
    await engine.presets.save("greet", "nightly", {"name": "Preset"}, {"priority": 0})
    async with dialog(shelf=kept) as driven:
        await press(driven, "f5", "delete")
        assert await engine.presets.all("greet") == [] and "nightly is deleted" in driven.picture()
        await press(driven, "f6")
        assert (await engine.presets.all("greet"))[0].options == {"priority": 0}
        assert "preset nightly" in listed(driven)[0]
        await press(driven, "ctrl+d", "ctrl+d")
        assert "only presets" in driven.picture()


async def test_hostile_presets_and_inputs_are_only_text() -> None:
    kept, engine = shelf(description="x")
    await engine.presets.save("greet", EVIL, {EVIL: EVIL})
    engine.add("greet", inputs={"name": EVIL})
    async with dialog(shelf=kept) as driven:
        await press(driven, "f5")
        picture = driven.picture()
        assert "\x1b" not in picture and "\u202e" not in picture and "[/x][red]" in picture
        await press(driven, "down", "delete", "f6")
        assert "\x1b" not in driven.picture()


async def test_a_load_in_the_json_is_shown_there_and_undone_there() -> None:
    async with dialog(examples=({"name": "Example"},)) as driven:
        await driven.press(*"Ann", "f2")
        await press(driven, "f5", "enter")
        raw = driven.screen._raw
        assert json.loads(raw.text) == {"name": "Example"}
        await press(driven, "f6")
        assert json.loads(raw.text) == {"name": "Ann"} == driven.form.instance


# --- presets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_a_preset_is_saved_without_its_secrets_and_overwriting_asks(size: tuple[int, int]) -> None:
    kept, engine = shelf(SECRET)
    async with dialog(SECRET, {"name": "Ann", "token": "s3cret"}, shelf=kept, size=size) as driven:
        await press(driven, "ctrl+t")
        assert "secrets are not" in " ".join(driven.picture().replace("│", " ").split())
        await press(driven, *"mine", "enter")
        saved = (await engine.presets.all("greet"))[0]
        assert saved.name == "mine" and saved.inputs == {"name": "Ann", "token": MASK}
        assert "saved as the preset mine" in driven.said("said")
        driven.form.set(("name",), "Bob")
        await press(driven, "alt+s", *"mine", "enter")
        assert "already" in driven.picture()
        await press(driven, "enter")
        assert (await engine.presets.all("greet"))[0].inputs["name"] == "Ann", "the first answer keeps it"
        await press(driven, "ctrl+t", *"mine", "enter", "tab", "enter")
        assert (await engine.presets.all("greet"))[0].inputs["name"] == "Bob"


async def test_a_loaded_preset_asks_for_its_secret_again() -> None:
    kept, engine = shelf(SECRET)
    await engine.presets.save("greet", "mine", {"name": "Ann", "token": "s3cret"}, schema=SECRET)
    async with dialog(SECRET, shelf=kept) as driven:
        await press(driven, "f5", "enter")
        assert driven.focused == ("token",) and "type it again" in driven.row("token").error
        await press(driven, "ctrl+r")
        assert driven.app.answers == []
        await press(driven, *"again", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Ann", "token": "again"})]


# --- drafts ------------------------------------------------------------------------------------------------------


async def test_a_draft_is_restored_with_its_options_and_undone_in_one_step() -> None:
    kept, engine = shelf(SECRET)
    async with dialog(SECRET, shelf=kept) as driven:
        await driven.press(*"Ann", "tab", *"s3cret", "f10", "up")
        await press(driven, "f10")
        await driven.screen._set_options({"label": "tonight"})
        await press(driven, "escape")
        assert driven.app.answers == [None]
    draft = await engine.presets.draft("greet")
    assert (
        draft is not None and draft.inputs == {"name": "Ann", "token": MASK} and draft.options == {"label": "tonight"}
    )
    async with dialog(SECRET, shelf=kept) as driven:
        await settle(driven)
        assert driven.form.instance == {"name": "Ann", "token": MASK} and driven.screen.options.label == "tonight"
        assert "draft of" in driven.said("said") and "restored" in driven.said("said")
        await press(driven, "f6")
        assert driven.form.instance == {} and driven.screen.options.given == {}
        await press(driven, "escape")
    assert await engine.presets.draft("greet") is None, "an emptied form has no draft"


async def test_a_form_that_was_only_looked_at_keeps_its_draft_and_makes_none() -> None:
    kept, engine = shelf()
    async with dialog(shelf=kept) as driven:
        await press(driven, "escape")
    assert await engine.presets.draft("greet") is None
    await engine.presets.keep_draft("greet", {"name": "Ann"})
    async with dialog(shelf=kept) as driven:
        await settle(driven)
        await press(driven, "escape")
    assert (await engine.presets.draft("greet")).inputs == {"name": "Ann"}  # type: ignore[union-attr]


async def test_a_rerun_is_not_filled_from_a_draft() -> None:
    kept, engine = shelf()
    await engine.presets.keep_draft("greet", {"name": "Draft"})
    async with dialog(inputs={"name": "Bob"}, shelf=kept, again=True) as driven:
        await settle(driven)
        assert driven.form.instance == {"name": "Bob"}
        await press(driven, "escape")
    assert (await engine.presets.draft("greet")).inputs == {"name": "Draft"}  # type: ignore[union-attr]


async def test_what_was_typed_before_the_draft_came_stays() -> None:
    kept, engine = shelf()
    await engine.presets.keep_draft("greet", {"name": "Draft"})
    async with dialog(shelf=kept) as driven:
        draft = await kept.draft()
        await settle(driven)
        await driven.screen.go_back()
        await settle(driven)
        driven.app.focused.value = "Typed"  # type: ignore[union-attr]
        await driven.screen._draft_read(draft)
        await settle(driven)
        assert driven.form.instance == {"name": "Typed"} and "F5 lists it" in driven.said("said")


async def test_json_that_does_not_parse_is_not_left_in_silence() -> None:
    kept, _ = shelf()
    async with dialog(shelf=kept) as driven:
        await press(driven, "f2", *"{", "escape")
        assert driven.app.answers == [] and "JSON" in driven.said("said")
        await press(driven, "escape")
        assert driven.app.answers == [None]


# --- comparing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_what_differs_from_the_last_run_is_marked(size: tuple[int, int]) -> None:
    kept, engine = shelf(SECRET)
    engine.add("greet", inputs={"name": "Old", "times": 4})
    async with dialog(SECRET, {"name": "Old", "times": 4}, shelf=kept, size=size) as driven:
        await press(driven, "ctrl+g")
        assert "nothing differs" in driven.said("said") and "≠" not in driven.picture()
        await driven.focus("times")
        await press(driven, "backspace", "7")
        await driven.focus("name")
        assert "≠Times" in driven.picture() and "≠ then 4" in driven.picture()
        await press(driven, "alt+d")
        assert "≠" not in driven.picture()


async def test_without_a_run_there_is_nothing_to_compare_with() -> None:
    kept, _ = shelf()
    async with dialog(shelf=kept) as driven:
        await press(driven, "ctrl+g")
        assert "has not run yet" in driven.said("said")


# --- options, preview --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_options_are_filled_by_keys_and_sent(size: tuple[int, int]) -> None:
    async with dialog(size=size) as driven:
        await driven.press(*"Ann", "f10")
        assert "Priority" in driven.picture() and "Dry run" in driven.picture()
        await driven.press("left", "left", "space", "tab", *"nightly", "f10")
        assert driven.focused == ("name",) and "label nightly" in driven.said("count")
        await driven.press("ctrl+l")
        assert "options: priority" in driven.picture() and '"language": "en"' in driven.picture()
        await driven.press("ctrl+r")
        answer = driven.app.answers[0]
        assert answer is not None and answer.inputs == {"name": "Ann"}
        assert answer.options.label == "nightly" and answer.options.priority in (0, 1, 3)


async def test_a_wrong_option_holds_the_launch_and_is_shown() -> None:
    async with dialog(options=LaunchOptions({"retries": -1})) as driven:
        await driven.press(*"Ann")
        assert "✗ options" in driven.said("count")
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and driven.focused == ("retries",)
        assert "option is wrong" in driven.said("said")
        await driven.press("escape", "escape")
        assert driven.app.answers == [None], "Esc goes back to the form first"


@pytest.mark.parametrize("size", SIZES)
async def test_the_preview_is_what_execute_gets(size: tuple[int, int]) -> None:
    async with dialog(SECRET, {"name": "Ann", "token": "s3cret"}, size=size) as driven:
        await driven.press("ctrl+l")
        picture = driven.picture()
        assert '"times": 3' in picture and f'"token": "{MASK}"' in picture and "s3cret" not in picture
        await driven.press("escape")
        assert driven.screen._view == "form" and driven.app.answers == []
        await driven.press("alt+v", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Ann", "token": "s3cret"})]


async def test_a_problem_found_from_the_preview_leads_to_its_row() -> None:
    async with dialog() as driven:
        await driven.press("ctrl+l", "ctrl+r")
        assert driven.focused == ("name",) and driven.screen._view == "form"


async def test_8_6_no_secret_is_in_a_screenshot_of_any_view() -> None:
    kept, _ = shelf(SECRET)
    async with dialog(SECRET, {"name": "Ann", "token": "s3cret-value"}, shelf=kept) as driven:
        for key in ("f2", "f2", "f10", "f10", "ctrl+l", "ctrl+g", "f5"):
            await press(driven, key)
            assert "s3cret" not in driven.app.export_screenshot()


# --- dangerous ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mark", [{"confirm": True}, {"tags": ("Destructive",)}])
async def test_a_dangerous_executor_needs_its_id_typed(size: tuple[int, int], mark: dict[str, Any]) -> None:
    async with dialog(size=size, **mark) as driven:
        await driven.press(*"Ann", "ctrl+r")
        assert isinstance(driven.app.screen, ConfirmScreen) and '"language": "en"' in driven.picture()
        assert '"name": "Ann"' in driven.picture() and "Type greet" in driven.picture()
        await driven.press("enter", "enter", *"gree", "enter", "ctrl+r")
        assert driven.app.answers == [], "no key alone runs it"
        await driven.press(*"t", "enter")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Ann"})]


async def test_esc_goes_back_to_the_form_of_a_dangerous_one() -> None:
    async with dialog(confirm=True) as driven:
        await driven.press(*"Ann", "ctrl+r", "escape")
        assert driven.app.answers == [] and driven.app.screen is driven.screen
        assert driven.form.instance == {"name": "Ann"}


async def test_what_changed_while_it_was_confirmed_has_to_be_looked_at_again() -> None:
    async with dialog(confirm=True) as driven:
        await driven.press(*"Ann", "ctrl+r")
        driven.screen.executor_changed(replace(spec(GREET, confirm=True), version="2"))
        await driven.press(*"greet", "enter")
        assert driven.app.answers == [] and "changed meanwhile" in driven.said("said")


# --- in the console ----------------------------------------------------------------------------------------------


def one_engine(**fields: Any) -> FakeEngine:
    return FakeEngine(make_spec("greet", "Greet", schema=SECRET, **fields))


async def test_a_launch_clears_the_draft_and_a_refused_one_keeps_it() -> None:
    async with console(one_engine) as driven:
        await driven.press("enter", *"Ann", "escape")
        assert ("greet", "") in driven.engine.presets.kept
        driven.engine.refusal = TaskError("no room", "Wait")
        await driven.press("enter", "ctrl+r")
        assert "no room" in driven.said and driven.engine.presets.kept["greet", ""].inputs == {"name": "Ann"}
        driven.engine.refusal = None
        await driven.press("1", "enter", "ctrl+r")
        assert driven.engine.tasks["task-1"].inputs == {"name": "Ann"}
        assert driven.engine.presets.kept == {}


async def test_options_reach_the_engine_and_a_rerun_remembers_them() -> None:
    async with console(one_engine) as driven:
        given = {
            "priority": 0,
            "label": "tonight",
            "tags": ["a"],
            "retries": 2,
            "dry_run": True,
            "idempotency_key": "k",
        }
        await driven.press("enter", *"Ann")
        await driven.app.screen._set_options(given)  # type: ignore[attr-defined]
        await driven.press("ctrl+r")
        task = driven.engine.tasks["task-1"]
        assert task.priority == 0 and driven.engine.labels["task-1"] == "tonight" and task.idempotency_key == "k"
        assert task.params == {"executor_id": "greet", "tags": ["a"], "retries": 2, "dry_run": True}
        await driven.press("r")
        assert driven.app.screen.options.given == {  # type: ignore[attr-defined]
            "priority": 0, "tags": ["a"], "retries": 2, "dry_run": True,
        }  # fmt: skip
        await driven.press("ctrl+r")
        assert ("adjust", "task-1") not in driven.engine.asked, "nothing changed"
        await driven.press("r")
        await driven.app.screen._set_options({"retries": 5})  # type: ignore[attr-defined]
        await driven.press("ctrl+r")
        assert task.priority == 2 and task.params == {"executor_id": "greet", "retries": 5}


async def test_8_2_a_key_that_has_a_task_shows_it_and_says_so() -> None:
    async with console(one_engine) as driven:
        for _ in range(2):
            await driven.press("1", "enter", *"Ann")
            await driven.app.screen._set_options({"idempotency_key": "once"})  # type: ignore[attr-defined]
            await driven.press("ctrl+r")
        assert list(driven.engine.tasks) == ["task-1"] and "nothing new runs" in driven.said


async def test_a_dangerous_rerun_and_clone_are_confirmed_too() -> None:
    async with console(lambda: one_engine(tags=("destructive",))) as driven:
        task = driven.engine.add("greet", inputs={"name": "Ann"})
        driven.engine.finish(task.id)
        await driven.settle()
        await driven.select(task.id)
        for key in ("r", "K"):
            await driven.press(key, "ctrl+r")
            assert isinstance(driven.app.screen, ConfirmScreen)
            await driven.press("enter", "escape", "escape")
        assert not {"rerun", "submit"} & {what for what, _ in driven.engine.asked}
        await driven.press("r", "ctrl+r", *"greet", "enter")
        assert ("rerun", task.id) in driven.engine.asked


async def test_an_example_with_a_secret_asks_for_it() -> None:
    async with dialog(SECRET, examples=({"name": "x", "token": "demo"},)) as driven:
        await press(driven, "f5")
        assert isinstance(driven.app.screen, RecallScreen) and "demo" not in driven.picture()
        await press(driven, "enter")
        assert json.dumps(driven.form.instance) == json.dumps({"name": "x", "token": MASK})
