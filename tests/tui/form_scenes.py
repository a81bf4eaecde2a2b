"""Forms to look at: every kind of row in each of its states, on a handful of schemas, with the keys that make it so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.tui.launch_driver import EVIL

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """`inputs` are given data, None for an empty form; `given` is what else the executor says of itself."""

    schema: dict[str, Any]
    inputs: Any = None
    keys: Keys = ()
    given: dict[str, Any] = field(default_factory=dict)


def schema(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


PETS = ["cat", "dog", "axolotl"]
TEXTS = schema(
    ("name", "port"),
    name={"type": "string", "maxLength": 20, "description": "Who it is for, as they are to be called"},
    region={
        "type": "string",
        "examples": ["eu-west-1", "us-east-1"],
        "description": "Where it runs; any other fits too",
    },
    host={"type": "string", "format": "hostname", "x-placeholder": "db.example.org", "title": "Database server"},
    port={"type": "integer", "minimum": 1, "maximum": 65535, "default": 5432},
    ratio={"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
    verbose={"type": "boolean", "description": "Say more in the log"},
    retry={"type": "boolean", "default": True},
    api_key={"type": "string", "description": "Kept nowhere"},
    note={"type": ["string", "null"], "minLength": 2},
    query={"type": "string", "contentMediaType": "application/sql", "default": "select 1"},
    weight={"type": "number", "default": "heavy", "description": "Its default is no number"},
)
FILLED = {
    "name": "Ada Lovelace, Countess of L.",
    "region": "eu-west-1",
    "host": "日本語のサーバー",
    "port": 70000,
    "ratio": 1.50,
    "verbose": False,
    "retry": True,
    "api_key": "hunter2",
    "note": None,
    "query": "select *\nfrom people\nwhere id = 1",
    "weight": 2,
}
CHOICES = schema(
    ("size", "kind"),
    size={
        "enum": ["small", "medium", "large"],
        "enumDescriptions": ["1 core", "2 cores", "4 cores"],
        "default": "medium",
    },
    kind={"const": "job"},
    pet={"enum": [*PETS, "budgerigar", "chameleon", "tortoise"], "description": "Six are a list to open"},
    colour={
        "oneOf": [{"const": f"#{at:02x}0000", "title": f"Red {at}", "description": f"Shade {at}"} for at in range(40)]
    },
    days={"type": "array", "uniqueItems": True, "items": {"enum": ["mon", "tue", "wed", "thu", "fri"]}, "maxItems": 3},
    mode={"const": "fast", "title": "Mode", "description": "May be left out"},
    wordy={"enum": ["keep everything", "keep nothing", "ask again"], "title": "When it is done"},
    level={"enum": [1, 2, 3], "title": "Level"},
)
TIMES = schema(
    ("day",),
    day={"type": "string", "format": "date"},
    hour={"type": "string", "format": "time"},
    moment={"type": "string", "format": "date-time", "description": "With its offset"},
    config_file={"type": "string", "description": "A file on this machine"},
    folder={"type": "string", "format": "directory-path", "default": "/tmp"},
)
LISTS = schema(
    (),
    tags={"type": "array", "items": {"type": "string", "minLength": 2}, "description": "Words to find it by"},
    pair={"type": "array", "items": {"type": "integer"}, "maxItems": 2},
    servers={
        "type": "array",
        "items": schema(("host",), host={"type": "string"}, port={"type": "integer"}, password={"type": "string"}),
    },
    point={
        "type": "array",
        "prefixItems": [{"type": "number", "title": "x"}, {"type": "number", "title": "y"}],
        "items": False,
    },
    env={"type": "object", "additionalProperties": {"type": "string"}},
    limits={
        "type": "object",
        "propertyNames": {"enum": ["cpu", "memory"]},
        "additionalProperties": {"type": "integer"},
    },
    empty={"type": "array", "items": {"type": "string"}},
)
LISTED = {
    "tags": ["blue", "x"],
    "pair": [1, 2],
    "servers": [{"host": "a.example.org", "port": 80, "password": "hunter2"}, {"port": 443}],
    "point": [1.5, "y"],
    "env": {"HOME": "/root", "LANG": "C"},
    "limits": {"cpu": 2},
    "empty": [],
}
SHAPES = {
    "oneOf": [
        {"title": "Circle", **schema(("r",), r={"type": "number"}, label={"type": "string"})},
        {"title": "Box", **schema(("w",), w={"type": "number"}, label={"type": "string"})},
    ]
}
UNIONS = schema(
    (),
    shape=SHAPES,
    target={
        "oneOf": [{"title": f"Deployment target number {at}", **schema((), name={"type": "string"})} for at in range(6)]
    },
    size={"type": ["string", "integer"], "description": "A number, or a word for it"},
    anything={},
    nested=schema(("deep",), deep=schema((), a={"type": "string"}, b={"type": "integer"})),
    lost={"$ref": "#/$defs/nowhere"},
)
PARTS = {
    "type": "object",
    "allOf": [
        {"title": "Input and output", **schema(("source",), source={"type": "string"}, out={"type": "string"})},
        {"title": f"Tuning {EVIL}", **schema((), threads={"type": "integer", "minimum": 1}, fast={"type": "boolean"})},
        {
            "title": "Delivery",
            **schema(
                (),
                method={"enum": ["GET", "POST"]},
                body={"type": "string"},
                id={"type": "string", "readOnly": True, "description": "Set by the task"},
                old={"type": "string", "deprecated": True},
                older={"type": "integer", "deprecated": True},
            ),
            "if": {"properties": {"method": {"const": "POST"}}, "required": ["method"]},
            "then": {"required": ["body"]},
        },
    ],
}
LONG = schema((), numbers={"type": "array", "items": {"type": "integer"}, "description": "As many as there are"})
EVIL_TEXTS = schema(
    ("a",),
    a={"type": "string", "title": EVIL, "description": f"Help {EVIL}", "examples": [EVIL], "default": EVIL},
    b={"enum": [EVIL, "plain"], "title": "日本語のとても長い名前なので切れる"},
    c={"type": "array", "items": {"type": "string"}, "title": EVIL},
    d={
        "oneOf": [
            {"title": EVIL, **schema((), x={"type": "string"})},
            {"title": "B", **schema((), y={"type": "string"})},
        ]
    },
)
STATES = schema(
    ("owed",),
    owed={"type": "string", "description": "Must be there"},
    null_text={"type": ["string", "null"]},
    null_number={"type": ["integer", "null"]},
    null_flag={"type": ["boolean", "null"]},
    null_choice={"enum": ["a", "b", None]},
    null_list={"type": ["array", "null"], "items": {"type": "string"}},
    empty_text={"type": "string"},
    empty_map={"type": "object", "additionalProperties": {"type": "string"}},
    wrong_number={"type": "integer", "maximum": 5},
    wrong_choice={"enum": [f"option {at}" for at in range(20)]},
    wrong_mail={"type": "string", "format": "email"},
    fixed_text={"type": "string", "readOnly": True},
    fixed_list={"type": "array", "items": {"type": "string"}, "readOnly": True},
    old_number={"type": "integer", "deprecated": True},
    token={"type": "string", "description": "A name of where it is kept, not the secret"},
    private_key={"type": "string"},
    long_text={"type": "string"},
)
STATED = {
    "owed": "",
    **dict.fromkeys(("null_text", "null_number", "null_flag", "null_choice", "null_list")),
    "empty_text": "",
    "empty_map": {},
    "wrong_number": 9,
    "wrong_choice": "option 99",
    "wrong_mail": "nobody",
    "fixed_text": "as it was",
    "fixed_list": ["a", "b"],
    "old_number": 3,
    "token": "env:DEPLOY_TOKEN",
    "private_key": "-----BEGIN\nabc\n-----END",
    "long_text": "abc " * 20_000,
}
MAPS = {**schema(("a",), a={"type": "string"}), "additionalProperties": {"type": "string"}}
ENV = schema((), env={"type": "object", "additionalProperties": {"type": "string"}})
ANYTHING = schema((), anything={})
DAY = ({"day": "2026-03-04", "moment": "2026-03-04T12:30:00Z"},)

HELD = schema(
    (),
    text={"type": "string", "description": "A whole log"},
    anything={"description": "What an interface answered"},
    private_key={"type": "string"},
    region={"enum": ["eu", "us"], "writeOnly": True, "description": "A secret that is picked"},
    pin={"type": "integer", "writeOnly": True},
)
HOLDS = {
    "text": "log line\n" * 5_000,
    "anything": [*range(20_000)],
    "private_key": "x" * 20_000,
    "region": "eu",
    "pin": 4711,
}
OLD = schema(
    (),
    used={"type": "string", "deprecated": True, "description": "Given, so it is shown"},
    left={"type": "string", "deprecated": True},
    wrong={"type": "integer", "deprecated": True, "deprecationMessage": "Use `right` instead", "maximum": 3},
    named={"type": "boolean", "description": "Deprecated: use `right`"},
    right={"type": "integer"},
)
FILES = schema((), folder={"type": "string", "format": "directory-path"}, file={"type": "string", "format": "path"})

SCENES: dict[str, Scene] = {
    "held": Scene(HELD, HOLDS),
    "deprecated": Scene(OLD, {"used": "x", "wrong": 5}),
    "deprecated-open": Scene(OLD, None, ("shift+tab", "shift+tab", "enter")),
    "schedule-open": Scene(
        TEXTS, {"name": "Ada", "port": 80}, ("f10", *("shift+tab",) * 2, "enter", "tab", *"nightly", "tab", "c")
    ),
    "path-picker": Scene(FILES, {"file": "notes/o"}, ("tab", "f4")),
    "states": Scene(STATES, STATED),
    "states-below": Scene(STATES, STATED, ("shift+tab",) * 2),
    "date-parts": Scene(TIMES, *DAY, ("up", "down")),
    "calendar": Scene(TIMES, *DAY, ("f4",)),
    "menu": Scene(TEXTS, FILLED, ("f12",)),
    "details": Scene(TEXTS, FILLED, ("f1",)),
    "search": Scene(TEXTS, FILLED, ("f3", "r")),
    "problems": Scene(TEXTS, FILLED, ("f7",)),
    "danger": Scene(TEXTS, {"name": "Ada", "port": 80}, ("ctrl+r",), {"confirm": True}),
    "text-edit": Scene(ANYTHING, {"anything": {"a": [1, 2]}}, ("f12", "j")),
    "options": Scene(TEXTS, {"name": "Ada", "port": 80}, ("f10",)),
    "schedule": Scene(TEXTS, {"name": "Ada", "port": 80}, ("f10", "shift+tab", "shift+tab")),
    "preview": Scene(TEXTS, {"name": "Ada", "port": 80, "api_key": "hunter2"}, ("ctrl+l",)),
    "json": Scene(TEXTS, FILLED, ("f2",)),
    "yaml": Scene(LISTS, LISTED, ("f2", "ctrl+o")),
    "json-broken": Scene(CHOICES, {"size": "large", "kind": "job"}, ("f2", "down", "x")),
    "entries": Scene(MAPS, {"a": "x", "LANG": "C"}, ("ctrl+n", "P", "A", "T", "H")),
    "secret-entry": Scene(ENV, None, ("ctrl+n", *"api_key", "tab", *"hunter2")),
    "union-closed": Scene(UNIONS, None),
    "union-open": Scene(UNIONS, {"shape": {"w": 2}, "target": {"name": "a"}}, ("tab",)),
    "unset": Scene(TEXTS),
    "filled": Scene(TEXTS, FILLED),
    "choices": Scene(CHOICES, None, ("end",)),
    "picked": Scene(
        CHOICES,
        {"size": "large", "kind": "task", "pet": "axolotl", "colour": "#050000", "days": ["fri", "mon"], "level": 9},
    ),
    "option-list": Scene(CHOICES, None, ("tab", "tab", "r", "e", "d", "space", "1")),
    "several-list": Scene(
        CHOICES, {"size": "small", "kind": "job"}, ("tab", "tab", "tab", "enter", "space", "down", "down", "space")
    ),
    "times": Scene(TIMES, {"day": "2026-03-04", "hour": "12:30:00Z", "moment": "yesterday"}),
    "lists": Scene(LISTS, LISTED),
    "unions": Scene(
        UNIONS,
        {"shape": {"r": 2, "label": "round"}, "size": 12, "anything": [1, {"a": 2}], "lost": {"a": 1}},
        ("shift+tab", "right"),
    ),
    "sections": Scene(PARTS, {"source": "a.csv", "method": "POST", "id": "x-17", "threads": 0}),
    "pages": Scene(LONG, {"numbers": list(range(3000))}, ("right",)),
    "foreign": Scene(EVIL_TEXTS, {"b": EVIL, "c": [EVIL], "d": {"x": EVIL}}),
}
