"""The text of a flow file, YAML or JSON, as data; and the line on which each part of it stands."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.cache import engine_print, own_cache
from engine.schema_nodes import Path

SUFFIXES = (".flow.yaml", ".flow.yml", ".flow.json")
"""How the names of flow files end that are found in the folders."""
DEEPEST = 200
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_MARK = "\ufeff"


class FlowFileError(ValueError):
    """Why a text is no YAML or JSON; `line` is 1-based, `hint` what to do."""

    def __init__(self, reason: str, line: int, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.line, self.hint = reason, line, hint


def is_flow_name(name: str) -> bool:
    """True for the names of files that are loaded as flows from the folders: not hidden, with one of `SUFFIXES`."""
    return name.endswith(SUFFIXES) and not name.startswith(".")


def id_of(name: str) -> str:
    """The id of a flow that gives none itself: its file's name without the ending."""
    name = name.rpartition("/")[2]
    for suffix in (*SUFFIXES, ".yaml", ".yml", ".json"):
        if name.endswith(suffix) and name != suffix:
            return name.removesuffix(suffix)
    return name


def read(content: bytes, name: str) -> Any:
    """The data of a file called `name`; .json is read as JSON, all else as YAML. Raises `FlowFileError`."""
    try:
        text = content.decode("utf-8").removeprefix(_MARK)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FlowFileError("it is not UTF-8", line, "Save it as that") from None
    return _json(text) if _is_json(name) else _yaml(text)


def line_of(content: bytes, name: str) -> Mapping[Path, int]:
    """The line of every key and element, by its path; {} for what cannot be read."""
    text = content.decode("utf-8", "replace").removeprefix(_MARK)
    try:
        if _is_json(name):
            return dict(_json_lines(text))
        from engine import yaml_text

        return yaml_text.lines(text)
    except (ValueError, IndexError):
        return {}


def _is_json(name: str) -> bool:
    return name.endswith(".json")


def _yaml(text: str) -> Any:
    """The data; as JSON it is kept for the next process, which reads that in a twentieth of the time."""
    cache = own_cache()
    name = f"yaml-{hashlib.sha256(f'{engine_print()}{text}'.encode()).hexdigest()}"
    if (kept := cache.read(name)) is not None:
        return json.loads(kept)
    from engine import yaml_text

    try:
        found = yaml_text.parse(text)
    except yaml_text.YamlError as error:
        hint = _yaml_hint(error.reason, text.split("\n")[error.line - 1 : error.line])
        raise FlowFileError(f"the YAML cannot be read: {error.reason}", error.line, hint) from None
    cache.write(name, json.dumps(found).encode())
    return found


_HINTS = {
    "anchors and aliases are not taken": "Write out in each place what they stand for",
    "merge keys are not taken": "Write out in each place what they stand for",
    "tags are not taken": "Remove the word that begins with ! before the value",
    "a second document begins": "Give it a file of its own, and remove the line ---",
    "stands twice": "Rename or remove one of the two",
    "is nested deeper": "Make it flatter",
    "is too large": "Write it in quotes, as text",
    "no number that JSON has": "Write it in quotes, as text",
    "a key must be text": "Put { }, [ ] and {{ }} in quotes where they are text",
}


def _yaml_hint(reason: str, line: list[str]) -> str:
    """What to do about what the parser says; `line` is the one that it means, where there is one."""
    if line and "\t" in line[0][: len(line[0]) - len(line[0].lstrip())]:
        return "Indent with spaces: a tab stands at the beginning of the line"
    for part, hint in _HINTS.items():
        if part in reason:
            return hint
    if "cannot start any token" in reason:
        return "Put the text in quotes"
    return "Look at the indentation, brackets and quotes there and in the lines before"


def _json(text: str) -> Any:
    repeated: list[str] = []

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(given)
        if len(made) < len(given):
            names = [name for name, _ in given]
            repeated.append(next(name for name in names if names.count(name) > 1))
        return made

    def constant(name: str) -> Any:
        raise FlowFileError(f"{name} is no JSON", text[: text.find(name)].count("\n") + 1)

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        hint = "Look at the commas, brackets and quotes there and just before"
        raise FlowFileError(f"the JSON cannot be read: {error.msg}", error.lineno, hint) from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, FlowFileError):
            raise
        raise FlowFileError("the JSON cannot be read: it is nested too deep, or a number is too long", 1) from None
    if repeated:
        seen: set[Path] = set()
        for path, line in _json_lines(text):
            if path in seen and path[-1] == repeated[0]:
                raise FlowFileError(f"the key '{repeated[0]}' stands twice", line, "Rename or remove one of the two")
            seen.add(path)
    if _is_deep(value):
        raise FlowFileError(f"it is nested deeper than {DEEPEST} levels", 1, "Make it flatter")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def _json_lines(text: str) -> Iterator[tuple[Path, int]]:
    """Path and line of each key and element of well-formed JSON."""
    stack: list[list[Any]] = []  # the path of a container, whether it is a list, the place or key in it
    line, at = 1, 0
    for match in _TOKEN.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        token = match.group()
        if token in "}]":
            stack.pop()
        elif token == ",":
            stack[-1][2] = stack[-1][2] + 1 if stack[-1][1] else None
        elif token != ":":
            path: Path = ()
            if stack:
                above, is_list, key = stack[-1]
                if not is_list and key is None:
                    stack[-1][2] = key = json.loads(token)
                    yield (*above, key), line
                    continue
                path = (*above, key)
                if is_list:
                    yield path, line
            if token in "{[":
                stack.append([path, token == "[", 0 if token == "[" else None])
