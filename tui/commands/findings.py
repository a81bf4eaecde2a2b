"""What is wrong in a catalogue, or could be better: file, line, executor, one line of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import Catalogue, ExecutorSpec
    from engine.catalogue import Launchable

SHOWN = 3
"""Violations of one example that are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`file` is absolute, `line` 1-based; a warning is no problem unless someone is strict. All text is foreign."""

    file: str
    line: int | None
    executor: str | None
    text: str
    is_warning: bool = False

    def where(self, folder: Path) -> str:
        """The file, relative to `folder` where it lies in it."""
        path = Path(self.file)
        return str(path.relative_to(folder)) if path.is_relative_to(folder) else self.file

    def as_line(self, folder: Path) -> str:
        """`path:line: executor: text`."""
        place = f"{self.where(folder)}:{self.line}" if self.line else self.where(folder)
        parts = (place, self.executor, "warning" if self.is_warning else None, self.text)
        return ": ".join(part for part in parts if part)


def findings(catalogue: Catalogue) -> list[Finding]:
    """Every problem and warning, by file and line."""
    found = [
        Finding(problem.file, problem.line, problem.executor_id, _without_id(problem.text, problem.executor_id))
        for problem in catalogue.problems
    ]
    for spec in catalogue.executors.values():
        found += [Finding(spec.file or "", spec.line, spec.id, text, is_warning=True) for text in _warnings(spec)]
    for flow in catalogue.flows.values():
        if not flow.description:
            found.append(Finding(flow.file or "", flow.line, flow.id, "it has no description", is_warning=True))
    return sorted(found, key=lambda each: (each.file, each.line or 0, each.text))


def numbered_examples(spec: Launchable) -> list[tuple[int, Any]]:
    """The entries of `examples` with their 1-based place; those too that the catalogue leaves out for being no dict."""
    entries: list[Any] = list(spec.examples)
    try:
        written = getattr(getattr(spec, "factory", None), "examples", ())
        all_of_them = [written] if isinstance(written, Mapping | str) else list(written)
        if [each for each in all_of_them if isinstance(each, Mapping)] == entries:
            entries = all_of_them
    except Exception:  # a property, or what cannot be read: the catalogue has what an instance said
        pass
    return list(enumerate(entries, start=1))


def _without_id(text: str, executor_id: str | None) -> str:
    return text.removeprefix(f"executor '{executor_id}': ") if executor_id else text


def _warnings(spec: ExecutorSpec) -> Iterator[str]:
    if not spec.description:
        yield "it has no description"
    if spec.schema_problem:
        return
    for note in spec.checker.note.split("; "):
        if note and not note.startswith("read as "):  # which draft it is read as harms nobody
            yield f"the input schema: {note}"
    for number, example in numbered_examples(spec):
        if not isinstance(example, Mapping):
            yield f"example {number} is no dict but {type(example).__name__}, and is left out"
        elif misfit := _misfit(spec, dict(example)):
            yield f"example {number} does not fit the input schema: {misfit}"


def _misfit(spec: ExecutorSpec, example: dict[str, Any]) -> str:
    """What a launch with this example would be refused for; "" for nothing."""
    from engine.json_data import NotJson, encode

    try:
        encode(example)
    except NotJson as error:
        return f"it is not JSON at {error}"
    problems = [str(problem) for problem in spec.checker.problems(spec.checker.with_defaults(example))]
    more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more
