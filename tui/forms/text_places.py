"""In which line of a text the value of a path stands, so that problems can be marked there (forms.md 1.6)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from tui.forms.instance import Path

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class _Places:
    """Where the wanted paths begin, told in the order of the text."""

    def __init__(self, wanted: Collection[Path]) -> None:
        self.prefixes = {path[:end] for path in wanted for end in range(len(path) + 1)}
        self.lines: dict[Path, int] = {}
        self._stack: list[list[Any]] = []  # [path or None, whether it is an object, key or index]

    def begin(self, line: int, *, opens: bool, is_object: bool) -> None:
        """A value begins; `line` counts from 1."""
        here = self.place()
        if here is not None and here in self.prefixes:
            self.lines.setdefault(here, line)
        else:
            here = None
        if opens:
            self._stack.append([here, is_object, None if is_object else 0])

    def place(self) -> Path | None:
        """The path of the value that comes next; None where nobody asks for it."""
        if not self._stack:
            return ()
        outer, _, key = self._stack[-1]
        return None if outer is None else (*outer, key)

    def key(self, name: str, line: int) -> None:
        """A key of an object: a problem is shown at it, and not where its value begins."""
        self._stack[-1][2] = name
        here = self.place()
        if here in self.prefixes:
            self.lines.setdefault(here, line)

    @property
    def wants_key(self) -> bool:
        return bool(self._stack) and self._stack[-1][1] and self._stack[-1][2] is None

    def ended(self) -> None:
        """The value of an entry or item is over."""
        if self._stack:
            _, is_object, key = self._stack[-1]
            self._stack[-1][2] = None if is_object else key + 1

    def close(self) -> None:
        if self._stack:
            self._stack.pop()

    def found(self, wanted: Collection[Path]) -> dict[Path, int]:
        """The line of each path, else that of its nearest parent."""
        return {
            path: next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), 1)
            for path in wanted
        }


def json_lines(text: str, wanted: Collection[Path]) -> dict[Path, int]:
    """The 1-based line of each wanted path in JSON that parses; of what is not there, that of its nearest parent."""
    places = _Places(wanted)
    line, at = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", at, token.start())
        at = token.start()
        sign = text[at]
        if sign == '"' and places.wants_key:
            places.key(json.loads(token.group(), strict=False), line)
        elif sign == ",":
            places.ended()
        elif sign in "}]":
            places.close()
        elif sign != ":":
            places.begin(line, opens=sign in "{[", is_object=sign == "{")
    return places.found(wanted)


def yaml_lines(text: str, wanted: Collection[Path]) -> dict[Path, int]:
    """The same of YAML that parses."""
    import yaml

    places = _Places(wanted)
    loader: Any = getattr(yaml, "CLoader", yaml.Loader)
    events: Any = yaml.parse(text, Loader=loader)
    for event in events:
        kind = type(event).__name__
        line = event.start_mark.line + 1
        if kind == "ScalarEvent":
            if places.wants_key:
                places.key(str(event.value), line)
            else:
                places.begin(line, opens=False, is_object=False)
                places.ended()
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            places.begin(line, opens=True, is_object=kind == "MappingStartEvent")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            places.close()
            places.ended()
    return places.found(wanted)
