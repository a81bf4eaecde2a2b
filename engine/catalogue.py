"""The catalogue: what can be run, as one immutable snapshot that is swapped whole."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from engine.executor import ExecutableTask, constructor
from engine.policy import DEFAULT, Policy
from engine.secrets import may_mark

if TYPE_CHECKING:
    from engine.flow import FlowProblem, FlowSpec
    from engine.schema import Checker
    from engine.version_source import VersionSource

Origin = Literal["given", "user", "shipped", "script"]
"""Where an executor comes from: a `--executors` folder, the user's, the shipped ones, or a script's imports (1.4)."""


class Launchable:
    """What the catalogue lists and a person launches: an executor or a flow. `schema` is that of its inputs.

    `version` is the content hash of the source that defines it, hex. `file` is absolute, `line` is 1-based; both None
    where there is no file. Where the schema cannot be used, `schema_problem` says why and launches are refused (4.3).
    """

    id: str
    name: str
    description: str
    schema: Mapping[str, Any]
    schema_problem: str | None
    tags: tuple[str, ...]
    examples: tuple[Mapping[str, Any], ...]
    version: str
    file: str | None
    line: int | None
    origin: Origin
    replaces: Origin | None
    confirm: bool
    barred: str
    """Why the user of this process may not run it (`access.Access`), "" where nothing stands against it."""
    source: Callable[[], VersionSource | None]
    """Gives the files of this version, as long as the spec lives; None where they cannot be had."""

    @cached_property
    def marks_secrets(self) -> bool:
        """Whether something in its schema may mark a secret."""
        return may_mark(self.schema)

    @cached_property
    def checker(self) -> Checker:
        """The compiled schema, kept with the spec: looking it up by content costs more than the check."""
        from engine.schema import compile

        return compile(self.schema)

    @property
    def is_dangerous(self) -> bool:
        """Whether a person is asked before it runs: by its attribute `confirm`, or by the tag "destructive"."""
        return self.confirm or any(tag.casefold() == "destructive" for tag in self.tags)

    @property
    def note(self) -> str:
        """What the catalogue says beside the name, e.g. "replaces the shipped one" (1.4)."""
        return f"replaces the {self.replaces} one" if self.replaces else ""


@dataclass(frozen=True)
class ExecutorSpec(Launchable):
    """One executor as the catalogue knows it; an attempt pins the spec it was launched with.

    `version` is the content hash of the source that defines it (with its helpers), hex.
    """

    id: str
    name: str
    description: str
    factory: Callable[..., ExecutableTask]
    schema: Mapping[str, Any]
    schema_problem: str | None = None
    tags: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    version: str = ""
    file: str | None = None
    line: int | None = None
    origin: Origin = "script"
    replaces: Origin | None = None
    policy: Policy = DEFAULT
    output_schema: Mapping[str, Any] | None = None
    confirm: bool = False
    asks: bool = False
    """Whether a person's answer is waited for before it runs (see `BaseTask.asks`)."""
    barred: str = ""
    pre_hook: Callable[..., Any] | None = None
    post_hook: Callable[..., Any] | None = None
    source: Callable[[], VersionSource | None] = field(default=lambda: None, compare=False, repr=False)

    @cached_property
    def create(self) -> Callable[[dict[str, Any]], ExecutableTask]:
        """Makes a new instance for an attempt from its inputs (1.5)."""
        return constructor(self.factory)

    @cached_property
    def kinds(self) -> dict[type, bool]:
        """Of the classes that `create` gave: whether their `execute` is a coroutine function. Filled as they run."""
        return {}

    @cached_property
    def output_checker(self) -> Checker | None:
        """The compiled output schema, None where the executor has none."""
        from engine.schema import compile

        return compile(self.output_schema) if self.output_schema is not None else None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file or executor cannot be used: `text` is one line ("SyntaxError: invalid syntax"), foreign text.

    With `is_apart` it can be, but only in processes of its own.
    """

    file: str
    line: int | None
    text: str
    traceback: str = ""
    executor_id: str | None = None
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`id -> ExecutorSpec`, the flows beside them, and the problems, at one moment.

    `epoch` grows with every published snapshot. No flow has the id of an executor.
    """

    executors: Mapping[str, ExecutorSpec] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()
    epoch: int = 0
    is_loading: bool = False
    """Whether files that look half-written, or take long to import, are still to come in."""
    flows: Mapping[str, FlowSpec] = field(default_factory=lambda: MappingProxyType({}))
    flow_problems: Mapping[str, tuple[FlowProblem, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Why flows that are listed cannot be launched as they stand, by their ids."""

    def get(self, executor_id: str) -> ExecutorSpec | None:
        return self.executors.get(executor_id)

    def entry(self, entry_id: str) -> ExecutorSpec | FlowSpec | None:
        """The executor or flow of that id."""
        return self.executors.get(entry_id) or self.flows.get(entry_id)

    @property
    def entries(self) -> Mapping[str, ExecutorSpec | FlowSpec]:
        """All that can be launched, by id."""
        return {**self.executors, **self.flows}

    def unknown(self, executor_id: str) -> str:
        """The words for an id that no executor has, with close matches (2.6)."""
        if executor_id in self.flows:
            return f"'{executor_id}' is a flow, and no task of a flow can be one"
        return _unknown("executor", executor_id, self.executors)

    def unknown_entry(self, entry_id: str) -> str:
        """The words for an id that neither executor nor flow has."""
        return _unknown("executor or flow" if self.flows else "executor", entry_id, self.entries)


def _unknown(what: str, wanted: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    text = f"no {what} named '{wanted}'"
    return f"{text}; did you mean {' or '.join(close)}?" if close else text
