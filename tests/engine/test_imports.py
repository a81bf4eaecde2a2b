"""Imports between the files of a folder: one generation, edges recorded, dependents reloaded with their helpers."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from engine.catalogue import Catalogue
from engine.executor import DEFAULT_REGISTRY
from engine.loader import Folder, Loader


class Place:
    """A folder with its loader."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loader = Loader([Folder(path, "user")], import_limit=5)

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def executor(self, name: str, imports: str, value: str, *, lazy: str = "pass") -> Path:
        """Write an executor whose result is the expression `value`."""
        return self.write(
            f"{name}.py",
            f"from engine.executor import BaseTask, executor_register\n{imports}\n@executor_register()\n"
            f"class Executor(BaseTask):\n    id = '{name.rpartition('/')[2]}'\n    def execute(self, inputs):\n"
            f"        {lazy}\n        return {{'value': {value}}}\n",
        )

    def load(self) -> Catalogue:
        self.loader.reconcile()
        return self.loader.catalogue

    def value(self, executor_id: str) -> Any:
        return self.loader.catalogue.executors[executor_id].create({}).execute({})["value"]

    def problems(self) -> dict[str, tuple[int | None, str]]:
        return {str(Path(p.file).relative_to(self.path)): (p.line, p.text) for p in self.loader.catalogue.problems}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("imports", "lazy", "value"),
    [
        ("import helper", "pass", "helper.VALUE"),
        ("import helper as h", "pass", "h.VALUE"),
        ("from helper import VALUE", "pass", "VALUE"),
        ("from helper import *", "pass", "VALUE"),
        ("from . import helper", "pass", "helper.VALUE"),
        ("from .helper import VALUE as v", "pass", "v"),
        ("", "import helper", "helper.VALUE"),
        ("", "from .helper import VALUE", "VALUE"),
        ("h = __import__('helper')", "pass", "h.VALUE"),
        ("import middle", "pass", "middle.helper.VALUE"),
        ("try:\n    import absent_one\nexcept ImportError:\n    import helper", "pass", "helper.VALUE"),
        ("class Late:\n    from helper import VALUE", "pass", "Late.VALUE"),
    ],
)
def test_a_helper_s_change_reaches_all_that_import_it(place: Place, imports: str, lazy: str, value: str) -> None:
    place.write("helper.py", "VALUE = 1")
    place.write("middle.py", "import helper")
    place.executor("user", imports, value, lazy=lazy)
    place.executor("other", "", "0")
    first = place.load()
    assert first.problems == () and place.value("user") == 1
    place.write("helper.py", "VALUE = 2")
    second = place.load()
    assert place.value("user") == 2 and second.problems == ()
    assert second.executors["user"].version != first.executors["user"].version
    assert second.executors["other"] is first.executors["other"]


@pytest.mark.parametrize(
    ("imports", "value"),
    [
        ("import pkg.mod", "pkg.mod.y"),
        ("import pkg.mod as m", "m.y"),
        ("from pkg import mod", "mod.y"),
        ("from pkg.mod import y", "y"),
        ("from .pkg import mod", "mod.y"),
        ("from .pkg.mod import y", "y"),
        ("from . import pkg\nfrom .pkg import mod", "pkg.mod.y"),
        ("import pkg.mod\nimport pkg.two", "pkg.mod.y + pkg.two.z - 1"),
    ],
)
@pytest.mark.parametrize("init", [None, "", "from .mod import y", "from . import two\nfrom pkg.mod import *"])
def test_packages_resolve(place: Place, imports: str, value: str, init: str | None) -> None:
    if init is not None:
        place.write("pkg/__init__.py", init)
    place.write("pkg/mod.py", "from .two import z\nfrom . import two\nfrom .. import top\ny = top.x + 1")
    place.write("pkg/two.py", "z = 1")
    place.write("top.py", "x = 1")
    place.executor("user", imports, value)
    assert place.load().problems == () and place.value("user") == 2
    place.write("top.py", "x = 10")
    assert place.load().problems == () and place.value("user") == 11
    place.write("pkg/mod.py", "y = 5")
    assert place.load().problems == () and place.value("user") == 5


