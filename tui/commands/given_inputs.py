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
    """`inputs` with these keys set, each read as `schema` wants it."""
    return {**inputs, **{key: value_of(schema, key, text) for key, text in given}}


def value_of(schema: Any, key: str, text: str) -> Any:
    """Text where the schema wants text, else what it is as JSON, else text all the same."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    wanted = properties.get(key) if isinstance(properties, Mapping) else None
    if isinstance(wanted, Mapping) and wanted.get("type") == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
