"""The command line's language: what is understood, what is said about the rest, what Tab offers."""

from __future__ import annotations

import pytest

from tui.actions import ACTIONS, PANES
from tui.command_line import COMMANDS, CommandError, Known, assignments, complete, find, parse, setting

SCHEMA = {"properties": {"name": {"type": "string"}, "language": {"enum": ["en", "fr"]}, "loud": {"type": "boolean"}}}
KNOWN = Known({"greeting": SCHEMA, "go_fast": {}}, ["task-1", "task-20"])


def test_a_command_and_its_words() -> None:
    line = parse(" :launch  greeting name=Ada ", "runs")
    assert line is not None and line.command is not None
    assert (line.command.name, line.words) == ("launch", "greeting name=Ada")
    assert parse("", "runs") is None and parse(" : ", "runs") is None


@pytest.mark.parametrize("alias", ["q", "quit", ":q", "QUIT"])
def test_commands_have_short_names(alias: str) -> None:
    line = parse(alias, "catalogue")
    assert line is not None and line.command is not None and line.command.name == "quit"


@pytest.mark.parametrize(
    ("typed", "pane", "id"),
    [("rerun", "runs", "runs.rerun"), ("rerun", "detail", "detail.rerun"), ("rerun-then", "runs", "runs.rerun_then"),
     ("Rerun_Then", "runs", "runs.rerun_then"), ("messages", "runs", "app.messages"),
     ("skip", "catalogue", "runs.skip"),
     ("tab_log", "runs", "app.tab_log"), ("detail.copy", "runs", "detail.copy"), ("log_tab", "runs", "app.tab_log"),
     ("back", "runs", "app.back")],
)  # fmt: skip
def test_every_action_is_a_command(typed: str, pane: str, id: str) -> None:
    line = parse(typed, pane)  # type: ignore[arg-type]
    assert line is not None and line.action is not None and line.action.id == id


def test_each_action_is_found_by_its_id() -> None:
    for action in ACTIONS:
        found = find(action.id, "catalogue")
        assert found is action


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("cancle", "did you mean cancel?"),
        ("lanch x", "did you mean launch?"),
        ("mesages", "did you mean messages?"),
        ("xyzzy", "there is no command 'xyzzy'"),
        ("quit now", "quit takes no words"),
        ("launch", "say launch ID"),
        ("go", "say go ID"),
        ("theme", "say theme NAME"),
    ],
)
def test_what_is_wrong_is_said(typed: str, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse(typed, "runs")
    assert says in str(caught.value)


def test_inputs_are_read_as_a_shell_reads_them() -> None:
    assert assignments("greeting name='Ada L' times=2") == ("greeting", "name=Ada L\ntimes=2")
    assert assignments("greeting") == ("greeting", "")
    assert assignments("g 'a=say \"x\"' b=") == ("g", 'a="say \\"x\\""\nb=""')
    for wrong in ("greeting name", "greeting 'name=x", "greeting =x"):
        with pytest.raises(CommandError):
            assignments(wrong)


def test_settings_are_said_both_ways() -> None:
    assert setting("theme light") == setting("theme=light") == ("theme", "light")
    with pytest.raises(CommandError, match=r"auto\|dark"):
        setting("theme")
    with pytest.raises(CommandError, match="did you mean theme"):
        setting("them")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("lau", ["launch "]),
        ("launch g", ["launch go_fast ", "launch greeting "]),
        ("launch greeting ", ["launch greeting name=", "launch greeting language=", "launch greeting loud="]),
        ("launch greeting name=x l", ["launch greeting name=x language=", "launch greeting name=x loud="]),
        ("launch greeting language=", ["launch greeting language=en", "launch greeting language=fr"]),
        ("launch greeting loud=t", ["launch greeting loud=true"]),
        ("theme l", ["theme light"]),
        ("set the", ["set theme "]),
        ("set ascii o", ["set ascii on", "set ascii off"]),
        ("go task-2", ["go task-20"]),
        ("cancel ", ["cancel tree"]),
        ("launch nothing ", []),
        ("zzz", []),
        ("messages x", []),
    ],
)
def test_tab_offers(typed: str, offered: list[str]) -> None:
    assert complete(typed, "runs", KNOWN) == offered


def test_all_that_is_offered_first_is_understood() -> None:
    for pane in PANES:
        for line in complete("", pane, KNOWN):
            if not line.endswith(" "):
                assert parse(line, pane) is not None


def test_foreign_schemas_do_no_harm() -> None:
    for schema in (None, [], {"properties": []}, {"properties": {1: {}, "a": 3}}, {"properties": {"a": {"enum": 3}}}):
        complete("launch x ", "runs", Known({"x": schema}))
        complete("launch x a=", "runs", Known({"x": schema}))


def test_commands_are_explained() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names)) and all(command.help.endswith(".") for command in COMMANDS)
