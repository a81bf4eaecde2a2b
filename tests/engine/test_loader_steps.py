"""Looks at named files only, and looks that do not wait: half-written files and slow imports are taken in later."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import loader as loader_module
from engine.loader import Folder, Loader
from tests.engine.test_loader import HEAD, Place, executor

SLOW = "import os, time\nwhile not os.path.exists({gate!r}):\n    time.sleep(0.005)\n"
"""The head of a file whose import ends when `gate` appears."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(loader_module, "PATIENCE", 0.1)
    return Place(tmp_path / "executors")


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def look_until(place: Place, holds: Callable[[], bool]) -> None:
    """Look as the watcher does, without waiting and when it is due, until it holds."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, place.problems()
        place.loader.reconcile((), wait=False)
        time.sleep(min(place.loader.due or 0.01, 0.05))


def leftovers(place: Place) -> list[str]:
    """Names in `sys.modules` of versions of this folder that are not in force; two looks later none may be there."""
    place.load(), place.load()
    current = {spec.factory.__module__ for spec in place.loader.catalogue.executors.values()}
    return [
        name
        for name, module in sys.modules.items()
        if name.startswith("_exec.")
        and str(getattr(module, "__file__", "")).startswith(str(place.path))
        and name not in current
    ]


# ---------------------------------------------------------------- named files


def test_only_the_named_file_is_looked_at_and_a_full_look_sees_the_rest(place: Place) -> None:
    one = place.write("one.py", executor("one", "1"))
    place.write("two.py", executor("two", "1"))
    place.load()
    place.write("one.py", executor("one", "2"))
    place.write("two.py", executor("two", "2"))
    assert place.loader.reconcile([str(one)]) is not None
    assert (place.value("one"), place.value("two")) == (2, 1)
    assert place.loader.reconcile([str(one)]) is None
    place.load()
    assert place.value("two") == 2


def test_a_named_file_brings_all_that_import_it(place: Place) -> None:
    helper = place.write("pkg/helper.py", "VALUE = 1")
    for name in ("one", "two"):
        place.write(f"{name}.py", executor(name, "VALUE", imports="from pkg.helper import VALUE\n"))
    place.load()
    place.write("pkg/helper.py", "VALUE = 2")
    place.loader.reconcile([str(helper)])
    assert (place.value("one"), place.value("two")) == (2, 2)


@pytest.mark.parametrize("new", ["new.py", "known/new.py", "fresh/new.py", "fresh/deep/new.py"])
@pytest.mark.parametrize("is_named_by", ["itself", "its folder"])
def test_a_new_file_is_found_wherever_it_lies(place: Place, new: str, is_named_by: str) -> None:
    place.write("known/other.py", executor("other"))
    place.load()
    file = place.write(new, executor("new"))
    place.loader.reconcile([str(file if is_named_by == "itself" else file.parent)])
    assert place.value("new") == 1


def test_a_deleted_file_and_a_deleted_folder_that_are_named(place: Place) -> None:
    file = place.write("gone.py", executor("gone"))
    other = place.write("sub/other.py", executor("other"))
    place.load()
    file.unlink()
    place.loader.reconcile([str(file)])
    assert set(place.loader.catalogue.executors) == {"other"}
    other.unlink()
    other.parent.rmdir()
    place.loader.reconcile([str(other.parent)])
    assert place.loader.catalogue.executors == {} and place.loader.catalogue.problems == ()


def test_what_is_never_loaded_is_not_loaded_for_being_named(place: Place) -> None:
    place.write("hello.py", executor("hello"))
    place.load()
    names = ("test_x.py", "conftest.py", ".hidden.py", ".git/x.py", "__pycache__/x.py", "notes.txt", "data")
    files = [place.write(name, "raise RuntimeError('executed')") for name in names]
    place.write("venv/pyvenv.cfg", "")
    files.append(place.write("venv/lib/x.py", "raise RuntimeError('executed')"))
    place.loader.reconcile([str(file) for file in files])
    assert place.problems() == [] and place.value("hello") == 1


def test_a_path_under_another_name_of_the_folder_means_a_full_look(place: Place, tmp_path: Path) -> None:
    place.write("hello.py", executor("hello", "1"))
    (tmp_path / "alias").symlink_to(place.path)
    loader = Loader([Folder(tmp_path / "alias", "user")])
    loader.reconcile()
    file = place.write("hello.py", executor("hello", "2"))
    loader.reconcile([str(file)])
    assert loader.catalogue.executors["hello"].create({}).execute({})["value"] == 2


# ---------------------------------------------------------------- half-written files


def test_a_file_that_looks_half_written_is_waited_for_alone(place: Place) -> None:
    place.write("hello.py", executor("hello", "1"))
    place.load()
    half = place.write("half.py", "x = (")
    place.write("hello.py", executor("hello", "2"))
    catalogue = place.loader.reconcile(wait=False)
    assert catalogue is not None and catalogue.problems == () and place.value("hello") == 2
    assert place.loader.due is not None and place.loader.due <= 0.05
    look_until(place, lambda: bool(place.problems()))
    assert place.problems() == [("half.py", 1, "SyntaxError: '(' was never closed")] and place.loader.due is None
    half.write_text(executor("half"), encoding="utf-8")
    place.loader.reconcile([str(half)], wait=False)
    assert place.problems() == [] and place.value("half") == 1


def test_a_file_that_is_whole_after_a_moment_was_never_a_problem(place: Place) -> None:
    place.write("hello.py", executor("hello", "1"))
    place.load()
    file = place.write("hello.py", executor("hello", "2") + "x = (")
    assert place.loader.reconcile([str(file)], wait=False) is None and place.value("hello") == 1
    place.write("hello.py", executor("hello", "3"))
    time.sleep(place.loader.due or 0)
    catalogue = place.loader.reconcile((), wait=False)
    assert catalogue is not None and catalogue.problems == () and place.value("hello") == 3
    assert place.loader.due is None


# ---------------------------------------------------------------- slow imports


def test_the_others_go_on_while_one_import_takes_long(place: Place, gate: Path) -> None:
    place.write("a_slow.py", SLOW.format(gate=str(gate)) + executor("slow"))
    place.write("b_user.py", executor("user", "VALUE", imports="from c_uses import VALUE\n"))
    place.write("c_uses.py", "import a_slow\nVALUE = 5")
    place.write("hello.py", executor("hello"))
    place.loader.reconcile(wait=False)
    assert set(place.loader.catalogue.executors) == {"hello"} and place.problems() == []
    late = place.write(
        "d_late.py", executor("late", "Slow().execute({})['value']", imports="from a_slow import Slow\n")
    )
    place.loader.reconcile([str(late)], wait=False)
    assert place.problems() == [], "it waits with what it imports"
    gate.touch()
    look_until(place, lambda: {"slow", "user", "late"} <= set(place.loader.catalogue.executors))
    assert place.problems() == [] and place.value("user") == 5 and place.value("late") == 1
    assert place.loader.due is None
    place.write("a_slow.py", executor("slow", "2"))
    place.load()
    assert place.value("late") == 2, "what waited is bound to what it waited for"
    assert leftovers(place) == [] or all("c_uses" in name for name in leftovers(place))


def test_a_slow_import_keeps_the_last_good_version_until_it_ends(place: Place, gate: Path) -> None:
    file = place.write("slow.py", executor("slow", "1"))
    place.load()
    place.write("slow.py", SLOW.format(gate=str(gate)) + executor("slow", "2"))
    assert place.loader.reconcile([str(file)], wait=False) is None and place.value("slow") == 1
    assert place.loader.reconcile(wait=False) is None, "a full look does not load it once more"
    gate.touch()
    look_until(place, lambda: bool(place.value("slow") == 2))
    assert leftovers(place) == []


def test_a_slow_import_is_given_up_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader_module, "PATIENCE", 0.05)
    place = Place(tmp_path, limit=0.4)
    place.write("a_spin.py", "x = 1\nwhile True:\n    x += 1\n")
    place.write("b_user.py", "import a_spin\n")
    place.write("hello.py", executor("hello"))
    place.loader.reconcile(wait=False)
    assert place.value("hello") == 1 and place.problems() == []
    look_until(place, lambda: len(place.problems()) == 2)
    (spin, user) = place.problems()
    assert spin[0] == "a_spin.py" and spin[1] in (2, 3) and spin[2].startswith("TimeoutError: the import did not end")
    assert user[:2] == ("b_user.py", 1) and "a_spin.py, line" in user[2]
    place.write("a_spin.py", executor("spin"))
    assert place.load().problems == () and place.value("spin") == 1


@pytest.mark.parametrize("how", ["edited", "deleted", "its helper is edited"])
def test_a_slow_import_that_is_overtaken_counts_no_more(place: Place, gate: Path, how: str) -> None:
    helper = place.write("helper.py", "VALUE = 1")
    file = place.write(
        "overtaken.py", SLOW.format(gate=str(gate)) + executor("slow", "helper.VALUE", imports="import helper\n")
    )
    place.loader.reconcile(wait=False)
    assert place.loader.due is not None
    if how == "deleted":
        file.unlink()
    elif how == "edited":
        place.write("overtaken.py", executor("slow", "2"))
    else:
        gate.touch()
        place.write("helper.py", "VALUE = 2")
    place.loader.reconcile([str(file), str(helper)], wait=False)
    gate.touch()
    look_until(place, lambda: place.loader.due is None)
    assert place.problems() == []
    if how == "deleted":
        assert place.loader.catalogue.executors == {}
    else:
        assert place.value("slow") == 2
    deadline = time.monotonic() + 10
    while any(thread.name == "import overtaken.py" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert all("helper" in name for name in leftovers(place))


def test_many_slow_imports_are_waited_for_together(place: Place, gate: Path) -> None:
    for number in range(8):
        place.write(f"slow_{number}.py", SLOW.format(gate=str(gate)) + executor(f"slow_{number}"))
    place.write("zebra.py", executor("zebra"))
    place.loader.reconcile(wait=False)
    assert set(place.loader.catalogue.executors) == {"zebra"}
    assert sum(thread.name.startswith("import slow_") for thread in threading.enumerate()) == 8
    gate.touch()
    look_until(place, lambda: len(place.loader.catalogue.executors) == 9)
    assert place.problems() == []


def test_whoever_waits_gets_what_another_look_put_aside(place: Place, gate: Path) -> None:
    place.write("slow.py", SLOW.format(gate=str(gate)) + executor("slow"))
    place.loader.reconcile(wait=False)
    threading.Timer(0.1, gate.touch).start()
    assert set(place.load().executors) == {"slow"}


# ---------------------------------------------------------------- versions


def test_a_traceback_of_an_earlier_version_shows_its_own_lines(place: Place) -> None:
    body = "@executor_register\nclass Raises(BaseTask):\n    id = 'raises'\n    async def execute(self, inputs):\n"
    place.write("raises.py", HEAD + body + "        raise ValueError(1)  # the first version\n")
    then = place.load().executors["raises"]
    place.write("raises.py", HEAD + "\n\n" + body + "        return {}  # the second\n")
    place.loader.reconcile([str(place.path / "raises.py")])
    try:
        asyncio.run(then.create({}).execute({}))
    except ValueError:
        told = traceback.format_exc()
    assert "raise ValueError(1)  # the first version" in told


def test_the_version_is_the_content_of_the_file_and_its_helpers(place: Place) -> None:
    def version() -> str:
        return place.load().executors["hello"].version

    helper = place.write("helper.py", "VALUE = 1")
    place.write("hello.py", executor("hello", "helper.VALUE", imports="import helper\n"))
    first = version()
    place.write("helper.py", "VALUE = 2")
    second = version()
    place.write("helper.py", "VALUE = 1")
    assert first == version() != second
    place.write("unrelated.py", executor("unrelated"))
    assert version() == first
    helper.unlink()
    place.write("hello.py", executor("hello"))
    assert version() not in (first, second)


@pytest.mark.parametrize(
    "schema", ["{'type': 'nonsense'}", "{'properties': 7}", "'a string'", "{'pattern': '('}", "[]"]
)
def test_a_schema_that_is_none_is_told_and_heals(place: Place, schema: str) -> None:
    """Rule 4.3."""
    method = f"    def get_input_schema(self):\n        return {schema}\n"
    place.write("hello.py", executor("hello"))
    file = place.write("odd.py", executor("odd") + method)
    catalogue = place.load()
    assert [name for name, _, _ in place.problems()] == ["odd.py"]
    assert catalogue.executors["odd"].schema_problem and place.value("hello") == 1
    file.write_text(executor("odd"), encoding="utf-8")
    place.loader.reconcile([str(file)])
    assert place.problems() == [] and place.loader.catalogue.executors["odd"].schema_problem is None
