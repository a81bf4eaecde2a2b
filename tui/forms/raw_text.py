"""Inputs as text, in JSON or YAML: read strictly, written without loss (forms.md 1.6)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from tui.forms import strict_json, strict_yaml, text_places, yaml_text
from tui.forms.instance import ABSENT, Path

Language = Literal["json", "yaml"]
NAMES: dict[Language, str] = {"json": "JSON", "yaml": "YAML"}

EDITABLE = 128 * 1024
"""Characters that an editor holds at a key's speed; of more only the beginning is shown (forms.md 2.5)."""
EDITABLE_LINES = 6_000
HEAD_LINES = 400
HEAD = 20_000
"""Characters shown of a text that is too large to edit."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: its value, ABSENT for an empty text; or its problem and the 1-based place of that."""

    value: Any = ABSENT
    problem: str = ""
    line: int = 0
    column: int = 0


def read(text: str, language: Language) -> Reading:
    """Never raises."""
    if not text.strip():
        return Reading()
    try:
        return Reading(strict_json.parse(text) if language == "json" else strict_yaml.parse(text))
    except (strict_json.JsonError, strict_yaml.YamlError) as error:
        return Reading(problem=str(error), line=error.line, column=error.column)


def write(value: Any, language: Language) -> str:
    """`value` as text that `read` gives back; "" for ABSENT."""
    if language == "yaml":
        return yaml_text.dump(value)
    return "" if value is ABSENT else strict_json.dump(value)


def lines_of(text: str, language: Language, wanted: Collection[Path]) -> dict[Path, int]:
    """The 1-based line of each path in a text that `read` takes."""
    return (text_places.json_lines if language == "json" else text_places.yaml_lines)(text, wanted)


def is_large(text: str) -> bool:
    """Whether no editor should hold the text."""
    return len(text) > EDITABLE or text.count("\n") > EDITABLE_LINES


def head(text: str) -> str:
    """The beginning of a large text."""
    return "\n".join(text[:HEAD].split("\n", HEAD_LINES)[:HEAD_LINES]) + "\n…"
