"""Greets someone. Its form shows each kind of field that a launch form can draw."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from engine import BaseTask, executor_register

GREETINGS = {
    "en": ("Hello", "Good day"),
    "es": ("¡Hola", "Buenos días"),
    "fr": ("Bonjour", "Mes hommages"),
    "de": ("Hallo", "Guten Tag"),
    "it": ("Ciao", "Buongiorno"),
    "zh": ("你好", "您好"),
}
"""Language -> the plain and the formal word; Spanish opens its exclamations with a sign of its own."""


@executor_register()
class Hello(BaseTask):
    """Returns `greeting` (one line) and `text` (the whole letter: repetitions, message, signature)."""

    id = "hello"
    name = "Hello"
    description = "Greets someone, in six languages; a first task to try the console with"
    tags = ("example", "text")
    examples = (
        {"name": "Alice"},
        {"name": "Alice", "language": "fr", "style": "formal", "titles": ["Dr."], "volume": 0},
        {
            "name": "Bob",
            "times": 3,
            "shout": True,
            "sender": {"name": "Carol", "city": "Lisbon"},
            "message": "See you.",
        },
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "name": {
                "type": "string",
                "title": "Name",
                "description": "Who is greeted",
                "minLength": 1,
                "maxLength": 80,
                "examples": ["Alice"],
            },
            "language": {
                "type": "string",
                "title": "Language",
                "description": "The language of the greeting",
                "enum": list(GREETINGS),
                "default": "en",
            },
            "style": {
                "type": "string",
                "title": "Style",
                "description": "How one speaks to them",
                "enum": ["plain", "formal"],
                "default": "plain",
            },
            "times": {
                "type": "integer",
                "title": "Times",
                "description": "How often the text repeats the greeting",
                "minimum": 1,
                "maximum": 10,
                "default": 1,
            },
            "volume": {
                "type": "number",
                "title": "Volume",
                "description": "0 ends with a full stop, up to 0.5 with one exclamation mark, above with two",
                "minimum": 0,
                "maximum": 1,
                "default": 0.5,
            },
            "shout": {
                "type": "boolean",
                "title": "Shout",
                "description": "All in capitals",
                "default": False,
            },
            "titles": {
                "type": "array",
                "title": "Titles",
                "description": "Titles before the name, in order",
                "items": {"type": "string", "minLength": 1, "maxLength": 20},
                "maxItems": 5,
                "uniqueItems": True,
            },
            "sender": {
                "type": "object",
                "title": "Sender",
                "description": "Who signs the text",
                "properties": {
                    "name": {"type": "string", "title": "Name", "description": "The sender's name", "minLength": 1},
                    "city": {"type": "string", "title": "City", "description": "Where the sender writes from"},
                },
                "required": ["name"],
                "additionalProperties": False,
            },
            "message": {
                "type": "string",
                "title": "Message",
                "description": "A longer text below the greeting",
                "maxLength": 2000,
                "contentMediaType": "text/plain",
            },
        },
        "required": ["name"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"greeting", "text", "name", "language"}`; an unknown language is answered in English."""
        name = str(inputs.get("name") or "").strip()
        if not name:
            return {
                "status": "failed",
                "error": "name is required: whom shall I greet?",
                "error_type": "validation_error",
                "field": "name",
            }
        language = inputs.get("language", "en")
        greeting = _greeting(inputs, name, language if language in GREETINGS else "en")
        self.log(f"greeting {name} in {language}")
        parts = [" ".join([greeting] * inputs.get("times", 1)), inputs.get("message"), _signature(inputs.get("sender"))]
        return {
            "status": "completed",
            "greeting": greeting,
            "text": "\n\n".join(part for part in parts if part),
            "name": name,
            "language": language,
        }


def _greeting(inputs: dict[str, Any], name: str, language: str) -> str:
    word = GREETINGS[language][1 if inputs.get("style") == "formal" else 0]
    end = "!" * math.ceil(inputs.get("volume", 0.5) * 2) or "."
    if end == ".":
        word = word.removeprefix("¡")
    line = f"{word}, {' '.join([*(inputs.get('titles') or []), name])}{end}"
    return line.upper() if inputs.get("shout") else line


def _signature(sender: dict[str, Any] | None) -> str:
    if not sender:
        return ""
    return "— " + ", ".join(part for part in (sender.get("name"), sender.get("city")) if part)
