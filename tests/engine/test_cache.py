"""What is kept to save time: taken back only where nobody else can have written it, and only whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from engine import code_cache, verdicts
from engine.cache import Cache
from engine.catalogue import Catalogue
from engine.code_cache import keep, recall
from engine.loader import Folder, Loader
from engine.sources import Source
from engine.unit import compile_source
from engine.verdicts import Verdicts


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache" / "loaded")


def source(text: str, path: str = "/x/a.py") -> Source:
    content = text.encode()
    return Source(os.path.basename(path), path, hashlib.sha256(content).hexdigest(), content)


def only_file(cache: Cache) -> Path:
    (found,) = cache.folder.iterdir()
    return found


def test_what_was_written_is_read_back_from_a_private_folder(cache: Cache) -> None:
    assert cache.read("name") is None
    cache.write("name", b"one")
    cache.write("name", b"two")
    assert cache.read("name") == b"two"
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    assert only_file(cache).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("harm", ["byte", "short", "empty", "others-file", "others-folder", "link", "folder", "pipe"])
def test_what_is_damaged_or_others_may_have_written_is_not_taken(cache: Cache, tmp_path: Path, harm: str) -> None:
    cache.write("name", b"content")
    file = only_file(cache)
    whole = file.read_bytes()
    if harm == "byte":
        file.write_bytes(whole[:-1] + b"?")
    elif harm == "short":
        file.write_bytes(whole[:20])
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "others-file":
        file.chmod(0o666)
    elif harm == "others-folder":
        cache.folder.chmod(0o770)
    elif harm == "link":
        elsewhere = tmp_path / "elsewhere"
        file.rename(elsewhere)
        file.symlink_to(elsewhere)
    else:
        file.unlink()
        file.mkdir() if harm == "folder" else os.mkfifo(file)
    assert cache.read("name") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_not_taken_and_not_written(cache: Cache) -> None:
    cache.write("name", b"content")
    os.chown(cache.folder, 12345, -1)
    cache.write("other", b"content")
    assert cache.read("name") is None
    os.chown(cache.folder, os.geteuid(), -1)
    assert cache.read("other") is None
    os.chown(only_file(cache), 12345, -1)
    assert cache.read("name") is None


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "loaded")
    cache.write("name", b"content")
    assert cache.read("name") is None


def test_the_older_half_goes_when_there_are_too_many(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.cache.MOST", 4)
    for number in range(5):
        cache.write(str(number), b"")
        os.utime(cache.folder / str(number), (number + 1, number + 1))
    cache.write("last", b"")
    assert sorted(file.name for file in cache.folder.iterdir()) == ["2", "3", "4", "last"]


def test_code_is_recalled_for_these_very_bytes_alone(cache: Cache) -> None:
    first = compile_source(source("import b\nfound = 1"), "x", cache)
    again = recall(cache, source("import b\nfound = 1"), "x")
    assert again is not None
    assert again[1] == first.edges >= {"b.py"}
    assert again[0].co_filename == first.code.co_filename
    assert recall(cache, source("import b\nfound = 2"), "x") is None
    assert recall(cache, source("import b\nfound = 1", "/x/b.py"), "x") is None, "its file's name stands in it"
    assert recall(cache, source("import b\nfound = 1"), "y") is None, "the folder may be a package"


def test_one_file_is_kept_once(cache: Cache) -> None:
    for number in range(3):
        compile_source(source(f"found = {number}"), "x", cache)
    assert only_file(cache)
    assert recall(cache, source("found = 2"), "x")


def test_what_is_no_code_is_compiled_anew(cache: Cache) -> None:
    given = source("found = 1")
    for wrong in (b"\xff\xff", b"", b"N"):
        cache.write(code_cache._name(given, "x"), given.sha.encode() + wrong)
        assert recall(cache, given, "x") is None
    keep(cache, given, "x", compile("found = 1", "a", "exec"), ())
    assert recall(cache, given, "x")


def test_a_verdict_holds_for_the_same_words_until_the_engine_changes(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, beside = Verdicts(cache), Verdicts(cache)
    first.found_good("schema", "a", "b")
    beside.found_good("schema", "c")
    assert first.knows("schema", "a", "b")
    first.save()
    beside.save()
    later = Verdicts(cache)
    assert later.knows("schema", "a", "b")
    assert later.knows("schema", "c"), "what two processes found is kept, whoever writes last"
    assert not later.knows("flow", "a", "b")
    assert not later.knows("schema", "ab")
    monkeypatch.setattr(verdicts, "engine_print", lambda: "another")
    assert Verdicts(cache).is_empty


EXECUTOR = """
import os
from engine import BaseTask, executor_register

@executor_register()
class Odd(BaseTask):
    id = "odd"
    description = "Odd"
    def get_input_schema(self):
        return {"type": "object", "properties": {"a": {"type": os.environ["KIND"]}}}
    async def execute(self, inputs):
        return {}
"""
FLOW = "tasks: [{id: one, executor: odd, inputs: {a: text}}]"


def loaded(folder: Path) -> Catalogue:
    return Loader([Folder(folder, "given")]).reconcile() or Catalogue()


def test_the_second_look_says_the_same_and_what_changed_outside_of_the_files_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cache.own_cache", lambda: Cache(tmp_path / "own"))
    monkeypatch.setattr("engine.loader.own_cache", lambda: Cache(tmp_path / "own"))
    folder = tmp_path / "executors"
    folder.mkdir()
    (folder / "odd.py").write_text(EXECUTOR)
    (folder / "many.flow.yaml").write_text(FLOW)
    for kind, wrong in (("string", 0), ("string", 0), ("number", 1), ("number", 1), ("nothing", 1), ("string", 0)):
        monkeypatch.setenv("KIND", kind)
        found = loaded(folder)
        assert len(found.problems) >= wrong, kind
        assert bool(found.problems) == bool(wrong), kind
        assert found.executors["odd"].schema["properties"]["a"]["type"] == kind if kind != "nothing" else True
        assert (found.executors["odd"].schema_problem is None) == (kind != "nothing")
