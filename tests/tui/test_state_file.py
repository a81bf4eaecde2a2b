"""What is kept between two starts, by one console and by several."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tui.state_file import SIZE_LIMIT, VERSION, Kept


def test_what_was_put_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    kept = Kept.load(path)
    kept.put("layout.catalogue", 50)
    kept.put("commands", ["help", "go x"])
    kept.put("console.theme", "light")
    kept.save()
    again = Kept.load(path)
    assert again.problem == ""
    assert again.number("layout.catalogue", 1, 100) == 50 and again.texts("commands") == ["help", "go x"]
    assert again.settings() == {"theme": "light"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in path.parent.iterdir()} == {"state.json", ".state.json.lock"}


def test_none_forgets(tmp_path: Path) -> None:
    kept = Kept.load(tmp_path / "state.json")
    kept.put("a", 1)
    kept.save()
    kept.put("a", None)
    kept.save()
    assert Kept.load(tmp_path / "state.json").get("a") is None


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b'{"version": 1}', b'{"values": {}}', b"[" * 60_000,
                                     b" " * (SIZE_LIMIT + 1)])  # fmt: skip
def test_a_broken_file_is_said_ignored_and_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    kept = Kept.load(path)
    assert str(path) in kept.problem and kept.get("a") is None
    if b'"values": {}' in content:
        return
    kept.put("a", 1)
    kept.save()
    assert Kept.load(path).get("a") == 1


def test_the_file_of_a_newer_console_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    text = json.dumps({"version": VERSION + 1, "values": {"a": 2}})
    path.write_text(text)
    kept = Kept.load(path)
    assert "version" in kept.problem
    kept.put("a", 1)
    kept.save()
    assert path.read_text() == text


def test_values_of_another_kind_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"version": VERSION, "values": {"a": "x", "b": True, "c": 900, "d": [1, "y"]}}))
    kept = Kept.load(path)
    assert [kept.number(name, 0, 100) for name in "abc"] == [None, None, None]
    assert kept.texts("d") == ["y"] and kept.texts("a") == []


def test_two_consoles_keep_what_the_other_wrote(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    one, other = Kept.load(path), Kept.load(path)
    one.put("a", 1)
    other.put("b", 2)
    one.save()
    other.save()
    assert Kept.load(path).get("a") == 1 and Kept.load(path).get("b") == 2


def test_many_writers_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    def write(number: int) -> None:
        kept = Kept.load(path)
        for each in range(20):
            kept.put(f"{number}.{each}", "x" * 200)
            kept.save()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = Kept.load(path)
    assert kept.problem == ""
    assert all(kept.get(f"{number}.{each}") for number in range(6) for each in range(20))


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Kept.load(tmp_path / "file" / "state.json")
    kept.put("a", 1)
    kept.save()
    assert kept.get("a") == 1 and kept.is_changed


def test_without_a_path_it_lasts_as_long_as_the_console() -> None:
    kept = Kept()
    kept.put("a", 1)
    kept.save()
    assert kept.get("a") == 1 and not kept.is_changed
