"""The inputs of a schema by name, and text or values turned into what they take, where nothing is lost by it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT, Path, get, put
from tui.forms.model import Form, Row
from tui.forms.strict_json import JsonError

TEXTS = frozenset({"text", "multiline", "secret", "date", "time", "datetime", "path"})
YES = frozenset({"true", "yes", "on", "1", "y"})
NO = frozenset({"false", "no", "off", "0", "n"})
MOST_MENDED = 200
"""Problems that are tried to be mended by another type; the rest stands in the form with its errors."""


@dataclass(frozen=True, slots=True)
class Note:
    """`what` of the text, and in words `why` it was not, or not quite so, taken. Both are foreign text."""

    what: str
    why: str


class Inputs:
    """The inputs that a schema names, as the rows of its form show them."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self._form = Form(schema)
        self._rows: dict[str, Row] = {}
        for row in self._form.rows():
            if len(row.path) == 1 and isinstance(row.path[0], str) and not row.keyed:
                known = self._rows.get(row.path[0])
                self._rows[row.path[0]] = known if known is not None and known.kind == "union" else row
        self._loose: dict[str, str] = {}
        for name in self._rows:
            self._loose.setdefault(_loosened(name), name)

    @property
    def names(self) -> list[str]:
        return list(self._rows)

    def row(self, name: str) -> Row | None:
        """The row of the input of exactly this name."""
        return self._rows.get(name)

    def find(self, name: str) -> Row | None:
        """The row of an input, however its words are joined and whatever their case: `API_KEY` is `apiKey`."""
        return self._rows.get(name) or self._rows.get(self._loose.get(_loosened(name), ""))

    def first(self, names: tuple[str, ...], kinds: frozenset[str]) -> Row | None:
        """The first of `names` that is an input of one of `kinds`."""
        found = (self.find(name) for name in names)
        return next((row for row in found if row is not None and row.kind in kinds), None)

    def inside(self, path: Path, branch: int | None = None) -> dict[str, Row]:
        """The named rows right below the input at `path`, once it is open, by loosened name."""
        form = Form(self.schema)
        if branch is not None:
            form.choose(path, branch)
        form.open(path)
        under = [row for row in form.rows() if len(row.path) == len(path) + 1 and row.path[: len(path)] == path]
        return {_loosened(str(row.path[-1])): row for row in under if not row.keyed}

    def item(self, path: Path) -> tuple[Row | None, dict[str, Row]]:
        """The row of a new item of the list at `path`, and the named rows in it."""
        form = Form(self.schema)
        made = form.add(path)
        form.open(made)
        rows = form.rows()
        item = next((row for row in rows if row.path == made), None)
        under = [row for row in rows if len(row.path) == len(made) + 1 and row.path[: len(made)] == made]
        return item, {_loosened(str(row.path[-1])): row for row in under if not row.keyed}

    def refusal(self, name: str, value: Any) -> str:
        """Why the schema takes no input of this name; "" where it takes it."""
        problems = Form(self.schema, {name: value}).problems
        return next((problem.text for problem in problems if problem.path == (name,)), "")


def _loosened(name: str) -> str:
    return "".join(character for character in name if character.isalnum()).casefold()


def from_text(row: Row, text: str) -> Any:
    """The value that `text` stands for in a row, ABSENT where it is none without loss."""
    kind = row.kind
    if kind in TEXTS or kind == "const":
        return text
    if kind in ("integer", "number", "boolean", "choice"):
        return converted(row, text)
    if kind == "any":
        return fields.read("any", text, row.types)
    try:
        value = strict_json.parse(text)
    except JsonError:
        value = ABSENT
    wanted: type = dict if kind in ("object", "map") else list
    if isinstance(value, wanted) or (kind in ("union", "raw") and value is not ABSENT):
        return value
    if kind in ("array", "choices") and text:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text if kind in ("union", "raw") else ABSENT


def converted(row: Row, value: Any) -> Any:
    """A scalar as the type that the row takes, ABSENT where that would lose something."""
    kind, text = row.kind, value.strip() if isinstance(value, str) else value
    if kind == "choice":
        return _option(row, text)
    if kind == "boolean" and isinstance(text, str):
        return True if text.casefold() in YES else False if text.casefold() in NO else ABSENT
    if kind in ("integer", "number") and isinstance(text, str):
        number = fields.read_number(text)
        is_whole = number is not None and (kind == "number" or float(number).is_integer())
        return number if is_whole else ABSENT
    if kind in TEXTS:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return strict_json.number_text(value)
    return ABSENT


def _option(row: Row, value: Any) -> Any:
    """The option that is written like `value`: its value, else its label, in whatever case where that is one only."""
    text = value if isinstance(value, str) else fields.brief(value)
    for label, option in row.options:
        if fields.brief(option) == text or label == text:
            return option
    same = [o for label, o in row.options if text.casefold() in (fields.brief(o).casefold(), label.casefold())]
    return same[0] if len(same) == 1 else ABSENT


def mended(schema: Any, value: Mapping[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """`value` with the scalars that break the schema turned into what it takes, and what stays wrong.

    What is only missing is not told: the form asks for it.
    """
    result: Any = dict(value)
    form = Form(schema, result)
    for problem in form.problems[:MOST_MENDED]:
        given = get(result, problem.path)
        if not problem.path or given is ABSENT or isinstance(given, dict | list):
            continue
        for end in range(1, len(problem.path)):
            form.open(problem.path[:end])
        row = next((row for row in form.rows() if row.path == problem.path and row.kind != "union"), None)
        other = converted(row, given) if row is not None else ABSENT
        if other is not ABSENT:
            result = put(result, problem.path, other)
    left = Form(schema, result).problems if result else []
    said = [problem for problem in left if problem.path and get(result, problem.path) is not ABSENT]
    return result, [Note(path_text(problem.path), problem.text) for problem in said]


def path_text(path: Path) -> str:
    """`headers.Accept`, `tags.0`."""
    return ".".join(str(key) for key in path)
