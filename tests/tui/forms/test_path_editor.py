"""Rows of paths: completion, what is there, the picker; addresses and UUIDs beside them (forms.md 1.2)."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.tui.launch_driver import SIZES, Driven, dialog
from tui.forms import paths
from tui.screens.pick_path import PathScreen

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "file": {"type": "string", "format": "file-path"},
        "folder": {"type": "string", "format": "directory-path"},
        "cwd": {"type": "string"},
        "id": {"type": "string", "format": "uuid"},
        "link": {"type": "string", "format": "uri"},
        "last": {"type": "string"},
    },
}
ODD = ["[/x]".replace("/", "∕"), "[red]a[", "a\x1b]0;owned\x07b", "x\u202egnp.exe", "two\nlines"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The console's folder: `notes/`, `notes.txt`, `Numbers.csv`, `.hidden`."""
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "one.txt").write_text("1")
    (tmp_path / "notes.txt").write_text("x" * 1234)
    (tmp_path / "Numbers.csv").write_text("")
    (tmp_path / ".hidden").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def settled(driven: Driven) -> None:
    """The disk has answered."""
    for _ in range(2):
        await driven.pilot.pause()
        await driven.app.workers.wait_for_complete()
    await driven.pilot.pause()


# --- completion --------------------------------------------------------------------------------------------------


async def test_the_first_match_is_a_ghost_that_right_takes(here: Path) -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("path")
        await driven.press(*"no")
        await settled(driven)
        assert "notes/" in driven.picture() and driven.form.instance == {"path": "no"}, "it is not taken by itself"
        await driven.press("right")
        assert driven.form.instance == {"path": "notes/"}
        await driven.press(*"o")
        await settled(driven)
        await driven.press("right")
        assert driven.form.instance == {"path": "notes/one.txt"}
        await settled(driven)
        assert "a file of 1 B" in driven.picture()


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("notes.", "notes.txt"),
        ("num", "Numbers.csv"),
        (".", ".hidden"),
        ("", ""),
        ("x", ""),
        ("notes/", "notes/deep/"),
        ("notes/../no", "notes/../notes/"),
        ("~/no", "~/notes/"),
        ("~", ""),
        ("s3://no", ""),
        ("*.no", ""),
        ("nowhere/no", ""),
        ("notes.txt/", ""),
        ("\0", ""),
        ("\ud800", ""),
        ("a" * 9000, ""),
    ],
)
def test_completions(here: Path, monkeypatch: pytest.MonkeyPatch, text: str, completed: str) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert paths.completion(text, str(here)) == completed
    assert paths.about(text, str(here)) is not None


def test_only_folders_where_a_folder_is_asked_for(here: Path) -> None:
    assert paths.completion("n", str(here), folders_only=True) == "notes/"
    assert paths.completion("notes.", str(here), folders_only=True) == ""
    assert paths.about("notes.txt", str(here), folders_only=True) == "a file, not a folder"


def test_names_that_do_not_show_are_never_a_ghost(here: Path) -> None:
    for name in (*ODD, "\udcff"):
        (here / name).write_text("")
    assert paths.completion("a", str(here)) == "" and paths.completion("x", str(here)) == ""


async def test_relative_paths_begin_in_the_cwd_that_is_given(here: Path) -> None:
    async with dialog(SCHEMA, {"cwd": "notes"}) as driven:
        await driven.focus("path")
        await driven.press(*"on")
        await settled(driven)
        await driven.press("right")
        assert driven.form.instance["path"] == "one.txt"


async def test_what_is_not_there_is_said_and_can_be_sent(here: Path) -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("file")
        await driven.press(*"nope")
        await settled(driven)
        assert "nothing is there" in driven.picture()
        await driven.press("ctrl+r")
        assert driven.app.answers[0] is not None and driven.app.answers[0].inputs == {"file": "nope"}


async def test_a_disk_that_does_not_answer_holds_nothing_up(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = threading.Event()

    def hang(folder: str, **_: Any) -> paths.Listing:
        asked.append(folder)
        answers.wait()
        return paths.Listing(folder)

    monkeypatch.setattr(paths, "read_folder", hang)
    async with dialog(SCHEMA) as driven:
        await driven.focus("path")
        await driven.press(*"a long name", "tab", "shift+tab", "f4", "escape", "ctrl+r")
        assert driven.app.answers[0] is not None and driven.app.answers[0].inputs == {"path": "a long name"}
    assert 1 <= len(asked) <= 3
    answers.set()
    while paths._alive:
        await asyncio.sleep(0.05)


# --- the picker --------------------------------------------------------------------------------------------------


async def test_the_picker_goes_in_and_takes(here: Path) -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("file")
        await driven.press("f4")
        assert isinstance(driven.app.screen, PathScreen)
        await settled(driven)
        picture = driven.picture()
        assert "notes/" in picture and "notes.txt" in picture and ".hidden" not in picture
        await driven.press("enter")
        await settled(driven)
        await driven.press(*"one", "enter")
        assert driven.form.instance == {"file": str(here / "notes" / "one.txt")} and driven.focused == ("file",)


@pytest.mark.parametrize("size", SIZES)
async def test_the_picker_begins_where_the_text_leads_and_writes_as_it_is_written(
    here: Path, size: tuple[int, int]
) -> None:
    async with dialog(SCHEMA, {"path": "notes/one.txt"}, size=size) as driven:
        await driven.focus("path")
        await driven.press("f4")
        await settled(driven)
        assert "deep/" in driven.picture() and "Esc leaves" in driven.picture()
        await driven.press("left")
        await settled(driven)
        await driven.press("down", "enter")
        assert driven.form.instance == {"path": "notes.txt"}, "the cursor stood on the folder that was left"


async def test_typed_paths_are_gone_to(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here / "notes"))
    async with dialog(SCHEMA) as driven:
        await driven.focus("path")
        await driven.press("f4")
        await settled(driven)
        await driven.press(*"~/")
        await settled(driven)
        assert "one.txt" in driven.picture()
        await driven.press(*"../")
        await settled(driven)
        await driven.press(*"nowhere/")
        await settled(driven)
        assert "cannot be read: No such file" in driven.picture() and "Numbers.csv" not in driven.picture()
        await driven.press("ctrl+u", *".hid", "enter")
        assert driven.form.instance == {"path": str(here / ".hidden")}