def test_a_star_import_brings_the_modules_that_a_package_names(place: Place) -> None:
    place.write("pkg/__init__.py", "__all__ = ['mod']")
    place.write("pkg/mod.py", "y = 1")
    place.executor("user", "from pkg import *", "mod.y")
    assert place.load().problems == () and place.value("user") == 1
    place.write("pkg/mod.py", "y = 2")
    place.load()
    assert place.value("user") == 2


def test_a_folder_that_is_a_package_may_name_itself(tmp_path: Path) -> None:
    place = Place(tmp_path / "mine")
    place.write("__init__.py", "")
    place.write("helper.py", "VALUE = 1")
    place.executor("user", "from mine.helper import VALUE\nimport mine.helper", "VALUE + mine.helper.VALUE")
    assert place.load().problems == () and place.value("user") == 2
    place.write("helper.py", "VALUE = 2")
    place.load()
    assert place.value("user") == 4


def test_a_helper_is_loaded_once_in_a_generation(place: Place) -> None:
    place.write("helper.py", "class Shared: ...")
    place.write("b.py", "from helper import Shared")
    place.executor("user", "import b, helper", "b.Shared is helper.Shared")
    place.load()
    assert place.value("user") is True
    place.write("helper.py", "class Shared: ...  # edited")
    place.load()
    assert place.value("user") is True


def test_a_private_helper_is_importable_and_no_problem(place: Place) -> None:
    place.write("_private.py", "VALUE = 3")
    place.executor("user", "from _private import VALUE", "VALUE")
    assert place.load().problems == () and place.value("user") == 3


def test_the_standard_library_and_the_engine_stay_what_they_are(place: Place) -> None:
    """A file may bear the name of an installed package that it uses; the engine's names are its own (1.1)."""
    place.executor("json", "import json", "json.loads('[1]')")
    place.write("engine.py", "raise RuntimeError('never meant')")
    place.write("yaml/data.py", "x = 1")
    place.executor("user", "import json as own, os.path, collections.abc", "own.Executor.id")
    place.load()
    assert place.value("json") == [1] and place.value("user") == "json"
    assert list(place.problems()) == ["engine.py"]


def test_a_broken_helper_is_told_at_each_file_that_imports_it(place: Place) -> None:
    place.write("helper.py", "VALUE = 1")
    names = ("one", "two", "three")
    for name in names:
        place.executor(name, "from helper import VALUE", "VALUE")
    good = place.load()
    place.write("helper.py", "VALUE = 2\nVALUE = (")
    broken = place.load()
    assert place.problems()["helper.py"] == (2, "SyntaxError: '(' was never closed")
    for name in names:
        line, text = place.problems()[f"{name}.py"]
        assert line == 2 and text.startswith("SyntaxError: '(' was never closed (in ") and "helper.py, line 2)" in text
        assert place.value(name) == 1 and broken.executors[name] == good.executors[name]
    place.executor("one", "from helper import VALUE", "VALUE + 100")
    place.load()
    assert place.value("one") == 1, "an edit beside a broken helper keeps the last good version too"
    place.write("helper.py", "VALUE = 3")
    assert place.load().problems == ()
    assert [place.value(name) for name in names] == [103, 3, 3]


def test_a_helper_imported_in_a_function_harms_nobody_by_breaking(place: Place) -> None:
    place.write("helper.py", "VALUE = 1")
    place.executor("user", "", "helper.VALUE", lazy="import helper")
    place.load()
    place.write("helper.py", "VALUE = 1/0")
    place.load()
    assert list(place.problems()) == ["helper.py"] and place.value("user") == 1


def test_a_lazy_import_of_a_file_that_never_worked_says_why(place: Place) -> None:
    place.write("helper.py", "VALUE = 1/0")
    place.executor("user", "", "helper.VALUE", lazy="import helper")
    place.load()
    with pytest.raises(Exception, match="ZeroDivisionError: division by zero"):
        place.value("user")


