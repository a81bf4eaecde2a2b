"""The commands beside the console: what `new` writes, what `check` finds, and how they exit."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.tui.command_line import ROOT, Command, empty_folder, executor, running, script
from tui.cli import make_parser
from tui.commands import new
from tui.commands.naming import names_of
from tui.commands.options import TEMPLATES


@pytest.fixture
def taskdeck(capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    yield from running(capfd)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_folder(tmp_path, monkeypatch)


@pytest.fixture
def user_folder(own_folders: Path) -> Path:
    return own_folders / "config" / "taskdeck" / "executors"


# ── new ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_new_writes_an_executor_and_its_test_and_says_what_is_next(taskdeck: Command, user_folder: Path) -> None:
    done = taskdeck("new", "demo")
    assert done.code == 0
    assert sorted(path.name for path in user_folder.iterdir()) == ["demo.py", "test_demo.py"]
    assert f"wrote {user_folder / 'demo.py'}" in done.lines
    assert "  taskdeck test demo" in done.lines
    assert done.err == ""


def test_new_writes_into_a_given_folder_that_it_makes(taskdeck: Command, folder: Path, user_folder: Path) -> None:
    for options in (("--executors", "a b/c", "new", "one"), ("new", "two", "--executors", "a b/c")):
        done = taskdeck(*options)
        assert done.code == 0
        assert any(line.endswith("--executors 'a b/c'") for line in done.lines)
    assert (folder.parent / "a b" / "c" / "one.py").exists()
    assert (folder.parent / "a b" / "c" / "two.py").exists()
    assert not user_folder.exists()


@pytest.mark.parametrize("id", ["", "two words", ".hidden", "../up", "a/b", "___", "größe", "a\nb", "x" * 81])
def test_an_id_that_is_none_is_refused_with_what_is_allowed(taskdeck: Command, user_folder: Path, id: str) -> None:
    done = taskdeck("new", id)
    assert done.code == 2
    assert "digits" in done.err and done.err.count("\n") == 1
    assert not user_folder.exists()


@pytest.mark.parametrize(
    ("id", "module", "cls"),
    [
        ("demo", "demo", "DemoExecutor"),
        ("nightly-backup.v2", "nightly_backup_v2", "NightlyBackupV2Executor"),
        ("greeting_executor", "greeting_executor", "GreetingExecutor"),
        ("7zip", "my_7zip", "My7zipExecutor"),  # no module's name
        ("class", "my_class", "ClassExecutor"),
        ("json", "my_json", "JsonExecutor"),  # would hide Python's own from its neighbours
        ("httpx", "my_httpx", "HttpxExecutor"),
        ("engine", "my_engine", "EngineExecutor"),
        ("test_db", "my_test_db", "MyTestDbExecutor"),  # the loader skips test_*.py, pytest collects Test*
        ("conftest", "my_conftest", "ConftestExecutor"),
        ("__init__", "my___init__", "InitExecutor"),
    ],
)
def test_file_and_class_are_named_after_the_id(id: str, module: str, cls: str) -> None:
    names = names_of(id)
    assert (names.module, names.cls) == (module, cls)


@pytest.mark.parametrize("name", ["demo.py", "test_demo.py", "demo"])
def test_nothing_that_is_there_is_overwritten(taskdeck: Command, folder: Path, name: str) -> None:
    (folder / name).write_text("mine")
    done = taskdeck("new", "demo", "--executors", folder)
    assert done.code == 2
    assert str(folder / name) in done.err
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text() == "mine"


def test_an_id_of_another_file_in_the_folder_is_taken(taskdeck: Command, folder: Path) -> None:
    (folder / "other.py").write_text(executor("demo"))
    done = taskdeck("new", "demo", "--executors", folder)
    assert done.code == 2
    assert f"'demo' is taken by {folder / 'other.py'}, line 2" in done.err
    assert [path.name for path in folder.iterdir()] == ["other.py"]


def test_the_ids_of_a_trees_children_are_looked_at_too(taskdeck: Command, folder: Path) -> None:
    (folder / "other.py").write_text(executor("demo.count"))
    assert "'demo.count' is taken" in taskdeck("new", "demo", "--template", "tree", "--executors", folder).err


def test_new_says_when_it_replaces_a_shipped_one(taskdeck: Command, folder: Path) -> None:
    done = taskdeck("new", "hello", "--executors", folder)
    assert done.code == 0
    assert "replaces the shipped 'hello'" in done.err


def test_new_refuses_what_is_no_folder_or_cannot_be_written(taskdeck: Command, folder: Path) -> None:
    file = folder / "file"
    file.write_text("")
    for place in (file, file / "below"):
        done = taskdeck("new", "demo", "--executors", place)
        assert done.code == 2
        assert str(place) in done.err and done.err.count("\n") == 1
    assert taskdeck("new", "demo", "--executors", folder, "--executors", folder).code == 2


def test_when_writing_fails_half_way_nothing_stays(
    taskdeck: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, seen = Path.rename, []

    def no_links(*_: Any) -> None:
        raise PermissionError("this file system has none")

    def failing(path: Path, target: Path) -> Path:
        seen.append(target.name)
        if len(seen) == 2:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(Path, "rename", failing)
    done = taskdeck("new", "demo", "--executors", folder)
    assert done.code == 2
    assert "No space left on device" in done.err
    assert seen == ["test_demo.py", "demo.py"]  # the executor last: with it the pair is complete
    assert list(folder.iterdir()) == []


def test_a_file_that_comes_while_it_writes_is_not_overwritten(
    taskdeck: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def late(path: Path, target: Path) -> None:
        if target.name == "demo.py":
            target.write_text("mine")
        link(path, target)

    monkeypatch.setattr(os, "link", late)
    done = taskdeck("new", "demo", "--executors", folder)
    assert done.code == 2
    assert "File exists" in done.err
    assert [path.name for path in folder.iterdir()] == ["demo.py"]
    assert (folder / "demo.py").read_text() == "mine"


def test_new_and_noise_of_the_folder_do_not_mix(taskdeck: Command, folder: Path) -> None:
    (folder / "noisy.py").write_text("import os\nprint('blabla')\nos.write(1, b'blabla')\n")
    done = taskdeck("new", "demo", "--executors", folder)
    assert done.code == 0
    assert "blabla" not in done.out + done.err


# ── the templates ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=TEMPLATES)
def template(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_template_is_short_and_loads_without_a_word(taskdeck: Command, folder: Path, template: str) -> None:
    taskdeck("new", "demo", "--template", template, "--executors", folder)
    assert len((folder / "demo.py").read_text().splitlines()) < 80
    done = taskdeck("check", "--strict", folder)
    assert (done.code, done.out) == (0, "")
    assert "in 1 file, 0 problems" in done.err


def test_the_examples_of_a_template_complete_without_network(
    taskdeck: Command, folder: Path, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: Any, **__: Any) -> Any:
        raise OSError("there is no network")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    taskdeck("new", "demo", "--template", template, "--executors", folder)
    done = taskdeck("test", "demo", "--executors", folder)
    assert done.code == 0, done.out + done.err
    assert done.lines and all(line.startswith("ok ") for line in done.lines)


def test_every_input_of_a_template_is_explained(taskdeck: Command, folder: Path, template: str) -> None:
    from engine import Folder, Loader

    taskdeck("new", "demo", "--template", template, "--executors", folder)
    catalogue = Loader([Folder(folder, "given")]).reconcile()
    assert catalogue is not None
    spec = catalogue.executors["demo"]
    assert spec.description and spec.tags and spec.examples
    assert all(field["description"] for field in spec.schema["properties"].values())
    assert any("default" in field for field in spec.schema["properties"].values())


def test_the_http_template_asks_a_real_server(taskdeck: Command, folder: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"token": self.headers["Authorization"]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        taskdeck("new", "demo", "--template", "http", "--executors", folder)
        inputs = ("sample=false", f"url=http://127.0.0.1:{server.server_port}/health", "token=hush-hush")
        done = taskdeck("test", "demo", "--executors", folder, "--json", *(f"--input={each}" for each in inputs))
        server.shutdown()
    assert done.code == 0
    (run,) = json.loads(done.out)
    assert run["result"]["code"] == 200
    assert "hush-hush" not in done.out  # it was sent, and is a secret


def test_the_command_template_reports_its_programs_failure(taskdeck: Command, folder: Path) -> None:
    taskdeck("new", "demo", "--template", "command", "--executors", folder)
    done = taskdeck("test", "demo", "--executors", folder, "--input", "path=/no/such/place")
    assert done.code == 1
    assert "df ended with 1" in done.out


# ── check ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_check_without_a_folder_loads_what_the_console_would(taskdeck: Command, folder: Path) -> None:
    shipped = taskdeck("check")
    assert (shipped.code, shipped.out) == (0, "")
    before = int(shipped.err.split()[0])
    taskdeck("new", "mine")
    (folder / "given.py").write_text(executor("given"))
    all_of_them = f"{before + 2} executors in {before + 2} files, 1 flow, 0 problems\n"
    assert taskdeck("--executors", folder, "check").err == all_of_them
    assert taskdeck("check", "--executors", folder).err == all_of_them
    assert taskdeck("check", folder).err == "1 executor in 1 file, 0 problems\n"


def test_check_says_each_problem_as_file_line_text_in_order(taskdeck: Command, folder: Path) -> None:
    (folder / "b.py").write_text("x = 1\ny = nowhere\n")
    (folder / "a.py").write_text("def broken(:\n")
    (folder / "c.py").write_text(executor("one") + executor("one") + executor("two", "retries = 'many'"))
    done = taskdeck("check", "ops")
    assert done.code == 1
    assert done.lines[0] == "ops/a.py:1: SyntaxError: invalid syntax"
    assert done.lines[1] == "ops/b.py:2: NameError: name 'nowhere' is not defined"
    assert re.match(r"ops/c\.py:9: one: ValueError: executor id 'one' is taken", done.lines[2])
    assert re.match(r"ops/c\.py:16: two: cannot read retries: ", done.lines[3])
    assert done.err == "2 executors in 1 file, 4 problems\n"


def test_paths_outside_of_the_current_folder_are_whole(
    taskdeck: Command, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.py").write_text("nowhere\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert taskdeck("check", folder).lines == [f"{folder}/a.py:1: NameError: name 'nowhere' is not defined"]


def test_warnings_count_only_where_one_is_strict(taskdeck: Command, folder: Path) -> None:
    body = (
        "inputs_schema = {'type': 'object', 'properties': {'n': {'type': 'integer'}, 'k': {'$ref': '#/gone'}}}\n"
        "examples = ({'n': 1}, {'n': 'x'}, 'prose', {'n': {1}})"
    )
    (folder / "a.py").write_text(executor("odd", body, description=""))
    done = taskdeck("check", "ops")
    assert done.code == 0
    assert done.lines == [
        "ops/a.py:2: odd: warning: example 2 does not fit the input schema: n: must be a whole number",
        "ops/a.py:2: odd: warning: example 3 is no dict but str, and is left out",
        "ops/a.py:2: odd: warning: example 4 does not fit the input schema: it is not JSON at $.n: set",
        "ops/a.py:2: odd: warning: it has no description",
        "ops/a.py:2: odd: warning: the input schema: $ref #/gone leads nowhere, so anything is taken there",
    ]
    assert done.err == "1 executor in 1 file, 0 problems, 5 warnings\n"
    strict = taskdeck("check", "ops", "--strict")
    assert strict.code == 1
    assert strict.lines == [line.replace("warning: ", "") for line in done.lines]
    assert strict.err == "1 executor in 1 file, 5 problems\n"


def test_check_as_json(taskdeck: Command, folder: Path) -> None:
    (folder / "a.py").write_text(executor("odd\x1b[2J", description=""))
    (folder / "b.py").write_text("nowhere\n")
    done = taskdeck("check", "--json", folder)
    assert done.code == 1
    assert json.loads(done.out) == [
        {
            "file": "ops/a.py",
            "line": 2,
            "executor": "odd\x1b[2J",
            "level": "warning",
            "text": "it has no description",
        },
        {
            "file": "ops/b.py",
            "line": 1,
            "executor": None,
            "level": "problem",
            "text": "NameError: name 'nowhere' is not defined",
        },
    ]
    assert "\x1b" not in done.out
    (folder / "b.py").unlink()
    (folder / "a.py").unlink()
    assert json.loads(taskdeck("check", "--json", folder).out) == []


def test_what_files_do_while_they_are_imported_breaks_nothing(
    taskdeck: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKDECK_IMPORT_LIMIT", "0.5")
    (folder / "a.py").write_text("import os, sys\nos.write(1, b'raw')\nprint('noise', file=sys.stderr)\nsys.exit(0)\n")
    (folder / "b.py").write_text("while True: print('noise')\n")
    (folder / "c.py").write_text("answer = input('noise? ')\n")
    (folder / "d.py").write_text("import os, sys\nsys.stdout.close()\nsys.stderr = None\nos.system('echo noise')\n")
    (folder / "e.py").write_text(executor("fine"))
    done = taskdeck("check", "ops")
    assert done.code == 1
    assert [line.split(": ")[:2] for line in done.lines] == [
        ["ops/a.py:4", "SystemExit"],
        ["ops/b.py:1", "TimeoutError"],
        ["ops/c.py:1", "EOFError"],
    ]
    assert done.err == "1 executor in 1 file, 3 problems\n"


def test_check_never_executes(taskdeck: Command, folder: Path) -> None:
    ran = folder / "ran"
    (folder / "a.py").write_text(executor("a", "examples = ({},)", f"open({str(ran)!r}, 'w')"))
    assert taskdeck("check", folder).code == 0
    assert not ran.exists()


def test_foreign_text_reaches_the_terminal_as_marks_only(taskdeck: Command, folder: Path) -> None:
    (folder / "a.py").write_text(
        executor("evil\x1b[2J\nid", description="") + "raise ValueError('\\x1b[31mred\\x07')\n"
    )
    (folder / "b.py").write_text(executor("evil\x1b[2J\nid", description=""))
    done = taskdeck("check", folder)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out)
    assert [line.partition(" ")[0] for line in done.lines] == ["ops/a.py:8:", "ops/b.py:2:"]


@pytest.mark.parametrize("options", [("check", "nope"), ("--executors", "nope", "check"), ("check", __file__)])
def test_a_folder_that_is_none_is_wrong_use(taskdeck: Command, folder: Path, options: tuple[str, ...]) -> None:
    done = taskdeck(*options)
    assert done.code == 2
    assert done.err.startswith("taskdeck: ") and done.err.count("\n") == 1
    assert done.out == ""


def test_output_that_cannot_be_written_is_no_success(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (folder / "a.py").write_text("nowhere\n")
    command, how = script("check", folder)
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False, **how)
    assert done.returncode == 2
    assert "cannot write the output" in done.stderr


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    (folder / "a.py").write_text("nowhere\n")
    reader, writer = os.pipe()
    os.close(reader)
    command, how = script("check", folder)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False, **how)
    os.close(writer)
    assert done.returncode == 1
    assert done.stderr == "0 executors in 0 files, 1 problem\n"


# ── all three ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["new", "check", "test"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    assert re.search(rf"^example.*\n  taskdeck {command} ", capsys.readouterr().out, re.MULTILINE)


def test_the_store_is_none_of_their_business(taskdeck: Command) -> None:
    done = taskdeck("--store", "x.db", "check")
    assert done.code == 2
    assert "--store is for the console" in done.err


def test_wrong_settings_are_told(taskdeck: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKDECK_SLOTS", "many")
    for options in (("new", "a"), ("check",), ("test", "hello")):
        done = taskdeck(*options)
        assert done.code == 2
        assert "TASKDECK_SLOTS" in done.err


def test_none_of_them_loads_textual() -> None:
    code = (
        "import sys\nfrom tui import commands\nfrom tui.cli import make_parser\n"
        "for options in (['new', 'demo'], ['check'], ['test', 'demo']):\n"
        "    code = commands.run(make_parser().parse_args(options))\n"
        "    assert code == 0, options\n"
        "heavy = {name.split('.')[0] for name in sys.modules} & {'textual', 'rich'}\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_templates_that_are_offered_are_those_that_are_there() -> None:
    files = {path.name for path in new.FOLDER.iterdir()}
    bases = {name.replace("-", "_") for name in TEMPLATES}
    files.remove("flow.yaml.tmpl")  # `new --template flow`
    assert files == {f"{base}.py.tmpl" for base in bases} | {f"test_{base}.py.tmpl" for base in bases}
