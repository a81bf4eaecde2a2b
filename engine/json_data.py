"""JSON as the store keeps it: strict both ways, refusals that name the path (behaviour.md 2.8, 4.5)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

_plain = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_encode_ascii = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _encoder() -> Callable[[Any], str]:
    """The encoder of `json`, made once: `JSONEncoder.encode` makes it anew for each value, at more than that costs."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _plain.encode
    text = json.encoder.encode_basestring
    encode = make({}, _plain.default, text, None, ":", ",", False, False, False)
    return lambda value: "".join(encode(value, 0))


_encode = _encoder()
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # the type stubs leave it out
"""What `json.loads` does in the end, at a third of its cost for a small text."""


class NotJson(ValueError):
    """A value that JSON cannot hold; the message is "$.a[2]: set"."""


def encode(value: Any) -> str:
    """Compact JSON text that SQLite can hold. Raises `NotJson` with the path of what is none."""
    global _encode
    try:
        text = _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        _encode = _encoder()  # the failed one remembers what it stood in, and would take that for a circle
        raise NotJson(_find(value) or f"$: {error}") from None
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:  # lone surrogates: only as \u escapes can they be stored
            return _encode_ascii(value)
    return text


def decode(text: str) -> Any:
    """The value of JSON text. Raises `ValueError` for what is none."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else json.loads(text)  # which tells what is wrong, and takes blanks around it


def pack(text: str, limit: int) -> str | bytes:
    """What goes into a result column: the text, compressed when it is longer than `limit` characters."""
    return text if len(text) <= limit else zlib.compress(text.encode(), 1)


def unpack(stored: str | bytes | None) -> Any:
    """The value of a result column, None where it is NULL."""
    if stored is None:
        return None
    return decode(stored) if isinstance(stored, str) else json.loads(zlib.decompress(stored))


def storable(text: str) -> str:
    """`text` without what SQLite's UTF-8 cannot hold (lone surrogates become \\udXXX in letters)."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _find(value: Any) -> str | None:
    """The first path that is no JSON, in words; walks without recursion, so depth is no limit."""
    stack: list[tuple[str, Any, tuple[int, ...]]] = [("$", value, ())]
    while stack:
        path, item, inside = stack.pop()
        if item is None or isinstance(item, (str, bool, int)):
            continue
        if isinstance(item, float):
            if item != item or item in (float("inf"), float("-inf")):
                return f"{path}: {item}"
            continue
        if not isinstance(item, (dict, list, tuple)):
            return f"{path}: {type(item).__name__}"
        if id(item) in inside:
            return f"{path}: contains itself"
        if len(inside) > 900:
            return f"{path[:60]}…: nested more than 900 deep"
        around = (*inside, id(item))
        if isinstance(item, dict):
            for key, inner in reversed(list(item.items())):
                if not isinstance(key, (str, int, float, bool)) and key is not None:
                    return f"{path}: key of type {type(key).__name__}"
                stack.append((f"{path}.{key}", inner, around))
        else:
            stack.extend((f"{path}[{i}]", item[i], around) for i in range(len(item) - 1, -1, -1))
    return None
