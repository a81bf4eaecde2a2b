"""The person's editor: which one is started, how, and that it has the terminal for itself (console.md 6)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.console_driver import Driven, console
from tests.tui.fake_engine import FakeEngine, make_catalogue, make_spec
from tests.tui.test_driver import Terminal, start
from tui.editor import EditorError, arguments, editor

__all__ = ["start"]

HERE = Path(sys.executable).name


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("vi", "vi +7 a b.py"),
        ("nvim -p", "nvim -p +7 a b.py"),
        ("/usr/bin/nano", "/usr/bin/nano +7 a b.py"),
        ("emacsclient -t", "emacsclient -t +7 a b.py"),
        ("micro", "micro +7 a b.py"),
        ("hx", "hx a b.py:7"),
        ("code -w", "code -w --goto a b.py:7"),
        ("sed -i s/x/y/", "sed -i s/x/y/ a b.py"),
    ],
)
def test_each_editor_is_told_the_line_in_its_own_way(words: str, expected: str) -> None:
    command = arguments(words.split(), "a b.py", 7)
    assert " ".join(command) == expected
    assert any(word.startswith("a b.py") for word in command), "the file stays one argument"
    assert arguments(words.split(), "a b.py", None) == [*words.split(), "a b.py"]


def test_visual_goes_before_editor_and_arguments_are_split_as_a_shell_does() -> None:
    assert editor({"EDITOR": "false", "VISUAL": f"'{sys.executable}' -c 'a b'"}) == [sys.executable, "-c", "a b"]
    assert editor({"EDITOR": "sh", "VISUAL": " "}) == ["sh"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "no editor is set. Set VISUAL or EDITOR"),
        ({"EDITOR": "no-such-editor -x"}, "$EDITOR names 'no-such-editor', which cannot be started"),
        ({"VISUAL": "vi 'open"}, "$VISUAL cannot be read"),
        ({"VISUAL": "''"}, "$VISUAL names ''"),
    ],
)
def test_what_keeps_an_editor_from_starting_is_said(environment: dict[str, str], said: str) -> None:
    with pytest.raises(EditorError) as refusal:
        editor(environment)
    assert said in str(refusal.value)


# --- what `e` opens ----------------------------------------------------------------------------------------------


class Opened:
    """Stands for the editor; `commands` are what it was started with."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.code = 0

    async def edit(self, app: object, command: list[str]) -> int:
        self.commands.append(command)
        return self.code


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    found = Opened()
    monkeypatch.setattr("tui.editor.edit", found.edit)
    monkeypatch.setenv("EDITOR", "sh")
    monkeypatch.setattr("tui.editor.PLUS", {"sh"})
    return found


def engine_of(file: Path) -> Callable[[], FakeEngine]:
    from engine.catalogue import Problem

    def make() -> FakeEngine:
        spec = make_spec("mine", file=str(file), line=4)
        engine = FakeEngine(spec, make_spec("scripted", file=None, line=None))
        problem = Problem(str(file), 12, "SyntaxError: invalid syntax")
        engine.catalogue = make_catalogue(spec, engine.catalogue.executors["scripted"], problems=[problem])
        engine.add("a run", id="run", params={"executor_id": "mine"})
        engine.add("other", id="other", params={"executor_id": "gone"})
        return engine

    return make


async def go(driven: Driven, *keys: str) -> None:
    await driven.press(*keys, "e")


async def test_e_opens_the_executor_the_problem_and_the_executor_of_a_task(tmp_path: Path, opened: Opened) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n")
    async with console(engine_of(file)) as driven:
        for keys, line in ((("1", "j"), "+4"), (("g",), "+12"), (("j",), "+12"), (("3",), "+12")):
            opened.commands.clear()
            await go(driven, *keys)
            if keys == ("1", "j"):
                assert driven.console.catalogue.row is not None
            assert opened.commands[0][-1] == str(file), (keys, driven.said)
            assert opened.commands[0][-2] in ("+4", "+12")
            assert line in opened.commands[0] or keys == ("1", "j")
        await driven.select("run")
        await driven.press("e")
        assert opened.commands[-1] == ["sh", "+4", str(file)]
        await driven.press("3", "e")
        assert opened.commands[-1] == ["sh", "+4", str(file)], "in the detail it is the same task's"
        await driven.select("other")
        await driven.press("e")
        assert "gone is not in the catalogue" in driven.said
        assert len(opened.commands) == 3


async def test_e_says_why_nothing_opens_and_how_the_editor_ended(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.py"
    async with console(engine_of(file)) as driven:
        await driven.select("run")
        await driven.press("e")
        assert f"the file {file} is not there" in driven.said
        file.write_text("x = 1\n")
        opened.code = 1
        await driven.press("e")
        assert "sh ended with 1" in driven.said
        monkeypatch.delenv("EDITOR")
        await driven.press("e")
        assert "no editor is set" in driven.said
        assert len(opened.commands) == 1
        await driven.press("1", "G", "e")
        assert "scripted has no file" in driven.said


async def test_without_a_real_terminal_e_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n")
    monkeypatch.setenv("EDITOR", "true")
    async with console(engine_of(file)) as driven:
        await driven.select("run")
        await driven.press("e")
        assert "this terminal cannot be given to an editor" in driven.said
        await driven.press("1")
        assert driven.console.pane == "catalogue"


# --- on a terminal -----------------------------------------------------------------------------------------------

EDITOR = """
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"INTERRUPTED"))
mine = os.tcgetpgrp(0) == os.getpgrp()
print("IN EDITOR", sys.stdout.isatty(), mine, flush=True)
for line in sys.stdin:
    if line.strip() == "stop":
        os.kill(0, signal.SIGSTOP)
        print("WENT ON", flush=True)
    elif line.strip() == "end":
        sys.exit(3)
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "editor.py"
    file.write_text(EDITOR)
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' -u '{file}'")
    return file


@pytest.mark.skipif(sys.platform != "linux", reason="the driver is for Linux")
def test_an_editor_has_the_terminal_alone_and_the_console_goes_on(start: Callable[..., Terminal], script: Path) -> None:
    terminal = start("idle")
    os.write(terminal.master, b"e")
    terminal.read_until(b"IN EDITOR True True")
    before = terminal.last_beat()[0]
    terminal.wait_for(lambda: terminal.last_beat()[0] > before + 10, "the loop stands still", reading=True)
    os.write(terminal.master, b"\x03")
    terminal.read_until(b"INTERRUPTED")
    os.write(terminal.master, b"stop\n")
    terminal.read_until(b"WENT ON")
    os.write(terminal.master, b"end\n")
    terminal.read_until(b"EDITED 3")
    os.write(terminal.master, b"x")
    terminal.read_until(b"END MARK")
    assert terminal.process.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="the driver is for Linux")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_console_that_must_end_takes_its_editor_along(
    start: Callable[..., Terminal], script: Path, number: signal.Signals
) -> None:
    terminal = start("idle")
    os.write(terminal.master, b"e")
    terminal.read_until(b"IN EDITOR")
    terminal.process.send_signal(number)
    assert terminal.exit_code() == 128 + number
