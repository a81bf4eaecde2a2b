"""Flow files beside executors: found, checked, hot reloaded, and never taken away by a broken save (rule 1.4)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import Catalogue, Folder, Loader

EXECUTOR = (
    "from engine import BaseTask, executor_register\n@executor_register()\nclass E(BaseTask):\n    id = '{id}'\n"
    "    inputs_schema = {{'type': 'object', 'properties': {{'n': {{'type': 'integer'}}}}}}\n"
    "    async def execute(self, inputs):\n        return inputs\n"
)
FLOW = "name: {name}\ntasks:\n- executor: one\n  inputs: {{n: 1}}\n"


class Place:
    def __init__(self, *paths: Path) -> None:
        self.path = paths[0]
        for path in paths:
            path.mkdir(exist_ok=True)
        self.loader = Loader([Folder(path, origin) for path, origin in zip(paths, ("given", "user"), strict=False)])

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def load(self) -> Catalogue:
        self.loader.reconcile()
        return self.loader.catalogue


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "ops", tmp_path / "more")
    made.write("one.py", EXECUTOR.format(id="one"))
    return made


def test_flows_are_listed_beside_executors_with_their_version_and_source(place: Place) -> None:
    file = place.write("nightly.flow.yaml", FLOW.format(name="Nightly"))
    place.write("deep/down.flow.json", '{"tasks": [{"executor": "one"}]}')
    place.write("down.json", '{"tasks": [{"executor": "one"}]}')  # no flow: anyone's data
    place.write(".hidden.flow.yaml", "nonsense")
    catalogue = place.load()
    assert (set(catalogue.flows), set(catalogue.executors), catalogue.problems) == ({"nightly", "down"}, {"one"}, ())
    spec = catalogue.flows["nightly"]
    source = spec.source()
    assert (spec.name, spec.file, spec.origin, len(spec.version)) == ("Nightly", str(file), "given", 64)
    assert source is not None and source.texts() == {"nightly.flow.yaml": file.read_text()}
    assert catalogue.entry("nightly") is spec and set(catalogue.entries) == {"one", "nightly", "down"}


def test_an_edit_is_a_new_version_and_what_is_gone_is_gone(place: Place) -> None:
    file = place.write("nightly.flow.yaml", FLOW.format(name="Nightly"))
    first = place.load().flows["nightly"]
    file.write_text(FLOW.format(name="Nightl2"))
    second = place.load().flows["nightly"]
    assert (second.name, first.version != second.version) == ("Nightl2", True)
    assert place.loader.reconcile() is None
    file.unlink()
    assert dict(place.load().flows) == {}


def test_named_changes_are_enough(place: Place) -> None:
    place.load()
    file = place.write("nightly.flow.yaml", FLOW.format(name="Nightly"))
    assert place.loader.reconcile([str(file)]) is not None
    assert set(place.loader.catalogue.flows) == {"nightly"}
    file.write_text(FLOW.format(name="B"))
    place.loader.reconcile([str(file)])
    assert place.loader.catalogue.flows["nightly"].name == "B"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("tasks: [\n", 2, "the YAML cannot be read"),
        ("", 1, "a flow is an object or a list"),
        ("tasks:\n- executor: onee\n", 2, "entry 1 ('onee'): no executor named 'onee'; did you mean one?"),
        ("tasks:\n- executor: one\n  inputs:\n    n: x\n", 4, "entry 1 ('one'): n: "),
    ],
)
def test_a_broken_save_is_told_and_the_last_good_flow_stays_in_use(
    place: Place, text: str, line: int, words: str
) -> None:
    file = place.write("nightly.flow.yaml", FLOW.format(name="Good"))
    place.load()
    file.write_text(text)
    catalogue = place.load()
    (problem,) = catalogue.problems
    assert (problem.file, problem.line, problem.executor_id) == (str(file), line, "nightly")
    assert words in problem.text
    assert (catalogue.flows["nightly"].name, catalogue.flows["nightly"].schema_problem) == ("Good", None)
    file.write_text(FLOW.format(name="Mended"))
    catalogue = place.load()
    assert (catalogue.flows["nightly"].name, catalogue.problems) == ("Mended", ())


def test_a_flow_that_was_never_good_is_listed_and_cannot_be_launched(place: Place) -> None:
    place.write("a.flow.yaml", "tasks:\n- executor: nothing\n")
    place.write("b.flow.yaml", "tasks: 3\n")
    catalogue = place.load()
    assert len(catalogue.problems) == 2
    assert set(catalogue.flows) == {"a"}
    assert "no executor named 'nothing'" in str(catalogue.flows["a"].schema_problem)
    assert [each.line for each in catalogue.flow_problems["a"]] == [2]


def test_a_flow_follows_its_executors(place: Place) -> None:
    place.write("a.flow.yaml", "tasks:\n- executor: two\n  inputs: {n: 1}\n")
    assert place.load().flow_problems
    two = place.write("two.py", EXECUTOR.format(id="two"))
    assert not place.load().flow_problems
    two.write_text(EXECUTOR.format(id="two").replace("integer", "string"))
    assert "n: " in str(place.load().problems[0].text)
    two.unlink()
    assert "no executor named 'two'" in place.load().problems[0].text


def test_1_4_an_earlier_folder_s_flow_replaces_a_later_one_and_no_id_is_taken_twice(place: Place) -> None:
    place.write("same.flow.yaml", FLOW.format(name="first"))
    place.write("../more/same.flow.yaml", FLOW.format(name="second"))
    place.write("twin.flow.yml", "id: same\n" + FLOW.format(name="third"))
    place.write("one.flow.yaml", FLOW.format(name="x"))
    catalogue = place.load()
    assert (catalogue.flows["same"].name, catalogue.flows["same"].note) == ("first", "replaces the user one")
    told = sorted(problem.text for problem in catalogue.problems)
    assert "flow 'one': the id is taken by the executor of " in told[0]
    assert "flow 'same': the id is taken by the flow of " in told[1]


def test_no_task_can_be_a_flow(place: Place) -> None:
    place.write("a.flow.yaml", "tasks:\n- executor: b\n")
    place.write("b.flow.yaml", FLOW.format(name="b"))
    assert "'b' is a flow, and no task of a flow can be one" in place.load().problems[0].text


def test_what_is_no_file_is_a_problem_and_holds_nothing_up(place: Place) -> None:
    os.mkfifo(place.path / "pipe.flow.yaml")
    (place.path / "large.flow.yaml").write_bytes(b"#" * (2**20 + 1))
    told = [problem.text for problem in place.load().problems]
    assert any("no regular file" in text for text in told) and any("too much" in text for text in told)
