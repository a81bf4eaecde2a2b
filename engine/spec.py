"""From a registered class to the `ExecutorSpec` that the catalogue holds, whatever the class does when it is asked."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

from engine.catalogue import Catalogue, ExecutorSpec, Origin, Problem
from engine.errors import ExecutorError, TaskdeckError
from engine.executor import Registration, Registry, constructor, schema_from
from engine.policy import policy_of
from engine.problems import problem_of, words
from engine.schema import SchemaError, accepted
from engine.version_source import VersionSource

T = TypeVar("T")
ANY_OBJECT: Mapping[str, Any] = MappingProxyType({"type": "object"})
"""Stands in for the schema of an executor whose own cannot be used."""


def describe(
    registration: Registration,
    *,
    origin: Origin,
    version: str = "",
    file: str | None = None,
    line: int | None = None,
) -> tuple[ExecutorSpec, Problem | None]:
    """Make an instance and ask it for all that the catalogue shows. Never raises.

    What cannot be asked falls back (name to id, description to the docstring's first line) and is told by the problem,
    the first one found. Without an instance or a valid schema the spec has a `schema_problem` (4.3).
    """
    asking = _Asking(registration, file, line)
    cls = registration.cls
    instance = asking.ask(lambda: constructor(registration.factory or cls)({}), "cannot make an instance")
    schema, schema_problem = ANY_OBJECT, None
    if instance is None:
        schema_problem = asking.words or "the factory gave nothing"
        asking.complain(TypeError(schema_problem))
    else:
        schema, schema_problem = _schema(asking, instance)
    source: Any = cls if instance is None else instance
    spec = ExecutorSpec(
        id=registration.id,
        name=_text(asking, source, "name") or registration.id,
        description=_text(asking, source, "description") or _first_line(cls),
        factory=registration.factory or cls,
        schema=schema,
        schema_problem=schema_problem,
        tags=asking.ask(lambda: _tags(getattr(source, "tags", ())), "cannot read tags") or (),
        confirm=_confirm(asking, source),
        asks=asking.ask(lambda: getattr(source, "asks", False) is True, "cannot read asks") or False,
        examples=asking.ask(lambda: _examples(getattr(source, "examples", ())), "cannot read examples") or (),
        version=version,
        file=file,
        line=line,
        origin=origin,
        policy=policy_of(source, lambda name, why: asking.complain(why, f"cannot read {name}: {words(why)}")),
        output_schema=asking.ask(lambda: _output_schema(source), "the output schema cannot be used"),
        pre_hook=registration.pre_hook,
        post_hook=registration.post_hook,
    )
    return spec, asking.problem


def from_registry(registry: Registry) -> Catalogue:
    """The catalogue of what a script imported (1.4); versions are the content hashes of the files, where readable."""
    executors, problems = {}, []
    contents: dict[str, bytes] = {}
    for registration in list(registry.registrations.values()):
        file = registration.file or ""
        if file not in contents:
            contents[file] = _content_of(file)
        content = contents[file]
        version = hashlib.sha256(content).hexdigest() if content else ""
        spec, problem = describe(
            registration, origin="script", version=version, file=registration.file, line=registration.line
        )
        if content:
            spec = replace(
                spec, source=partial(VersionSource, os.path.dirname(file), {os.path.basename(file): content})
            )
        executors[spec.id] = spec
        if problem is not None:
            problems.append(problem)
    return Catalogue(MappingProxyType(executors), tuple(problems), registry.epoch)


class _Asking:
    """Asks foreign code and remembers the first thing that went wrong."""

    def __init__(self, registration: Registration, file: str | None, line: int | None) -> None:
        self._registration = registration
        self._file = file or registration.file or ""
        self._line = line
        self.problem: Problem | None = None
        self.words: str | None = None
        """What went wrong in the latest question; None when nothing did."""

    def ask(self, question: Callable[[], T], otherwise: str) -> T | None:
        self.words = None
        try:
            return question()
        except BaseException as error:  # the class may even exit the interpreter
            self.words = error.message if isinstance(error, TaskdeckError) else f"{otherwise}: {words(error)}"
            self.complain(error, self.words)
            return None

    def complain(self, error: BaseException, text: str | None = None) -> None:
        if self.problem is None:
            text = f"executor '{self._registration.id}': {text or words(error)}"
            self.problem = problem_of(
                error,
                self._file,
                code_file=self._registration.file,
                line=self._line,
                text=text,
                executor_id=self._registration.id,
            )


def _schema(asking: _Asking, instance: Any) -> tuple[Mapping[str, Any], str | None]:
    """The input schema, or `ANY_OBJECT` and why the executor's own cannot be used (4.3)."""
    given = asking.ask(lambda: _get_schema(instance), "get_input_schema failed")
    if given is None:
        return ANY_OBJECT, asking.words

    # a copy: the class may change the one it gave
    checked = asking.ask(lambda: cast(Mapping[str, Any], accepted(given)), "the schema cannot be read")
    return (ANY_OBJECT, asking.words) if checked is None else (checked, None)


def _get_schema(instance: Any) -> Mapping[str, Any]:
    given = instance.get_input_schema()
    if inspect.iscoroutine(given):
        given.close()
        raise TypeError("get_input_schema must be a plain function, not async")
    if not (isinstance(given, Mapping) or hasattr(given, "model_json_schema")):
        raise TypeError(f"it returned {type(given).__name__}, not a dict")
    return schema_from(given)


def _text(asking: _Asking, source: Any, attribute: str) -> str:
    def read() -> str:
        value = getattr(source, attribute, "")
        if value is None or (isinstance(source, type) and isinstance(value, property)):
            return ""
        return str(value).strip()

    return asking.ask(read, f"cannot read {attribute}") or ""


def _first_line(cls: type) -> str:
    lines = str(cls.__dict__.get("__doc__") or "").strip().splitlines()
    return lines[0].strip() if lines else ""


def _tags(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    return tuple(str(tag) for tag in given or ())


def _confirm(asking: _Asking, source: Any) -> bool:
    """Whether it wants to be asked for; where that cannot be read the careful answer is taken."""
    wanted = asking.ask(lambda: bool(getattr(source, "confirm", False)), "cannot read confirm")
    return True if wanted is None else wanted


def _examples(given: Any) -> tuple[Mapping[str, Any], ...]:
    """Only input dicts can be offered; other entries (some authors write prose here) are left out."""
    entries: Iterable[Any] = (given,) if isinstance(given, Mapping) else given or ()
    return tuple(entry for entry in entries if isinstance(entry, Mapping))


def _output_schema(source: Any) -> Mapping[str, Any] | None:
    get = getattr(source, "get_output_schema", None)
    given = get() if callable(get) and not isinstance(source, type) else None
    if given is None:
        return None
    try:
        return cast(Mapping[str, Any], accepted(schema_from(given)))
    except SchemaError as error:  # its words do not say which of the two schemas they mean
        raise ExecutorError(f"the output schema cannot be used: {error.message}") from error


def _content_of(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError:
        return b""