async def test_a_folder_is_taken_itself(here: Path) -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("folder")
        await driven.press("f4")
        await settled(driven)
        assert "notes.txt" not in driven.picture(), "only folders"
        await driven.press("enter")
        await settled(driven)
        await driven.press("home", "pageup", "enter")
        assert driven.form.instance == {"folder": str(here / "notes")}
        await driven.focus("path")
        await driven.press("f4")
        await settled(driven)
        await driven.press(*"notes", "tab")
        assert driven.form.instance["path"] == str(here / "notes")
        await driven.focus("file")
        await driven.press("f4")
        await settled(driven)
        await driven.press(*"notes", "tab")
        assert isinstance(driven.app.screen, PathScreen) and "a file is asked for" in driven.picture()
        await driven.press("escape")
        assert driven.focused == ("file",) and "file" not in driven.form.instance


async def test_odd_names_do_no_harm_and_can_be_taken(here: Path) -> None:
    for name in (*ODD, "\udcff"):
        (here / name).write_text("")
    async with dialog(SCHEMA) as driven:
        await driven.focus("file")
        await driven.press("f4")
        await settled(driven)
        picture = driven.picture()
        assert "[red]a[" in picture and "\x1b" not in picture and "\u202e" not in picture and "\udcff" not in picture
        await driven.press(*"owned", "enter")
        assert driven.form.instance == {"file": str(here / ODD[2])} and "\x1b" not in driven.picture()
        await driven.press("f6", "f4")
        await settled(driven)
        await driven.press(*["pagedown"] * 3, "enter")
        assert "it cannot be sent" in driven.picture()
        await driven.press(*"[red]", "enter")
        assert driven.form.instance == {"file": str(here / "[red]a[")}


async def test_a_large_folder_never_holds_up_the_keys(here: Path) -> None:
    for at in range(5000):
        (here / f"f{at:05}.txt").touch()
    worst = 0.0

    async def probe() -> None:
        nonlocal worst
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0.005)
            worst = max(worst, time.monotonic() - begun)

    async with dialog(SCHEMA) as driven:
        await driven.focus("path")
        probing = asyncio.create_task(probe())
        await driven.press("f4")
        await settled(driven)
        await driven.press(*"f04", "down", "enter")
        probing.cancel()
        assert driven.form.instance == {"path": str(here / "f04001.txt")}
    assert worst < 3.0


async def test_a_folder_that_cannot_be_read_is_said(here: Path) -> None:
    async with dialog(SCHEMA, {"path": "gone/away/x.txt"}) as driven:
        await driven.focus("path")
        await driven.press("f4")
        await settled(driven)
        assert "notes.txt" in driven.picture(), "the nearest folder that there is"
        os.rename(here / "notes", here / "moved")
        await driven.press(*"notes", "up", "enter")
        await settled(driven)
        assert isinstance(driven.app.screen, PathScreen) and "cannot be read" in driven.picture()
        await driven.press("ctrl+r")
        assert driven.app.answers[0] is not None


# --- addresses and UUIDs -----------------------------------------------------------------------------------------


async def test_f4_makes_a_uuid() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("id")
        await driven.press("f4")
        first = UUID(driven.form.instance["id"])
        assert first.version == 4 and driven.row("id").editor.value == str(first) and driven.focused == ("id",)
        await driven.press("f4")
        assert UUID(driven.form.instance["id"]) != first
        await driven.press("f6", "f6")
        assert driven.form.instance == {}


async def test_an_address_without_a_scheme_is_said_and_sent() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("link")
        await driven.press(*"example.org/a")
        assert "has no scheme, like https://" in driven.picture()
        await driven.press("ctrl+r")
        assert driven.app.answers[0] is not None and driven.app.answers[0].inputs == {"link": "example.org/a"}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("email", "ann@", "an e-mail address like ann@example.org"),
        ("uuid", "1", "a UUID like 123e4567"),
        ("hostname", "-a", "a host name like www.example.org"),
        ("ipv4", "1.2.3", "an IPv4 address like 192.0.2.1"),
        ("ipv6", "x", "an IPv6 address like 2001:db8::1"),
        ("uri", "http://exam ple", "a whole address like https://example.org/a"),
        ("duration", "1h", "a duration like PT1H30M"),
        ("time", "noon", "a time like 12:30:00Z"),
    ],
)
async def test_formats_are_told_in_words_with_an_example(name: str, text: str, words: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "format": name}, "b": {"type": "string"}}}
    async with dialog(schema) as driven:
        await driven.focus("a")
        await driven.press(*text, "tab")
        assert f"✗ must be {words}" in driven.picture()
