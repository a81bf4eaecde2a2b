"""What a schema says to a person about a field: the line under it, and all of it on F1 (forms.md 1.2, 5.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tui.forms.details import detail_lines, text_of
from tui.forms.model import Form, Row

SHORT, LONG = "Which samples", "One line a sample,\nwith a name and two files."


def row_of(schema: Any) -> tuple[Form, Row]:
    form = Form({"type": "object", "properties": {"input": schema}})
    return form, form.rows()[1]


@pytest.mark.parametrize(
    "word",
    ["description", "markdownDescription", "help_text", "ui:help", "ui:description", "x-hint", "hint", "tooltip"],
)
def test_every_word_that_explains_a_field_is_its_help(word: str) -> None:
    form, row = row_of({"type": "string", word: SHORT})
    assert row.help == SHORT
    assert text_of(detail_lines(form, row)).count(SHORT) == 2, "once as help, once in the schema as it stands"


def test_the_short_word_stands_under_the_field_and_the_long_one_beside_it_in_the_details() -> None:
    form, row = row_of({"type": "string", "help_text": LONG, "description": SHORT, "markdownDescription": SHORT})
    assert row.help == SHORT
    lines = [text for text, _ in detail_lines(form, row)]
    assert lines[1:5] == [SHORT, "", *LONG.split("\n")], "what is said twice is shown once"
    assert "further keywords" not in lines


def test_a_message_about_a_deprecated_field_says_what_to_use() -> None:
    form, row = row_of({"type": "string", "deprecationMessage": "use samples", "$comment": "since 2.0"})
    assert row.deprecated and row.help == "use samples"
    said = text_of(detail_lines(form, row))
    assert "instead     use samples" in said and "comment     since 2.0" in said


def test_names_and_descriptions_of_options_are_told() -> None:
    schema = {"enum": ["a", "b"], "enumNames": ["Alpha", "Beta"], "enumDescriptions": ["the first", "the second"]}
    form, row = row_of(schema)
    assert row.options == [("Alpha", "a"), ("Beta", "b")] and row.option_help == ["the first", "the second"]
    assert "Alpha  a\n    the first" in text_of(detail_lines(form, row))


def test_examples_of_a_secret_are_told_nowhere() -> None:
    form, row = row_of({"type": "string", "ui:widget": "password", "default": "Zq-a", "examples": ["Zq-b"]})
    assert row.kind == "secret" and row.proposals == []
    assert "Zq" not in text_of(detail_lines(form, row))