def test_a_missing_helper_heals_when_it_appears_and_breaks_when_it_goes(place: Place) -> None:
    place.executor("user", "import late", "late.VALUE")
    place.load()
    assert place.problems()["user.py"] == (2, "ModuleNotFoundError: No module named 'late'")
    helper = place.write("late.py", "VALUE = 1")
    assert place.load().problems == () and place.value("user") == 1
    helper.unlink()
    place.load()
    assert list(place.problems()) == ["user.py"] and place.value("user") == 1
    place.write("late/__init__.py", "VALUE = 2")
    assert place.load().problems == () and place.value("user") == 2


def test_a_missing_name_is_told_in_the_folder_s_words(place: Place) -> None:
    place.write("helper.py", "")
    place.executor("user", "from helper import gone", "gone")
    place.executor("relative", "from .nowhere import gone", "gone")
    place.executor("beyond", "from ... import gone", "gone")
    place.load()
    told = place.problems()
    assert told["user.py"] == (2, "ImportError: cannot import name 'gone' from helper.py")
    assert told["relative.py"] == (2, "ModuleNotFoundError: No module named 'nowhere' in the executor folder")
    assert told["beyond.py"] == (2, "ImportError: attempted relative import beyond the executor folder")


def test_an_import_cycle_that_cannot_work_is_readable(place: Place) -> None:
    place.write("a.py", "from b import y\nx = 1")
    place.write("b.py", "from c import z\ny = 1")
    place.write("c.py", "from a import x\nz = 1")
    place.executor("user", "", "1")
    place.load()
    told = place.problems()
    assert set(told) == {"a.py", "b.py", "c.py"} and place.value("user") == 1
    for _, text in told.values():
        cycle = text.partition("(import cycle: ")[2].partition(")")[0].split(" → ")
        assert cycle[0] == cycle[-1] and set(cycle) == {"a.py", "b.py", "c.py"}, text
    place.write("c.py", "z = 1")
    assert place.load().problems == ()


def test_import_cycles_that_work_in_python_work(place: Place) -> None:
    place.write("a.py", "import b\ndef f():\n    return b.g()")
    place.write("b.py", "import a\ndef g():\n    return 1")
    place.write("d.py", "def f():\n    from user import VALUE\n    return VALUE")
    place.executor("user", "import a, d\nVALUE = 2", "a.f() + d.f()")
    assert place.load().problems == () and place.value("user") == 3
    place.write("b.py", "import a\ndef g():\n    return 10")
    assert place.load().problems == () and place.value("user") == 12


def test_a_cycle_falls_together(place: Place) -> None:
    place.write("a.py", "import b\nx = 1")
    place.executor("user", "import a", "a.x")
    place.write("b.py", "import a")
    place.load()
    place.write("a.py", "import b\nx = 1/0")
    place.load()
    assert set(place.problems()) == {"a.py", "b.py", "user.py"} and place.value("user") == 1
    place.write("a.py", "import b\nx = 2")
    assert place.load().problems == () and place.value("user") == 2


def test_a_long_chain_of_helpers_loads(place: Place) -> None:
    place.write("m0.py", "VALUE = 0")
    for number in range(1, 400):
        place.write(f"m{number}.py", f"from m{number - 1} import VALUE")
    place.executor("user", "from m399 import VALUE", "VALUE")
    assert place.load().problems == () and place.value("user") == 0
    place.write("m0.py", "VALUE = 1")
    place.load()
    assert place.value("user") == 1


def test_what_installed_modules_register_is_not_the_file_s(
    place: Place, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 1.4: a registration counts for the file that made it, and none enters the process's registry."""
    installed = tmp_path_factory.mktemp("site")
    other = Place(installed)
    other.executor("installed_one", "", "1")
    monkeypatch.syspath_prepend(str(installed))
    place.executor("user", "import installed_one", "installed_one.Executor.id")
    place.load()
    assert set(place.loader.catalogue.executors) == {"user"} and place.value("user") == "installed_one"
    assert "installed_one" not in DEFAULT_REGISTRY.registrations


def test_a_package_keeps_its_function_named_like_its_module(place: Place) -> None:
    place.write("pkg/__init__.py", "from .run import run")
    place.write("pkg/run.py", "def run():\n    return 7")
    place.executor("user", "from pkg.run import run as direct\nimport pkg", "pkg.run() + direct()")
    assert place.load().problems == () and place.value("user") == 14
