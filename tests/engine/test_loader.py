"""Folders of executors and their reloading, with real files (rules 1.4 and 4.3, and the traps of hot reload)."""

from __future__ import annotations

import asyncio
import gc
import linecache
import os
import pickle
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from engine.catalogue import Catalogue, ExecutorSpec
from engine.errors import ExecutorError
from engine.executor import DEFAULT_REGISTRY
from engine.loader import Folder, Loader
from engine.version_source import VersionSource

HEAD = "from aipartnerupflow import BaseTask, executor_register\n"


def executor(name: str, value: str = "1", *, imports: str = "", decorator: str = "@executor_register()") -> str:
    return (
        f"{HEAD}{imports}\n{decorator}\nclass {name.title()}(BaseTask):\n    id = '{name}'\n"
        f"    def execute(self, inputs):\n        return {{'value': {value}}}\n"
    )


def run(spec: ExecutorSpec) -> Any:
    result = spec.create({}).execute({})
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


class Place:
    """A folder with its loader."""

    def __init__(self, path: Path, limit: float = 10.0) -> None:
        self.path = path
        self.loader = Loader([Folder(path, "user")], import_limit=limit)

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return file

    def load(self) -> Catalogue:
        self.loader.reconcile()
        return self.loader.catalogue

    def value(self, executor_id: str) -> Any:
        """What launching it now would give."""
        return self.launch(executor_id)["value"]

    def launch(self, executor_id: str) -> Any:
        return run(self.loader.catalogue.executors[executor_id])

    def problems(self) -> list[tuple[str, int | None, str]]:
        return [(Path(p.file).name, p.line, p.text) for p in self.loader.catalogue.problems]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_folder_becomes_a_catalogue(place: Place) -> None:
    file = place.write("hello.py", executor("hello"))
    catalogue = place.load()
    spec = catalogue.executors["hello"]
    assert (spec.file, spec.line, spec.origin, spec.replaces) == (str(file), 3, "user", None)
    assert len(spec.version) == 64 and place.value("hello") == 1
    assert catalogue.problems == () and "hello" not in DEFAULT_REGISTRY.registrations


def test_nothing_new_is_no_new_snapshot(place: Place) -> None:
    file = place.write("hello.py", executor("hello"))
    first = place.load()
    file.touch()
    os.chmod(file, 0o600)
    assert place.loader.reconcile() is None and place.loader.catalogue is first


def test_an_empty_folder_is_a_catalogue_too(place: Place) -> None:
    assert place.loader.reconcile() == Catalogue(epoch=1)


def test_an_edit_of_the_same_size_in_the_same_second_is_seen(place: Place) -> None:
    file = place.write("hello.py", executor("hello", "1"))
    place.load()
    for number in range(2, 8):
        before = file.stat()
        place.write("hello.py", executor("hello", str(number)))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        place.load()
        assert place.value("hello") == number


def test_a_version_in_use_stays_as_it_was(place: Place) -> None:
    place.write("helper.py", "VALUE = 1")
    lazy = "__import__('helper').VALUE"
    place.write("hello.py", executor("hello", lazy, imports="def later():\n    import helper\n    return helper\n"))
    old = place.load().executors["hello"]
    place.write("helper.py", "VALUE = 2")
    new = place.load().executors["hello"]
    assert old.create({}).execute({})["value"] == 1
    assert new.create({}).execute({})["value"] == 2
    assert old.version != new.version


# ---------------------------------------------------------------- broken files harm no other


