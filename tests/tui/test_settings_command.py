"""`taskdeck settings`: which value holds, and who said it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import settings as engine_settings
from tests.tui.command_line import Command, running
from tui.state_file import Kept


@pytest.fixture
def taskdeck(capfd: pytest.CaptureFixture[str], own_folders: Path) -> Iterator[Command]:
    yield from running(capfd)


def write(own_folders: Path, text: str) -> Path:
    file = own_folders / "config" / "taskdeck" / "settings.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_each_setting_is_told_with_who_said_it(
    taskdeck: Command, own_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('grace = 9\nallow = ["b*"]\nthreads = 3\n')
    monkeypatch.setattr(engine_settings, "SITE_FILE", site)
    own = write(own_folders, 'threads = 5\nslots = 6\n[console]\nnotify = "off"\n')
    monkeypatch.setenv("TASKDECK_SLOTS", "7")
    monkeypatch.setenv("TASKDECK_TITLE", "off")
    kept = Kept.load()
    kept.put("console.mouse", "off")
    kept.put("console.notify", "notify")
    kept.save()
    done = taskdeck("--read-only", "--theme", "dark", "settings", "--json", "--store", tmp_path / "s.db")
    rows = {row["name"]: (row["value"], row["source"]) for row in json.loads(done.out)}
    assert done.code == 0
    assert rows["grace"] == (9, str(site)) and rows["allow"] == (["b*"], str(site))
    assert rows["threads"] == (5, str(own)) and rows["slots"] == (7, "TASKDECK_SLOTS")
    assert rows["read_only"] == (True, "--read-only") and rows["store"] == (str(tmp_path / "s.db"), "--store")
    assert rows["backups"] == (7, "default")
    assert rows["console.theme"] == ("dark", "--theme") and rows["console.notify"] == ("off", str(own))
    assert rows["console.title"] == (False, "TASKDECK_TITLE")
    assert rows["console.mouse"] == (False, "chosen in the console") and rows["console.ascii"] == ("auto", "default")


def test_who_is_notified_is_told_without_what_would_let_others_send(taskdeck: Command, own_folders: Path) -> None:
    hook = 'on = ["failed"]\nurl = "https://bot:pass@chat.example/hook/T0KEN?key=T0KEN"\nheaders = { Auth = "T0KEN" }'
    write(own_folders, f'[[notify]]\n{hook}\n[[notify]]\nurl = "env:HOOK"\nheaders = {{ Auth = "keyring:hook" }}\n')
    done = taskdeck("settings", "notify", "--json")
    ((first, second),) = [row["value"] for row in json.loads(done.out)]
    assert first["url"] == "https://chat.example/•••" and first["headers"] == {"Auth": "•••"}
    assert second["url"] == "env:HOOK" and second["headers"] == {"Auth": "keyring:hook"}
    assert "T0KEN" not in done.out + taskdeck("settings").out


def test_names_choose_and_an_unknown_one_is_answered_with_near_ones(taskdeck: Command) -> None:
    assert [line.split() for line in taskdeck("settings", "slots", "console.theme").lines] == [
        ["slots", "64", "default"],
        ["console.theme", '"auto"', "default"],
    ]
    done = taskdeck("settings", "slot")
    assert done.code == 2 and "did you mean slots?" in done.err.lower() and done.out == ""


def test_a_variable_that_is_no_setting_is_told(taskdeck: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKDECK_SLOT", "3")
    done = taskdeck("settings", "slots")
    assert "TASKDECK_SLOT is no setting; did you mean TASKDECK_SLOTS?" in done.err and done.code == 0


@pytest.mark.parametrize("text", ["slot = 3\n", '[console]\nthem = "dark"\n', "slots = 'x'\n", "slots = \n"])
def test_a_wrong_file_is_named_and_json_stays_json(taskdeck: Command, own_folders: Path, text: str) -> None:
    file = write(own_folders, text)
    done = taskdeck("settings", "--json")
    said = json.loads(done.out)
    assert done.code == said["exit_code"] == 2 and str(file) in said["error"] and str(file) in done.err
