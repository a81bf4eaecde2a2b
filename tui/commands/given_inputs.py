"""Inputs of a launch as the command line gives them: a file or stdin, then single keys over it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands.streams import Streams

if TYPE_CHECKING:
    from engine.catalogue import Launchable

STDIN = "-"
FILE = "@"
"""Before the name of a file whose content is the value."""
LARGEST = 64 * 2**20
"""Bytes read of a file of inputs."""


def read_inputs(source: str | None, streams: Streams) -> dict[str, Any]:
    """The object in a JSON or YAML file, or on stdin for "-"; {} for None.

    Raises `SettingsError` saying what is wrong.
    """
    from engine import SettingsError

    if source is None:
        return {}
    try:
        data = streams.read(LARGEST + 1) if source == STDIN else Path(source).expanduser().read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read the inputs {source}: {error.strerror}") from error
    if len(data) > LARGEST:
        raise SettingsError(f"the inputs {source} are larger than {LARGEST // 2**20} MiB")
    name = "stdin" if source == STDIN else source
    try:
        value = _parse(data.decode("utf-8"), source)
    except ValueError as error:
        raise SettingsError(f"the inputs in {name} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"the inputs in {name} are no object", 'E.g. {"name": "Ann"}')
    return value


def _parse(text: str, source: str) -> Any:
    from tui.forms import strict_json, strict_yaml

    if source.endswith((".yaml", ".yml")):
        return strict_yaml.parse(text)
    return strict_json.plain(strict_json.parse(text))


def with_keys(inputs: Mapping[str, Any], given: Sequence[tuple[str, str]], spec: Launchable | None) -> dict[str, Any]:
    """`inputs` with the keys of `--input KEY=VALUE` set."""
    return with_schema(inputs, given, spec.schema if spec is not None else None)


def with_schema(inputs: Mapping[str, Any], given: Sequence[tuple[str, str]], schema: Any) -> dict[str, Any]:
    """`inputs` with these keys set, each read as `schema` wants it; `a.b` is `b` in the object `a`.

    Raises `SettingsError` for a file that cannot be read, and where `a` is no object.
    """
    made = dict(inputs)
    for key, text in given:
        path = _path(schema, key)
        _put(made, path, _read(_node(schema, path), key, text))
    return made


def _path(schema: Any, key: str) -> list[str]:
    """The way to the value: a key that the schema has is one, whatever dots are in it."""
    parts = key.split(".")
    return [key] if not all(parts) or _node(schema, [key]) is not None else parts


def _node(schema: Any, path: Sequence[str]) -> Any:
    """What the schema says of the value there, None for nothing."""
    for name in path:
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        schema = properties.get(name) if isinstance(properties, Mapping) else None
    return schema


def _put(made: dict[str, Any], path: Sequence[str], value: Any) -> None:
    from engine import SettingsError

    *above, last = path
    for depth, name in enumerate(above, start=1):
        inner = made.get(name, {})
        if not isinstance(inner, dict):
            where = ".".join(path[:depth])
            raise SettingsError(f"{'.'.join(path)} cannot be set: {where} is no object but {inner!r:.60}")
        made[name] = made = dict(inner)  # a copy: what was given is not changed
    made[last] = value


def _read(node: Any, key: str, text: str) -> Any:
    """The value of `KEY=text`: `@FILE` is what is in a file, `@@` begins a text with one @."""
    from engine import SettingsError

    if text.startswith(FILE) and not text.startswith(FILE * 2):
        file = text.removeprefix(FILE)
        try:
            with open(Path(file).expanduser(), "rb") as opened:
                content = opened.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise SettingsError(f"{key}: {file} is larger than {LARGEST // 2**20} MiB")
            text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            hint = f"{FILE}{text} is the text itself"
            raise SettingsError(f"{key}: cannot read the file '{file}': {error.strerror}", hint) from error
        except UnicodeDecodeError:
            raise SettingsError(f"{key}: the file '{file}' is no UTF-8") from None
    elif text.startswith(FILE):
        text = text.removeprefix(FILE)
    return value_of(node, text)


def value_of(node: Any, text: str) -> Any:
    """Text where the schema of the value wants text, else what it is as JSON, else text all the same."""
    if isinstance(node, Mapping) and node.get("type") == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