def broken_names() -> dict[str, tuple[bytes, int | None, str]]:
    return {
        "syntax.py": (b"x = 1\ny = (\n", 2, "SyntaxError: '(' was never closed"),
        "missing.py": (b"\nimport no_such_thing_at_all\n", 2, "ModuleNotFoundError"),
        "raises.py": (b"def f():\n    raise ValueError('deep')\nf()\n", 2, "ValueError: deep"),
        "exits.py": (b"import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        "interrupts.py": (b"raise KeyboardInterrupt\n", 1, "KeyboardInterrupt"),
        "latin.py": (b"x = 1\nname = '\xe9'\n", 2, "SyntaxError: (unicode error)"),
        "zero.py": (b"x = 1\0\n", None, "SyntaxError: source code string cannot contain null bytes"),
        "junk.py": (bytes(range(256)) * 20, None, "SyntaxError"),
        "cookie.py": (b"# -*- coding: nope -*-\n", None, "SyntaxError: unknown encoding: nope"),
        "noid.py": (
            (HEAD + "@executor_register\nclass A(BaseTask):\n    def execute(self, inputs): ...\n").encode(),
            2,
            "ValueError: A (",
        ),
        "function.py": ((HEAD + "@executor_register()\ndef f(): ...\n").encode(), 2, "TypeError"),
        "deep.py": (b"x = " + b"-" * 50_000 + b"1\n", None, ""),
        "large.py": (b"# x\n" * (10 * 2**18), None, "ValueError: 10.0 MiB is too much"),
    }


def test_each_kind_of_broken_file_is_a_problem_of_its_own(place: Place) -> None:
    for name, (content, _, _) in broken_names().items():
        place.write(name, content)
    place.write("hello.py", executor("hello"))
    place.load()
    assert place.value("hello") == 1
    told = {file: (line, text) for file, line, text in place.problems()}
    assert set(told) == set(broken_names())
    for name, (_, line, text) in broken_names().items():
        assert told[name][1].startswith(text), told[name]
        assert "\n" not in told[name][1] and "@" not in told[name][1].replace("@executor_register", "")
        if line is not None:
            assert told[name][0] == line, told[name]


def test_the_traceback_is_of_the_user_s_frames(place: Place) -> None:
    file = place.write("raises.py", "def f():\n    raise ValueError('deep')\nf()\n")
    (problem,) = place.load().problems
    assert f'File "{file}", line 2, in f' in problem.traceback and "raise ValueError('deep')" in problem.traceback
    assert f"{os.sep}engine{os.sep}" not in problem.traceback and "@" not in problem.traceback


def test_a_broken_file_keeps_its_last_good_version_until_it_is_removed(place: Place) -> None:
    file = place.write("hello.py", executor("hello", "1"))
    version = place.load().executors["hello"].version
    place.write("hello.py", executor("hello", "2") + "\nx = (")
    catalogue = place.load()
    assert place.value("hello") == 1 and catalogue.executors["hello"].version == version
    assert place.problems() == [("hello.py", 9, "SyntaxError: '(' was never closed")]
    place.write("hello.py", executor("hello", "3"))
    assert place.load().problems == () and place.value("hello") == 3
    place.write("hello.py", "raise SystemExit")
    place.load()
    assert place.value("hello") == 3
    file.unlink()
    assert place.load().executors == {} and place.loader.catalogue.problems == ()


def test_going_back_to_the_good_text_heals(place: Place) -> None:
    place.write("hello.py", executor("hello"))
    place.load()
    place.write("hello.py", "x = (")
    assert len(place.load().problems) == 1
    place.write("hello.py", executor("hello"))
    assert place.load().problems == () and place.value("hello") == 1


def test_a_half_written_save_is_no_problem(place: Place) -> None:
    """A compile error is looked at again before it is told."""
    file = place.write("hello.py", executor("hello", "1"))
    place.load()
    file.write_text(executor("hello", "2") + "x = (", encoding="utf-8")
    finish = threading.Timer(0.1, lambda: place.write("hello.py", executor("hello", "2")))
    finish.start()
    catalogue = place.load()
    finish.join()
    assert catalogue.problems == () and place.value("hello") == 2 and catalogue.epoch == 2


@pytest.mark.parametrize("how", ["emptied", "away"])
def test_a_save_in_steps_never_takes_the_executor_away(place: Place, how: str) -> None:
    file = place.write("hello.py", executor("hello", "1"))
    place.load()
    file.write_bytes(b"") if how == "emptied" else file.unlink()
    finish = threading.Timer(0.1, lambda: place.write("hello.py", executor("hello", "2")))
    finish.start()
    place.load()
    finish.join()
    assert place.value("hello") == 2


def test_an_endless_import_is_given_up(tmp_path: Path) -> None:
    place = Place(tmp_path, limit=0.3)
    place.write("a_spin.py", "x = 1\nwhile True:\n    x += 1\n")
    place.write("b_sleep.py", "import time\ntime.sleep(30)\n")
    place.write("c_user.py", "import d_slow\n")
    place.write("d_slow.py", "import time\n\ntime.sleep(30)\n")
    place.write("hello.py", executor("hello"))
    place.load()
    assert place.value("hello") == 1
    told = {file: (line, text) for file, line, text in place.problems()}
    assert set(told) == {"a_spin.py", "b_sleep.py", "c_user.py", "d_slow.py"}
    assert told["b_sleep.py"] == (2, "TimeoutError: the import did not end within 0.3 s")
    assert told["a_spin.py"][0] in (2, 3) and told["d_slow.py"][0] == 3
    assert told["c_user.py"][0] == 1 and "d_slow.py, line 3" in told["c_user.py"][1]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(t.name == "import a_spin.py" for t in threading.enumerate()):
        time.sleep(0.02)
    assert not any(t.name == "import a_spin.py" for t in threading.enumerate()), "the spinning thread was ended"
    place.write("a_spin.py", executor("spin"))
    place.load()
    assert place.value("spin") == 1


def test_a_schema_that_never_ends_is_given_up_too(tmp_path: Path) -> None:
    place = Place(tmp_path, limit=0.3)
    place.write(
        "hang.py", executor("hang") + "    def get_input_schema(self):\n        while True:\n            pass\n"
    )
    place.write("hello.py", executor("hello"))
    place.load()
    assert place.value("hello") == 1 and [p[0] for p in place.problems()] == ["hang.py"]


def test_a_schema_that_raises_leaves_the_executor_listed(place: Place) -> None:
    """Rule 4.3."""
    place.write("odd.py", executor("odd") + "    def get_input_schema(self):\n        raise ValueError('not today')\n")
    catalogue = place.load()
    assert catalogue.executors["odd"].schema_problem
    assert place.problems() == [("odd.py", 9, "executor 'odd': get_input_schema failed: ValueError: not today")]


def test_unusual_things_in_the_folder_do_no_harm(place: Place) -> None:
    place.write("hello.py", executor("hello"))
    for skipped in (".hidden.py", "test_x.py", "conftest.py", "__pycache__/x.py", ".git/x.py", "notes.txt"):
        place.write(skipped, "raise RuntimeError('executed')")
    place.write("venv/pyvenv.cfg", "")
    place.write("venv/lib/x.py", "raise RuntimeError('executed')")
    (place.path / "folder.py").mkdir()
    (place.path / "nowhere.py").symlink_to(place.path / "gone")
    (place.path / "round.py").symlink_to(place.path / "round.py")
    os.mkfifo(place.path / "pipe.py")
    (place.path / "_note.py").write_text("x = 1")
    place.load()
    assert place.value("hello") == 1
    assert sorted(file for file, _, _ in place.problems()) == ["pipe.py", "round.py"]


def test_a_name_that_is_no_utf_8_loads(place: Place) -> None:
    with open(os.fsencode(place.path) + b"/caf\xe9.py", "wb") as file:
        file.write(executor("cafe").encode())
    place.load()
    assert place.value("cafe") == 1
    assert len(place.loader.catalogue.executors["cafe"].version) == 64


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    place = Place(tmp_path / "root")
    place.write("real/one.py", executor("one"))
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "two.py").write_text(executor("two"), encoding="utf-8")
    (place.path / "a_link").symlink_to(place.path / "real")
    (place.path / "linked").symlink_to(elsewhere)
    (elsewhere / "loop").symlink_to(place.path)
    (place.path / "real" / "up").symlink_to(place.path)
    catalogue = place.load()
    assert set(catalogue.executors) == {"one", "two"} and catalogue.problems == ()
    assert catalogue.executors["one"].file == str(place.path / "real" / "one.py")


