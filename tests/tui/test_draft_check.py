"""The check of a draft: problems at their tasks, levels also while something is wrong, secrets out, files whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from engine import flow_file
from engine.catalogue import Catalogue
from tests.tui.fake_engine import make_catalogue, make_spec
from tui.draft import Draft, of_data
from tui.draft_check import examine
from tui.draft_file import DraftFileError, DraftShelf, FileIsThere, KeptDraft, Source, read, text_of, write
from tui.draft_refs import references_of
from tui.draft_secrets import sealed

FANNED: list[dict[str, Any]] = [
    {"id": "a", "executor": "hello"},
    {"id": "b", "executor": "hello", "dependencies": ["a"]},
    {"id": "g", "name": "Both"},
    {"id": "c", "executor": "hello", "parent": "g", "dependencies": ["a"]},
    {"id": "d", "executor": "hello", "dependencies": ["b", "c"]},
]


def catalogue() -> Catalogue:
    return make_catalogue(make_spec("hello"), make_spec("login"))


def titles(draft: Draft, keys: Any) -> list[str]:
    return [item.title for key in keys if (item := draft.item(key)) is not None]


def test_levels_say_what_runs_beside_what() -> None:
    draft = of_data({"tasks": FANNED})
    found = examine(draft, catalogue())
    levels = [titles(draft, [slot.key for slot in level if not slot.is_group]) for level in found.levels]
    assert levels == [["a"], ["b", "c"], ["d"]]
    assert not found.count and found.spec is not None and not found.no_levels


@pytest.mark.parametrize(
    ("change", "at", "words"),
    [
        ({"executor": "helo"}, "d", "helo"),
        ({"when": "tasks.c."}, "d", ""),
        ({"inputs": {"x": "{{ tasks.g2.result }}"}}, "d", "g2"),
        ({"dependencies": ["nowhere"]}, "d", "nowhere"),
        ({"retries": -1}, "d", "retries"),
        ({"dependencies": ["d"]}, "d", "depends on itself"),
    ],
)
def test_a_problem_stands_at_its_task_and_levels_go_on(change: dict[str, Any], at: str, words: str) -> None:
    entries = [*FANNED[:4], {**FANNED[4], **change}]
    draft = of_data({"tasks": entries})
    found = examine(draft, catalogue())
    assert found.count
    assert titles(draft, [key for key in found.problems if key is not None]) == [at]
    assert any(words in problem.text for each in found.problems.values() for problem in each)
    assert found.levels or found.no_levels


def test_a_circle_is_told_and_what_is_outside_of_it_has_levels_or_a_reason() -> None:
    draft = of_data([
        {"id": "a", "executor": "hello", "dependencies": ["b"]},
        {"id": "b", "executor": "hello", "dependencies": ["a"]},
    ])  # fmt: skip
    found = examine(draft, catalogue())
    assert found.count == 1 and "waits for itself" in found.no_levels


def test_all_kinds_of_problems_are_told_at_once_and_levels_leave_out_what_leads_nowhere() -> None:
    entries = [FANNED[0], {"id": "x", "executor": "helo", "dependencies": ["a", "nowhere"], "when": "tasks.c."}]
    draft = of_data({"tasks": entries})
    found = examine(draft, catalogue())
    assert [len(level) for level in found.levels] == [1, 1]
    said = " ".join(problem.text for problem in found.problems[2])
    assert "helo" in said and "nowhere" in said and found.count == len(found.problems[2]) == 3


def test_an_empty_draft_has_nothing_wrong() -> None:
    assert examine(Draft(), catalogue()).count == 0


def test_secrets_become_inputs_of_the_flow_and_references_stay() -> None:
    entries = [
        {"id": "x", "executor": "login", "inputs": {"password": "swordfish", "deep": [{"api_key": "k3y"}]}},
        {"id": "y", "executor": "login", "inputs": {"password": "env:PASS", "token": "{{ inputs.t }}"}},
    ]
    draft, count = sealed(of_data(entries), catalogue())
    assert count == 2
    first, second = (item.inputs for item in draft.items)
    assert first == {
        "password": "{{ inputs.x_password }}",
        "deep": [{"api_key": "{{ inputs.x_deep_0_api_key }}"}],
    }
    assert second == entries[1]["inputs"]
    schema = draft.head["inputs_schema"]
    assert set(schema["properties"]) == set(schema["required"]) == {"x_password", "x_deep_0_api_key"}
    assert all(each["writeOnly"] for each in schema["properties"].values())
    assert sealed(draft, catalogue()) == (draft, 0)
    assert "swordfish" not in text_of(draft, "x.yaml")


def test_references_lead_to_inputs_and_to_what_dependencies_return() -> None:
    draft = of_data({"inputs_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}, "tasks": FANNED})
    item = next(item for item in draft.items if item.title == "b")
    found = [each.expression for each in references_of(draft, item, catalogue())]
    assert found == ["inputs.n", "tasks.a.result", "tasks.a.status"]


@pytest.mark.parametrize("name", ["f.flow.yaml", "f.json"])
def test_a_file_is_written_whole_and_read_back_as_the_same(tmp_path: Path, name: str) -> None:
    draft = of_data({"name": "Ünïcode: yes", "tasks": [*FANNED, {"executor": "no", "inputs": {"a": "1", "b": "x\ny"}}]})
    path = str(tmp_path / name)
    source = write(draft, path, Source())
    again, opened = read(path)
    assert again.data() == draft.data() and opened.sha == source.sha
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert flow_file.read(Path(path).read_bytes(), name) == draft.data()
    with pytest.raises(FileIsThere):
        write(draft, path, Source())
    os.chmod(path, 0o640)
    write(draft.remove(1), path, opened)
    assert os.stat(path).st_mode & 0o777 == 0o640
    with pytest.raises(FileIsThere, match="changed by someone else"):
        write(draft, path, opened)
    write(draft, path, opened, overwrite=True)
    assert read(path)[0].data() == draft.data()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a: [", "line"), (b"\xff", "UTF-8"), (b"3", "object or a list"), (b"x" * (1 << 20) + b"xx", "1 MiB")],
)
def test_what_is_no_flow_file_is_refused_with_its_place(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(DraftFileError, match=words):
        read(str(path))
    with pytest.raises(DraftFileError):
        read(str(tmp_path))
    with pytest.raises(DraftFileError):
        write(Draft(), str(tmp_path / "no" / "x.yaml"), Source())


def test_the_newest_state_is_kept_and_a_broken_one_is_none(tmp_path: Path) -> None:
    shelf = DraftShelf(tmp_path / "state")
    assert shelf.load() is None
    draft = of_data({"tasks": FANNED})
    old, new = shelf.next_number(), shelf.next_number()
    shelf.save(KeptDraft(draft, Source("/x", "y"), False), new)
    shelf.save(KeptDraft(Draft(), Source(), True), old)
    kept = shelf.load()
    assert kept is not None and kept.draft.data() == draft.data() and kept.source.path == "/x" and not kept.is_saved
    path = tmp_path / "state" / "draft.json"
    assert path.stat().st_mode & 0o077 == 0
    for broken in ("", "[]", '{"version": 1, "flow": 3}', '{"version": 9}'):
        path.write_text(broken)
        assert shelf.load() is None
