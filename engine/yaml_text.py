"""YAML as JSON people mean it: the core schema of YAML 1.2, nothing that expands, only JSON values (forms.md 1.6).

PyYAML's own loader turns `no` into false, dates into objects and `12:30:00` into seconds; only its parser is used here,
which is the one that comes with a C half, and no tag or alias is followed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from engine.schema_nodes import Path

MAX_DEPTH = 200
"""Deeper nesting is refused on the way in, so that no walk over a value can exhaust the stack."""

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NO_NUMBER = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class YamlError(ValueError):
    """Why `text` is no YAML that can be taken; `line` and `column` are 1-based."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(f"YAML: line {line}, column {column}: {reason}")
        self.reason, self.line, self.column = reason, line, column


def finite(text: str) -> float:
    """A number of YAML; raises ValueError for one that is too large."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def parse(text: str, *, whole: Callable[[str], int] = int, real: Callable[[str], float] = finite) -> Any:
    """Read one document of plain YAML; raises `YamlError`. `whole` and `real` make numbers that JSON can write so."""
    return _reading(text, _Builder(whole, real).build)


def is_text(word: str) -> bool:
    """Whether a word without quotes is read as text."""
    return not (word in _WORDS or any(each.match(word) for each in (_INTEGER, _BASED, _FLOAT, _NO_NUMBER)))


def lines(text: str) -> dict[Path, int]:
    """The 1-based line of every key and element of a document that `parse` takes, by its path."""
    found: dict[Path, int] = _reading(text, lambda events: dict(_lines(events)))
    return found


def _reading(text: str, take: Callable[[Any], Any]) -> Any:
    import yaml  # half of what it takes to import is not needed before someone has YAML

    loader: Any = getattr(yaml, "CLoader", yaml.Loader)
    try:
        return take(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise YamlError(error.problem or "it cannot be read", *place) from None
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        said = str(getattr(error, "reason", "")) or "it cannot be read"
        raise YamlError(said, 1, 1) from None


class _Builder:
    """Values from the parser's events, one after the other: depth is bounded before it is built."""

    def __init__(self, whole: Callable[[str], int], real: Callable[[str], float]) -> None:
        self._stack: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        self._root: Any = None
        self._documents = 0
        self._whole, self._real = whole, real

    def build(self, events: Any) -> Any:
        for event in events:
            kind = type(event).__name__
            if kind == "ScalarEvent" and event.anchor is None:
                self._put(event, self._scalar(event))
            elif kind == "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise _at(event, "a second document begins")
            elif kind == "AliasEvent" or getattr(event, "anchor", None):
                raise _at(event, "anchors and aliases are not taken")
            elif kind in ("MappingStartEvent", "SequenceStartEvent"):
                self._open(event, {} if kind == "MappingStartEvent" else [])
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                self._stack.pop()
                self._keys.pop()
        return self._root

    def _open(self, event: Any, made: dict[str, Any] | list[Any]) -> None:
        if event.tag is not None:
            raise _at(event, "tags are not taken")
        if len(self._stack) >= MAX_DEPTH:
            raise _at(event, f"it is nested deeper than {MAX_DEPTH} levels")
        self._put(event, made)
        self._stack.append(made)
        self._keys.append(None)

    def _put(self, event: Any, value: Any) -> None:
        if not self._stack:
            self._root = value
            return
        holder = self._stack[-1]
        if isinstance(holder, list):
            holder.append(value)
            return
        key = self._keys[-1]
        if key is not None:
            holder[key] = value
            self._keys[-1] = None
            return
        if isinstance(value, dict | list):
            raise _at(event, "a key must be text")
        name = str(event.value)
        if name == "<<" and not event.style:
            raise _at(event, "merge keys are not taken")
        if name in holder:
            raise _at(event, f"the key {name!r:.80} stands twice")
        self._keys[-1] = name

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag not in (None, "!"):
            raise _at(event, "tags are not taken")
        if event.style or event.tag == "!":  # a plain one has None, or from the C half ""
            return text
        if text in _WORDS:
            return _WORDS[text]
        try:
            if _INTEGER.match(text):
                return self._whole(text) if str(int(text)) == text else int(text)
            if _BASED.match(text):
                return int(text, 0)
            if _FLOAT.match(text):
                return self._real(text)
        except ValueError:
            raise _at(event, "the number is too large") from None
        if _NO_NUMBER.match(text):
            raise _at(event, f"{text} is no number that JSON has")
        return text


def _at(event: Any, reason: str) -> YamlError:
    mark = event.start_mark
    return YamlError(reason, mark.line + 1, mark.column + 1)


def _lines(events: Any) -> Iterator[tuple[Path, int]]:
    """Path and line of what the parser comes by; a key's is that of the key, not of its value."""
    stack: list[list[Any]] = []  # the path of a container, whether it is a list, the place or key in it
    for event in events:
        kind = type(event).__name__
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            stack.pop()
            continue
        if kind not in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
            continue
        path: Path = ()
        if stack:
            holder = stack[-1]
            above, is_list, at = holder
            if not is_list and at is None:
                holder[2] = event.value
                yield (*above, event.value), event.start_mark.line + 1
                continue
            path = (*above, at)
            holder[2] = at + 1 if is_list else None
            if is_list:
                yield path, event.start_mark.line + 1
        if kind != "ScalarEvent":
            is_list = kind == "SequenceStartEvent"
            stack.append([path, is_list, 0 if is_list else None])
