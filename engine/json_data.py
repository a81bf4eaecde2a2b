"""JSON as the store keeps it: strict both ways, refusals that name the path (behaviour.md 2.8, 4.5)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from time import monotonic  # bound here: executors replace what stands in the module
from typing import Any

SLICE = 500_000
"""What is encoded in one go, in characters or so: some milliseconds."""
MEASURING = 1.0
"""Seconds for which is measured what is too large: a list that holds another twice, and so on, is endless."""
CHUNK = 10_000
"""Entries of a large list or dict that are looked at together."""
DEEP = 100
"""Levels that are looked into; what is large below is taken as it is."""

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


class TooLarge(ValueError):
    """A value whose JSON is longer than allowed; `size` is how long it is, at least where it is not `whole`."""

    def __init__(self, size: int, whole: bool) -> None:
        super().__init__(f"{size} characters")
        self.size, self.whole = size, whole

    @property
    def words(self) -> str:
        return f"{'' if self.whole else 'over '}{self.size / 2**20:.1f} MiB"


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


FEW = 64
_PLAIN = frozenset({int, float, bool, type(None)})


def encode_in_slices(value: Any, most: int) -> str:
    """As `encode`, without holding up other threads for long however large `value` is.

    The encoder is C code, which lets nobody else run: a hundred megabytes would take it a second. Raises `TooLarge` for
    what has more than `most` characters as JSON.
    """
    if _is_small(value):
        return encode(value)
    parts: list[str] = []
    size, until, whole = 0, 0.0, True
    for part in _slices(value, "$", ()):
        size += len(part)
        if size <= most:
            parts.append(part)
        else:
            parts.clear()
            until = until or monotonic() + MEASURING
            if monotonic() > until:
                whole = False
                break
    if size > most:
        raise TooLarge(size, whole)
    return "".join(parts)


def _is_small(value: Any) -> bool:
    """Whether it is quickly encoded; what is no JSON may be anything."""
    if type(value) is dict and len(value) < FEW:  # most results: a look at each value is enough
        for item in value.values():
            if type(item) not in _PLAIN and not (type(item) is str and len(item) < FEW):
                break
        else:
            return True
    left = SLICE
    todo = [value]
    while todo:
        item = todo.pop()
        kind = type(item)
        if kind is str:
            left -= len(item)
        elif kind is int:
            left -= item.bit_length() >> 6  # thousands of digits take a tenth of a millisecond
        elif kind is dict or kind is list or kind is tuple:
            left -= 4 * len(item)
            if left > 0:
                todo += item.values() if kind is dict else item
        elif isinstance(item, (str, dict, list, tuple)):
            return False
        if left < 0:
            return False
    return True


def _slices(value: Any, path: str, around: tuple[int, ...]) -> Iterator[str]:
    """`around` are the ids of what `value` lies in: one that lies in itself would be looked at again and again."""
    if isinstance(value, str) and len(value) > SLICE:
        yield '"'
        for start in range(0, len(value), SLICE):
            yield encode(value[start : start + SLICE])[1:-1]
        yield '"'
        return
    if len(around) > DEEP or not isinstance(value, (dict, list, tuple)) or _is_small(value):
        try:
            yield encode(value)
        except NotJson:
            raise NotJson(_find(value, path) or path) from None
        return
    if id(value) in around:
        raise NotJson(f"{path}: contains itself")
    is_dict = isinstance(value, dict)
    entries: Iterator[Any] = iter(value.items() if isinstance(value, dict) else enumerate(value))
    yield "{" if is_dict else "["
    comma = ""
    while chunk := list(islice(entries, CHUNK)):
        whole: Any = dict(chunk) if is_dict else [item for _, item in chunk]
        text = _try(whole) if _is_small(whole) else None
        if text is not None:
            yield f"{comma}{text[1:-1]}"
            comma = ","
            continue
        for key, item in chunk:
            yield comma + (encode({key: None})[1:-5] if is_dict else "")
            yield from _slices(item, f"{path}.{key}" if is_dict else f"{path}[{key}]", (*around, id(value)))
            comma = ","
    yield "}" if is_dict else "]"


def _try(value: Any) -> str | None:
    try:
        return encode(value)
    except NotJson:
        return None


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


def _find(value: Any, root: str = "$") -> str | None:
    """The first path that is no JSON, in words; walks without recursion, so depth is no limit."""
    stack: list[tuple[str, Any, tuple[int, ...]]] = [(root, value, ())]
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