def test_a_folder_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    place = Place(tmp_path / "root")
    assert [text for _, _, text in (place.load(), place.problems())[1]] == [
        "FileNotFoundError: the folder is not there"
    ]
    place.write("hello.py", executor("hello"))
    assert place.load().problems == () and place.value("hello") == 1
    place.path.rename(tmp_path / "away")
    assert place.load().executors == {} and len(place.problems()) == 1
    (tmp_path / "away").rename(place.path)
    assert place.load().problems == () and place.value("hello") == 1


def test_a_subfolder_that_cannot_be_listed_keeps_its_executors(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("sub/hello.py", executor("hello"))
    place.load()
    real = os.scandir

    def scandir(path: str) -> Any:
        if path.endswith("/sub"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("engine.sources.os.scandir", scandir)
    place.load()
    assert place.value("hello") == 1 and place.problems() == [("sub", None, "PermissionError: Permission denied")]
    monkeypatch.undo()
    assert place.load().problems == ()


# ---------------------------------------------------------------- who has an id (rule 1.4)


def test_a_taken_id_stays_with_the_first_by_path(place: Place) -> None:
    """Rule 1.4."""
    first = place.write("a.py", executor("same", "'a'"))
    second = place.write("b.py", executor("same", "'b'"))
    (problem,) = place.load().problems
    assert place.value("same") == "a"
    assert problem.file == str(second) and problem.line == 3 and problem.executor_id == "same"
    assert str(first) in problem.text and str(second) in problem.text
    first.unlink()
    assert place.load().problems == () and place.value("same") == "b"
    place.write("a.py", executor("same", "'a'"))
    assert len(place.load().problems) == 1 and place.value("same") == "a"
    second.unlink()
    assert place.load().problems == () and place.value("same") == "a"


def test_two_classes_of_one_file_clash_the_same_way(place: Place) -> None:
    place.write("a.py", executor("same", "1") + executor("same", "2"))
    assert len(place.load().problems) == 1 and place.value("same") == 1


@pytest.mark.parametrize("overriding", ["a.py", "b.py"])
def test_override_replaces_wherever_its_file_stands(place: Place, overriding: str) -> None:
    """Rule 1.4."""
    for name in ("a.py", "b.py"):
        decorator = "@executor_register(override=True)" if name == overriding else "@executor_register"
        place.write(name, executor("same", f"'{name}'", decorator=decorator))
    assert place.load().problems == () and place.value("same") == overriding


def test_an_earlier_folder_wins_and_says_so(tmp_path: Path) -> None:
    """Rule 1.4."""
    given, user, shipped = (tmp_path / name for name in ("given", "user", "shipped"))
    for folder in (given, user, shipped):
        folder.mkdir()
        (folder / "x.py").write_text(executor("same", f"'{folder.name}'"), encoding="utf-8")
    (shipped / "y.py").write_text(executor("only"), encoding="utf-8")
    loader = Loader([Folder(given, "given"), Folder(user, "user"), Folder(shipped, "shipped")])

    def same() -> tuple[str, str]:
        loader.reconcile()
        spec = loader.catalogue.executors["same"]
        return spec.create({}).execute({})["value"], spec.note

    assert same() == ("given", "replaces the user one")
    assert loader.catalogue.executors["only"].note == "" and loader.catalogue.problems == ()
    (given / "x.py").unlink()
    assert same() == ("user", "replaces the shipped one")
    (user / "x.py").unlink()
    assert same() == ("shipped", "")


def test_an_executor_imported_by_another_file_counts_once(place: Place) -> None:
    place.write("b_base.py", executor("base"))
    place.write("a_user.py", executor("user", "Base().execute({})['value']", imports="from b_base import Base\n"))
    catalogue = place.load()
    assert set(catalogue.executors) == {"base", "user"} and catalogue.problems == ()
    assert catalogue.executors["base"].file == str(place.path / "b_base.py")


def test_a_renamed_file_keeps_its_version(place: Place) -> None:
    file = place.write("old.py", executor("hello"))
    version = place.load().executors["hello"].version
    file.rename(place.path / "new.py")
    spec = place.load().executors["hello"]
    assert spec.version == version and spec.file == str(place.path / "new.py")


# ---------------------------------------------------------------- modules are whole modules


def test_modules_work_with_what_looks_classes_up(place: Place) -> None:
    """dataclasses, pickle, type hints and tracebacks find a module that is registered."""
    place.write(
        "whole.py",
        """
        from __future__ import annotations
        import pickle
        from dataclasses import dataclass
        from aipartnerupflow import BaseTask, executor_register

        @dataclass
        class Point:
            x: int
            other: Point | None = None

        @executor_register
        class Whole(BaseTask):
            id = "whole"
            point = Point(1)
            def execute(self, inputs):
                return {"value": pickle.loads(pickle.dumps(Point(2)))}
        """,
    )
    spec = place.load().executors["whole"]
    point = place.value("whole")
    assert pickle.loads(pickle.dumps(point)) == point
    assert get_type_hints(type(point))["x"] is int
    assert spec.factory.__module__ in sys.modules
    code_file = spec.factory.execute.__wrapped__.__code__.co_filename  # type: ignore[attr-defined]
    assert "pickle.loads" in linecache.getline(code_file, 17)


def test_replaced_modules_are_dropped(place: Place) -> None:
    place.write("helper.py", "VALUE = 0")
    place.write("hello.py", executor("hello", "helper.VALUE", imports="import helper\n"))
    place.load()
    names, files = len(sys.modules), len(linecache.cache)
    for number in range(1, 6):
        place.write("helper.py", f"VALUE = {number}")
        place.load()
        assert place.value("hello") == number
        place.write("broken.py", f"import helper\n1/0  # {number}")
        place.load()
    assert len(sys.modules) == names
    gc.collect()
    assert [n for n in sys.modules if n.startswith("_exec.hello@")]
    assert len([f for f in linecache.cache if str(place.path) in f]) <= 3 and len(linecache.cache) <= files + 3


def test_the_source_of_a_version_is_at_hand_and_runs_again_after_a_change(place: Place) -> None:
    place.write("helper.py", "VALUE = 1")
    place.write("hello.py", executor("hello", "helper.VALUE", imports="import helper\n"))
    then = place.load().executors["hello"]
    source = then.source()
    assert source is not None and list(source.files) == ["hello.py", "helper.py"]
    assert source.texts()["helper.py"] == "VALUE = 1"
    place.write("helper.py", "VALUE = 2")
    place.load()
    again = place.loader.revive(then.version, VersionSource.unpack(source.pack()), "hello")
    assert (again.version, run(again)["value"], place.value("hello")) == (then.version, 1, 2)
    with pytest.raises(ExecutorError, match="does not give executor 'other'"):
        place.loader.revive(then.version, source, "other")
    with pytest.raises(ExecutorError, match="cannot be loaded: ZeroDivisionError"):
        place.loader.revive("0" * 64, VersionSource(source.root, {"hello.py": b"1/0"}), "hello")


def test_a_version_that_a_run_is_pinned_to_keeps_its_module(tmp_path: Path) -> None:
    in_use: set[str] = set()
    loader = Loader([Folder(tmp_path, "user")], in_use=lambda: in_use)
    file = tmp_path / "hello.py"
    file.write_text(executor("hello", "1"))
    catalogue = loader.reconcile()
    assert catalogue is not None
    then = catalogue.executors["hello"]
    name = then.factory.__module__
    in_use.add(then.version)
    file.write_text(executor("hello", "2"))
    loader.reconcile()
    assert name in sys.modules
    in_use.clear()
    loader.reconcile()
    assert name not in sys.modules


def test_many_threads_may_reconcile(place: Place) -> None:
    place.write("hello.py", executor("hello"))
    outcomes: list[Catalogue | None] = []
    threads = [threading.Thread(target=lambda: outcomes.append(place.loader.reconcile())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([outcome for outcome in outcomes if outcome is not None]) == 1
