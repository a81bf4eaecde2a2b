"""The hands: command line, palette, back and forth, borders, hints, jump mode, own keys, what is kept."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from textual.widget import Widget

import tui
from engine.task import Task, TaskStatus
from screenshots.demo import busy_engine, empty_engine
from tests.tui.console_driver import SIZES, SMALL, console
from tests.tui.fake_engine import FakeEngine
from tui.actions import ACTIONS, PANES
from tui.app import ConsoleApp
from tui.console_settings import ConsoleSettings
from tui.key_names import key_name
from tui.keymap import Keymap
from tui.palette import offered
from tui.screens.help import help_lines
from tui.screens.launch import LaunchScreen
from tui.state_file import Kept
from tui.widgets.command_line import CommandLine
from tui.widgets.status_line import StatusLine

# --- the table, the palette, the help ----------------------------------------------------------------------------


def modules_of_the_console() -> None:
    for found in pkgutil.walk_packages(tui.__path__, "tui."):
        if not found.name.startswith(("tui.commands", "tui.cli")):
            importlib.import_module(found.name)


def classes(base: type) -> list[type]:
    return [base, *(each for sub in base.__subclasses__() for each in classes(sub))]


def test_every_action_is_done_by_something() -> None:
    modules_of_the_console()
    ours = [each for each in (*classes(Widget), *classes(ConsoleApp)) if each.__module__.startswith("tui.")]
    for action in ACTIONS:
        method = f"action_{action.method.partition('(')[0]}"
        assert any(hasattr(each, method) for each in ours), f"{action.id}: nothing has {method}"


def test_every_action_is_in_the_help() -> None:
    text = "\n".join(line for line, _ in help_lines("runs", Keymap(), 400))
    assert all(action.help in text for action in ACTIONS)
    assert ":" in text and "launch ID [NAME=VALUE" in text and "keymap.toml" in text


def test_every_action_is_in_the_palette_of_its_screen() -> None:
    on_console = {action.method for action in offered(set(), ("app", *PANES))}
    scopes = {action.scope for action in ACTIONS} - {"app", "catalogue", "runs", "detail"}
    elsewhere = {
        scope: {each.method for each in offered({a.id for a in ACTIONS if a.scope == scope}, ())} for scope in scopes
    }
    for action in ACTIONS:
        if action.group != "Moving" and action.method != "command_palette":
            assert action.method in elsewhere.get(action.scope, on_console), action.id


async def choose(driven: Any, words: str) -> None:
    """What the palette finds first for these words."""
    await driven.press("ctrl+p", *words)
    await driven.pilot.pause(0.4)
    await driven.press("enter")
    await driven.settle()


async def test_the_palette_finds_executors_runs_and_themes() -> None:
    async with console(busy_engine) as driven:
        await choose(driven, "launch wait")
        assert isinstance(driven.app.screen, LaunchScreen) and driven.app.screen.spec.id == "wait"
        await driven.press("escape")
        await choose(driven, "deploy web")
        assert driven.console.pane == "runs" and driven.console.runs.rows.selected == "deploy"
        await choose(driven, "theme: light")
        assert driven.app.theme == "taskdeck-light"


async def test_the_palette_knows_the_dialog_that_it_was_opened_in() -> None:
    async with console() as driven:
        await driven.press("slash", *"greet", "enter", "enter")
        await choose(driven, "preview")
        assert "language" in driven.screen and driven.engine.asked == []


# --- the command line --------------------------------------------------------------------------------------------


async def command(driven: Any, text: str) -> None:
    await driven.press("colon", *("space" if each == " " else key_name(each) for each in text), "enter")


def line(driven: Any) -> CommandLine:
    return driven.console.query_one(CommandLine)


@SIZES
async def test_commands_do_what_they_say(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        await command(driven, "go push")
        assert driven.console.pane == "runs" and driven.console.runs.rows.selected == "push"
        await command(driven, "cancel")
        assert driven.engine.asked == [("cancel", "push")]
        await command(driven, "tab_info")
        assert driven.console.detail.tab == "Info"
        await command(driven, "pause")
        await command(driven, "resume")
        assert driven.engine.asked[1:] == [("pause", "deploy"), ("resume", "deploy")]
        await command(driven, "pause queue")
        assert driven.engine.asked[-1] == ("pause", "all")
        await command(driven, "filter failed")
        assert driven.console.runs.filter_line.text == "failed"
        assert {row.task.status for row in driven.console.forest.visible if row.failed} == {TaskStatus.FAILED}
        await command(driven, "filter")
        assert driven.console.runs.filter_line.text == ""
        await command(driven, "messages")
        assert "Messages" in driven.screen
        await driven.press("escape")
        await command(driven, "help")
        assert "Keys" in driven.screen


async def test_launch_opens_the_form_filled_in() -> None:
    async with console() as driven:
        await command(driven, "launch greeting_executor name=Ada language=fr")
        screen = driven.app.screen
        assert isinstance(screen, LaunchScreen) and screen.form.sent == {"name": "Ada", "language": "fr"}
        await driven.press("ctrl+r")
        assert driven.engine.asked == [("launch", "greeting_executor")] and "Hello, Ada!" in driven.screen


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("cancle", "did you mean cancel?"),
        ("launch greting", "did you mean greeting_executor?"),
        ("launch greeting_executor nme=x", "nme"),
        ("theme neon", "theme is auto"),
        ("set mouse perhaps", "mouse is on"),
        ("resume queue", "not paused"),
        ("compare", "dialog"),
        ("quit now", "takes no words"),
    ],
)
async def test_what_is_wrong_is_said_and_can_be_mended(typed: str, says: str) -> None:
    async with console(busy_engine) as driven:
        await command(driven, typed)
        assert says in driven.last_line
        assert line(driven).field.has_focus and line(driven).field.value == typed
        await driven.press("escape")
        assert not line(driven).display and driven.console.status.display
        assert driven.app.focused is driven.console.catalogue.rows
        assert driven.engine.asked == []


async def test_a_task_that_is_not_there_is_said() -> None:
    async with console(busy_engine) as driven:
        await command(driven, "go nowhere")
        assert "there is no run or task 'nowhere'" in driven.said


async def test_letters_are_text_from_the_first_on() -> None:
    async with console(busy_engine) as driven:
        await driven.pilot.press("colon", "q", "c", "D", "question_mark")  # as fast as a paste
        await driven.settle()
        assert line(driven).field.value == "qcD?" and driven.app.screen is driven.console


async def test_tab_completes_and_up_recalls() -> None:
    async with console(busy_engine) as driven:
        await driven.press("colon", *"mess", "tab")
        assert line(driven).field.value == "messages"
        await driven.press("enter", "escape", "colon", "up")
        assert line(driven).field.value == "messages"
        await driven.press("down")
        assert line(driven).field.value == ""
        await driven.press(*"launch", "space", "g", "tab")
        assert line(driven).field.value == "launch greeting_executor "
        await driven.press("tab")
        assert line(driven).field.value == "launch greeting_executor name="
        await driven.press("tab")
        assert line(driven).field.value == "launch greeting_executor language="
        await driven.press("shift+tab")
        assert line(driven).field.value == "launch greeting_executor name="


async def test_backspace_leaves_an_empty_line() -> None:
    async with console() as driven:
        await driven.press("colon", "x", "backspace", "backspace")
        assert not line(driven).display and driven.app.focused is driven.console.catalogue.rows


async def test_a_colon_is_text_in_a_filter() -> None:
    async with console() as driven:
        await driven.press("slash", "a", "colon", "left_square_bracket")
        assert driven.console.catalogue.filter_line.text == "a:["


async def test_quit_asks_while_tasks_run() -> None:
    async with console(busy_engine) as driven:
        await command(driven, "q")
        assert "run" in driven.screen and "Stay" in driven.screen
        await driven.press("escape")
        assert driven.app.is_running


async def test_a_run_is_exported(tmp_path: Path) -> None:
    async with console(busy_engine) as driven:

        async def export(ids: list[str]) -> Any:
            for number in range(600):
                yield f'{{"line": {number}, "of": "{ids[0]}"}}'

        driven.engine.export = export  # type: ignore[attr-defined]
        await driven.select("push")
        target = tmp_path / "run.jsonl"
        driven.console.command_export(str(target))
        await driven.settle()
        await driven.settle()
        lines = target.read_text().splitlines()
        assert len(lines) == 600 and '"deploy"' in lines[0] and target.stat().st_mode & 0o777 == 0o600
        assert "wrote 600 lines" in driven.said
        driven.console.command_export(str(target))
        await driven.settle()
        assert "exists already" in driven.said
        assert [each.name for each in tmp_path.iterdir()] == ["run.jsonl"]


# --- back and forth ----------------------------------------------------------------------------------------------


@SIZES
async def test_back_and_forth_through_what_was_looked_at(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        screen = driven.console
        await driven.press("2", "g", "j", "j")
        await driven.press("f7")
        await driven.press("G")
        last = screen.runs.rows.selected
        await driven.press("1", "slash", *"web", "enter")
        await driven.press("left_square_bracket")
        assert (screen.pane, screen.catalogue.filter_line.text) == ("catalogue", "")
        await driven.press("left_square_bracket")
        assert (screen.pane, screen.runs.rows.selected) == ("runs", last)
        await driven.press("left_square_bracket")
        assert (screen.runs.rows.selected, screen.detail.tab) == ("push", "Inputs")
        await driven.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert (screen.pane, screen.catalogue.filter_line.text) == ("catalogue", "web")
        assert [row.key for row in screen.catalogue.rows.rows] == ["http_request"]
        await driven.press("right_square_bracket")
        assert "no view after" in driven.said


async def test_going_back_to_what_is_gone_does_no_harm() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "G")
        gone = driven.console.runs.rows.selected
        await driven.press("g", "1")
        assert gone is not None
        await driven.engine.delete(gone)
        await driven.settle()
        await driven.press(*["left_square_bracket"] * 4)
        assert driven.console.pane in ("catalogue", "runs")


# --- borders and what is kept ------------------------------------------------------------------------------------


async def test_borders_move_by_keys_and_stay_where_they_were(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with console(kept=Kept.load(path)) as driven:
        width = driven.console.catalogue.outer_size.width
        height = driven.console.detail.outer_size.height
        await driven.press("greater_than_sign", "greater_than_sign", "2", "equals_sign")
        assert driven.console.catalogue.outer_size.width == width + 8
        assert driven.console.detail.outer_size.height < height
        await driven.press("greater_than_sign")
        assert driven.console.catalogue.outer_size.width == width + 4
        height = driven.console.detail.outer_size.height
        driven.app.kept.save()
    async with console(kept=Kept.load(path)) as driven:
        assert driven.console.catalogue.outer_size.width == width + 4
        assert driven.console.detail.outer_size.height == height
        await driven.pilot.resize_terminal(80, 24)
        await driven.settle()
        assert driven.console.catalogue.outer_size.width == 80
        for _ in range(40):
            await driven.pilot.press("minus", "less_than_sign")
        assert driven.console.catalogue.outer_size.height > 2


async def test_zoom_filter_commands_tab_and_theme_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with console(busy_engine, kept=Kept.load(path)) as driven:
        await driven.press("slash", *"web", "enter", "escape")
        await command(driven, "theme light")
        await driven.select("push")
        await driven.press("f9", "plus")
        driven.app.kept.save()
    kept = Kept.load(path)
    assert kept.settings() == {"theme": "light"}
    async with console(busy_engine, kept=kept) as driven:
        assert driven.console.pane == "runs" and not driven.console.catalogue.display
        await driven.press("underscore")
        await driven.select("push")
        assert driven.console.detail.tab == "Info"
        await driven.press("1", "slash")
        assert driven.console.catalogue.filter_line.text == "web"
        await driven.press("escape", "colon", "up")
        assert line(driven).field.value == "theme light"


async def test_a_fixed_setting_is_changed_but_not_kept() -> None:
    async with console(kept=Kept(), fixed=frozenset({"theme"})) as driven:
        await command(driven, "theme contrast")
        assert driven.app.theme == "taskdeck-contrast" and "until the console ends" in driven.said
        assert driven.app.kept.settings() == {}


async def test_a_broken_state_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{")
    async with console(kept=Kept.load(path)) as driven:
        assert driven.said.count("cannot be read") == 1


# --- hints, mouse, jump ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pane", "123")
async def test_all_hints_that_matter_fit_at_80_columns(pane: str) -> None:
    async with console(busy_engine, SMALL) as driven:
        await driven.press(pane)
        assert "? help" in driven.last_line and "running" in driven.last_line and "failed" in driven.last_line
        needed = {"1": ("/ filter", "Enter launch"), "2": ("/ filter", "r rerun", "c cancel"), "3": ("r rerun",)}
        assert all(hint in driven.last_line for hint in needed[pane])


@SIZES
async def test_a_click_on_a_hint_does_what_its_key_does(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        x = driven.last_line.index("/ filter") + 2
        await driven.pilot.click(StatusLine, offset=(x, 0))
        await driven.settle()
        assert driven.console.catalogue.filter_line.field.has_focus
        await driven.press("escape")
        x = driven.last_line.index("? help")
        await driven.pilot.click(StatusLine, offset=(x, 0))
        await driven.settle()
        assert "Keys" in driven.screen


async def test_a_letter_jumps_to_a_row_a_tab_and_a_pane() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "ctrl+o")
        letter = driven.line("push")[38:40].strip("│ ")[:1]
        await driven.press(letter)
        assert driven.console.runs.rows.selected == "push"
        await driven.press("ctrl+o")
        tabs = driven.line("Inputs")
        await driven.press(tabs[tabs.index("Info") - 1])
        assert driven.console.detail.tab == "Info" and driven.console.pane == "detail"
        await driven.press("ctrl+o", "a")
        assert driven.console.pane == "catalogue"
        await driven.press("ctrl+o", "escape")
        assert driven.app.screen is driven.console


# --- own keys ----------------------------------------------------------------------------------------------------


def with_keymap(own_folders: Path, text: str) -> None:
    folder = own_folders / "config" / "taskdeck"
    folder.mkdir(parents=True)
    (folder / "keymap.toml").write_text(text)


async def test_keys_of_quitting_copying_and_the_dialog_can_be_changed(own_folders: Path) -> None:
    with_keymap(
        own_folders,
        '"runs.copy_id" = "ctrl+y"\n[app]\nquit = "Q,f12"\npalette = "f3"\n[launch]\nrun = "f9"\nreveal = "ctrl+r"\n',
    )
    async with console(busy_engine) as driven:
        assert list(driven.app.keys.problems) == []
        await driven.select("push")
        await driven.press("q", "ctrl+q", "Y")
        assert driven.app.is_running and driven.app.screen is driven.console
        await driven.press("ctrl+p")
        assert driven.app.screen is driven.console
        await driven.press("f3", "escape", "ctrl+y")
        assert "copied push" in driven.said
        await driven.press("1", "slash", *"greet", "enter", "enter", *"Ada", "ctrl+r")
        assert driven.engine.asked == []
        await driven.press("f9")
        assert driven.engine.asked == [("launch", "greeting_executor")]
        await driven.press("Q")
        assert "Stay" in driven.screen


async def test_an_action_without_keys_has_none(own_folders: Path) -> None:
    with_keymap(own_folders, '"app.messages" = ""\n"app.quit" = ""\n')
    async with console(busy_engine) as driven:
        await driven.press("M", "q", "ctrl+q")
        assert driven.app.screen is driven.console
        await command(driven, "messages")
        assert "Messages" in driven.screen


async def test_a_clash_is_said_at_the_start_and_in_the_help(own_folders: Path) -> None:
    with_keymap(own_folders, '"runs.cancel" = "r"\n')
    async with console(busy_engine) as driven:
        assert "r is taken" in driven.said
        await driven.press("question_mark")
        assert "r is taken" in driven.screen


async def test_hints_show_the_persons_own_keys(own_folders: Path) -> None:
    with_keymap(own_folders, '[app]\nhelp = "f2"\n')
    async with console() as driven:
        assert "F2 help" in driven.last_line


# --- first steps -------------------------------------------------------------------------------------------------


@SIZES
async def test_the_first_start_teaches_three_keys(size: tuple[int, int]) -> None:
    async with console(empty_engine, size) as driven:
        assert "Your first run" in driven.screen
        assert "Enter opens its form" in driven.screen and "ctrl+r launches it" in driven.screen
        await driven.press("slash", *"greet", "enter", "enter", *"Ada", "ctrl+r", "1")
        assert "Your first run" not in driven.screen


@SIZES
async def test_an_empty_catalogue_says_where_executors_lie(size: tuple[int, int]) -> None:
    async with console(lambda: FakeEngine(), size) as driven:
        assert "no executors here yet" in driven.screen and "taskdeck new" in driven.screen
        await driven.press("enter", "j", "G")
        assert driven.app.screen is driven.console


async def test_a_filter_without_match_says_what_to_do() -> None:
    async with console() as driven:
        await driven.press("slash", *"xyzzy")
        assert "nothing matches" in driven.screen and "Esc clears the filter" in driven.screen
        await driven.press("enter", "enter", "escape")
        assert "nothing matches" not in driven.screen


async def test_messages_say_what_will_stand_there() -> None:
    async with console() as driven:
        driven.app.notices.clear()
        await driven.press("M")
        assert "nothing was said yet" in driven.screen and "kept here" in driven.screen


async def test_the_catalogue_counts_its_executors() -> None:
    async with console() as driven:
        assert "1 Catalogue 8" in driven.screen


# --- told of -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notify", "focused", "rung"), [("bell", False, 1), ("bell", True, 0), ("off", False, 0), ("notify", False, 1)]
)
async def test_the_end_of_what_was_launched_here_is_rung(
    monkeypatch: pytest.MonkeyPatch, notify: str, focused: bool, rung: int
) -> None:
    bells: list[str] = []
    monkeypatch.setattr(ConsoleApp, "bell", lambda self: bells.append("bell"))

    async def go_on(engine: FakeEngine, task: Task) -> None:
        engine.start(task.id)

    async with console(busy_engine, settings=ConsoleSettings(notify=notify)) as driven:
        driven.engine.behaviours["greeting_executor"] = go_on
        await driven.press("slash", *"greet", "enter", "enter", *"Ada", "ctrl+r")
        driven.app.app_focus = focused
        driven.engine.finish("push", TaskStatus.FAILED)
        await driven.settle()
        assert bells == [], "it was not launched here, and the other has not ended"
        driven.engine.finish(driven.console.runs.rows.selected or "")
        await driven.settle()
        assert len(bells) == rung


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (150, 50)])
async def test_any_size_is_survived_on_every_screen(size: tuple[int, int]) -> None:
    for keys in ((), ("question_mark",), ("M",), ("colon", "h"), ("ctrl+p",), ("ctrl+o",), ("q",), ("enter",)):
        async with console(busy_engine) as driven:
            await driven.press(*keys)
            for each in (size, (80, 24), size):
                await driven.pilot.resize_terminal(*each)
            await driven.settle()
            if size == (20, 5) and not keys:
                assert "needs 40x10" in " ".join(driven.screen.split())
            await driven.press("escape", "j", "k")
