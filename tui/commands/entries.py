"""What a command is to run: an executor or flow of the catalogue by its id, or a flow in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import Catalogue, ExecutorSpec, FlowProblem, FlowSpec
    from engine.plan import FindSpec

ENDINGS = (".yaml", ".yml", ".json")
"""A name that ends so is a file of tasks, never an id."""
LARGEST = 2**20


def is_file_name(given: str) -> bool:
    return given.endswith(ENDINGS)


def find_entry(catalogue: Catalogue, given: str) -> ExecutorSpec | FlowSpec:
    """The executor or flow that `given` names; a file's name is read. Raises `SettingsError`."""
    from engine import SettingsError

    if is_file_name(given):
        spec, problems = read_file(given)
        if spec is None:
            raise SettingsError("\n".join(words_of(problem, given) for problem in problems))
        return spec
    found = catalogue.entry(given)
    if found is None:
        why = [problem.text for problem in catalogue.problems if Path(problem.file).name.split(".")[0] == given]
        hint = f"Its file has a problem: {why[0]}" if why else "`taskdeck list` shows all"
        raise SettingsError(catalogue.unknown_entry(given), hint)
    return found


def read_file(given: str) -> tuple[FlowSpec | None, list[FlowProblem]]:
    """The flow in a file, whatever its name; raises `SettingsError` where it cannot be read."""
    from engine import SettingsError
    from engine.flow import read_flow

    path = Path(given).expanduser().absolute()
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"cannot read {given}: {error.strerror}") from error
    if len(content) > LARGEST:
        raise SettingsError(f"{given} is larger than {LARGEST // 2**20} MiB", "Split it into several flows")
    return read_flow(content, os.fspath(path))


def words_of(problem: FlowProblem, file: str) -> str:
    """`file:line: entry: what. what to do`."""
    return f"{file}:{problem.line}: {problem}" if problem.line else f"{file}: {problem}"


def problems_of(catalogue: Catalogue, spec: ExecutorSpec | FlowSpec) -> list[str]:
    """Why it cannot be launched whatever its inputs are."""
    from engine import ExecutorSpec

    if isinstance(spec, ExecutorSpec):
        return [spec.schema_problem] if spec.schema_problem else []
    return [words_of(problem, spec.file or spec.id) for problem in flow_problems(catalogue, spec)]


def flow_problems(catalogue: Catalogue, spec: FlowSpec) -> Sequence[FlowProblem]:
    """What is wrong with a flow beside the executors of the catalogue."""
    from engine.flow_tree import check

    if catalogue.flows.get(spec.id) is spec:  # looked at when it was loaded
        return catalogue.flow_problems.get(spec.id, ())
    return check(spec, finder(catalogue))


def finder(catalogue: Catalogue) -> FindSpec:
    """Gives an executor of the catalogue, or the words for its absence."""

    def find(executor_id: str) -> tuple[ExecutorSpec | None, str]:
        found = catalogue.get(executor_id)
        return found, "" if found is not None else catalogue.unknown(executor_id)

    return find


def dangers_in(catalogue: Catalogue, spec: ExecutorSpec | FlowSpec) -> list[str]:
    """The ids of what is marked as dangerous in it, its own first."""
    from engine import ExecutorSpec

    found = [spec.id] if spec.is_dangerous else []
    if not isinstance(spec, ExecutorSpec):
        found += [each for each in spec.executors if (one := catalogue.get(each)) is not None and one.is_dangerous]
    return found


def checked(spec: ExecutorSpec | FlowSpec, inputs: Mapping[str, Any]) -> list[str]:
    """What the form says of these inputs."""
    return [str(problem) for problem in spec.checker.problems(spec.checker.with_defaults(dict(inputs)))]
