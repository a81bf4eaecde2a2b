"""hello: one greeting, and each field of its form does what its help says."""

from __future__ import annotations

from typing import Any

import pytest

from executors.hello import Hello


async def greet(**inputs: Any) -> dict[str, Any]:
    result: dict[str, Any] = await Hello(inputs=inputs).execute(inputs)
    return result


async def test_greets_in_english_by_default() -> None:
    result = await greet(name="Alice")
    assert result == {
        "status": "completed",
        "greeting": "Hello, Alice!",
        "text": "Hello, Alice!",
        "name": "Alice",
        "language": "en",
    }


@pytest.mark.parametrize(
    ("inputs", "greeting"),
    [
        ({"language": "es"}, "¡Hola, Alice!"),
        ({"language": "es", "volume": 0}, "Hola, Alice."),
        ({"language": "fr"}, "Bonjour, Alice!"),
        ({"language": "de", "style": "formal"}, "Guten Tag, Alice!"),
        ({"language": "xx"}, "Hello, Alice!"),
        ({"titles": ["Dr.", "Prof."]}, "Hello, Dr. Prof. Alice!"),
        ({"shout": True}, "HELLO, ALICE!"),
        ({"volume": 0}, "Hello, Alice."),
        ({"volume": 1}, "Hello, Alice!!"),
    ],
)
async def test_each_field_shapes_the_greeting(inputs: dict[str, Any], greeting: str) -> None:
    assert (await greet(name="Alice", **inputs))["greeting"] == greeting


async def test_the_text_repeats_adds_the_message_and_is_signed() -> None:
    result = await greet(name="Bob", times=2, message="See you.", sender={"name": "Carol", "city": "Lisbon"})
    assert result["greeting"] == "Hello, Bob!"
    assert result["text"] == "Hello, Bob! Hello, Bob!\n\nSee you.\n\n— Carol, Lisbon"


@pytest.mark.parametrize("inputs", [{}, {"name": ""}, {"name": "  "}, {"name": None}])
async def test_without_a_name_it_fails_at_that_field(inputs: dict[str, Any]) -> None:
    """Rule 4.4."""
    result = await Hello().execute(inputs)
    assert result["status"] == "failed"
    assert (result["error_type"], result["field"]) == ("validation_error", "name")


async def test_an_input_called_name_renames_no_executor() -> None:
    """Rule 1.5."""
    executor = Hello(inputs={"name": "Alice"})
    await executor.execute({"name": "Alice"})
    assert executor.name == "Hello"


def test_its_form_shows_every_kind_of_field() -> None:
    kinds = {field["type"] for field in Hello().get_input_schema()["properties"].values()}
    assert kinds == {"string", "integer", "number", "boolean", "array", "object"}
