"""JSON as a person typed it: parsed strictly, written without loss (forms.md 1.6).

Python's own parser takes NaN, infinities and lone surrogates and drops duplicate keys in silence; here each of them is
an error with its line and column. Numbers keep the text they were written with (`1.50`, `1e3`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 200
"""Deeper nesting is refused on the way in, so that no walk over a value can exhaust the stack."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+\w.]+|[{}\[\]:,]', re.DOTALL)
HIDDEN = re.compile(
    "[\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
"""What no screen shows as it is (`tui.text`): it is written escaped, so that text on the screen holds all of it."""
_LONE = re.compile("[\ud800-\udfff]")
_ODD_WHOLE = re.compile(r"-0(?![0-9.eE])|[0-9]{4000}")
"""Whole numbers that Python's int does not write as they were written, or does not take."""


class WholeText(int):
    """An integer that remembers how it was written."""

    text: str


class RealText(float):
    """A number that remembers how it was written; infinite where that is out of range (`1e400`)."""

    text: str

    def __repr__(self) -> str:
        return number_text(self)


class JsonError(ValueError):
    """Why `text` is no strict JSON; `line` and `column` are 1-based."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(f"JSON: line {line}, column {column}: {reason}")
        self.reason, self.line, self.column = reason, line, column


class _Refused(ValueError):
    """A value that Python's parser would take; `token` is what to look for in the text."""

    def __init__(self, reason: str, token: str) -> None:
        super().__init__(reason)
        self.reason, self.token = reason, token


def whole(text: str) -> WholeText:
    """`text` (an integer's digits) as an int that keeps it; raises ValueError beyond Python's digit limit."""
    number = WholeText(text)
    number.text = text
    return number


def real(text: str, *, any_size: bool = False) -> RealText:
    """`text` as a float that keeps it; raises ValueError for what is no number, and without `any_size` not finite."""
    number = RealText(text)
    if not any_size and not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    number.text = text
    return number


def number_text(number: float) -> str:
    """How `number` was written, or Python's shortest text of it."""
    kept = getattr(number, "text", None)
    return (
        kept if isinstance(kept, str) else float.__repr__(number) if isinstance(number, float) else int.__repr__(number)
    )


def plain(value: Any) -> Any:
    """`value` copied, with builtin numbers instead of the ones that keep their text. Own stack: depth is no limit."""
    holder = [value]
    stack: list[tuple[Any, Any]] = [(holder, 0)]
    while stack:
        outer, key = stack.pop()
        item = outer[key]
        if isinstance(item, dict):
            fresh: Any = dict(item)
            stack.extend((fresh, name) for name, inner in item.items() if type(inner) not in _AS_THEY_ARE)
        elif isinstance(item, list):
            fresh = list(item)
            stack.extend((fresh, at) for at, inner in enumerate(item) if type(inner) not in _AS_THEY_ARE)
        elif isinstance(item, WholeText):
            fresh = int(item)
        elif isinstance(item, RealText):
            fresh = float(item)
        else:
            continue
        outer[key] = fresh
    return holder[0]


_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def unsendable(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(path, why) of all that no JSON text can hold or no engine takes: half characters, NaN, numbers out of range."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, str):
            lone = None if item.isascii() else _LONE.search(item)
            if lone:
                yield path, f"holds half a character (\\u{ord(lone.group()):04x})"
        elif isinstance(item, dict):
            if len(path) < MAX_DEPTH:
                stack.extend(((*path, key), inner) for key, inner in item.items() if not _is_safe(inner))
                stack.extend(((*path, key), key) for key in item if not str(key).isascii())
        elif isinstance(item, list):
            if len(path) < MAX_DEPTH:
                stack.extend(((*path, at), inner) for at, inner in enumerate(item) if not _is_safe(inner))
        elif isinstance(item, float):
            if not math.isfinite(item):
                text = number_text(item)
                yield path, f"{text} is too large a number" if _NUMBER.match(text) else f"{text} is no number"
        elif item is not None and not isinstance(item, int):
            yield path, f"is no JSON: {type(item).__name__}"


_SAFE = frozenset({int, bool, type(None)})


def _is_safe(item: Any) -> bool:
    return type(item) in _SAFE or (type(item) is str and item.isascii())


def equal(one: Any, two: Any) -> bool:
    """JSON equality: `true` is not 1, 1 is 1.0, key order does not matter. False of what is nested too deep to tell."""
    try:
        return _equal(one, two)
    except RecursionError:
        return one is two


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_equal(item, two[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_equal, one, two))
    return bool(one == two)


def parse(text: str) -> Any:
    """Read strict JSON; raises `JsonError`."""
    try:
        value = json.loads(
            text,
            parse_int=_whole if _ODD_WHOLE.search(text) else None,
            parse_float=_real,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise JsonError(_words(error.msg), error.lineno, error.colno) from None
    except _Refused as refused:
        raise JsonError(refused.reason, *_locate(text, refused)) from None
    except RecursionError:
        raise JsonError("is nested too deeply", 1, 1) from None
    _check(text, value)
    return value


def dump(value: Any, indent: int | None = 2) -> str:
    """Write `value` so that `parse` gives it back: number text kept, unsafe characters escaped; never raises.

    What is no JSON at all (foreign objects) is written as text of its kind.
    """
    if indent is None and _is_plain(value):
        try:
            written = json.dumps(value, ensure_ascii=False)  # in C
            return HIDDEN.sub(_escaped, written)
        except (TypeError, ValueError, RecursionError):
            pass  # no JSON: said below
    try:
        return "".join(_pieces(value, indent, 0))
    except RecursionError:
        return '"… (nested too deeply to show)"'


def head(value: Any, most: int) -> str:
    """The first characters, about `most`, of what `dump` writes; cheap for any size."""
    pieces, length = [], 0
    for piece in _pieces(value, 2, 0):
        pieces.append(piece)
        length += len(piece)
        if length > most:
            break
    return "".join(pieces)


def weight(value: Any, most: int) -> int:
    """How many characters and values `value` has, roughly; counting ends beyond `most`."""
    found, stack = 0, [value]
    while stack and found <= most:
        item = stack.pop()
        found += 1
        if isinstance(item, str):
            found += len(item)
        elif isinstance(item, dict | list) and len(item) + found > most:
            return found + len(item)  # each counts for one at least
        elif isinstance(item, dict):
            found += sum(map(len, item))
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return found


def _words(message: str) -> str:
    return message[:1].lower() + message[1:]


def _whole(text: str) -> int:
    try:
        return whole(text)
    except ValueError:
        raise _Refused("the number has too many digits", text) from None


def _real(text: str) -> float:
    number = float(text)
    if repr(number) == text:
        return number
    return real(text, any_size=True)  # what is out of range is kept as written, and told at its field


def _constant(text: str) -> Any:
    raise _Refused(f"{text} is not JSON", text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused(f"the key {json.dumps(key)} stands twice", key)
            seen.add(key)
    return made


def _check(text: str, value: Any) -> None:
    """Refuse what only shows when walking the parsed value: depth and lone surrogates."""
    stack = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise JsonError(f"is nested deeper than {MAX_DEPTH} levels", 1, 1)
        if isinstance(item, dict):
            for key, child in item.items():
                _check_text(text, key)
                stack.append((child, depth + 1))
        elif isinstance(item, list):
            stack += [(child, depth + 1) for child in item if type(child) not in _SAFE]
        elif isinstance(item, str):
            _check_text(text, item)


def _check_text(text: str, value: str) -> None:
    lone = None if value.isascii() else _LONE.search(value)
    if lone:
        escape = f"\\u{ord(lone.group()):04x}"
        at = re.search(f"{re.escape(escape)}|{lone.group()}", text, re.IGNORECASE)
        raise JsonError(f"{escape} is half a character", *_position(text, at.start() if at else 0))


def _locate(text: str, refused: _Refused) -> tuple[int, int]:
    """Line and column of the refused token; of a doubled key, where it stands the second time in one object."""
    seen: list[set[str]] = []
    tokens = list(_TOKEN.finditer(text))
    for at, token in enumerate(tokens):
        word = token.group()
        if word in ("{", "["):
            seen.append(set())
        elif word in ("}", "]"):
            if seen:
                seen.pop()
        elif word[0] == '"':
            is_key = seen and at + 1 < len(tokens) and tokens[at + 1].group() == ":"
            if is_key and _key(word) == refused.token:
                if refused.token in seen[-1]:
                    return _position(text, token.start())
                seen[-1].add(refused.token)
        elif word == refused.token:
            return _position(text, token.start())
    return 1, 1


def _key(word: str) -> str | None:
    try:
        return str(json.loads(word, strict=False))
    except ValueError:
        return None


def _position(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _string(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    if written.isascii() and written.isprintable():
        return written
    return HIDDEN.sub(_escaped, written)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000  # JSON writes it as a pair
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _is_plain(value: Any) -> bool:
    """Whether all of it is JSON with numbers of no special text and finite."""
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is dict:
            if not all(type(key) is str for key in item):
                return False
            stack += item.values()
        elif kind is list:
            stack += [inner for inner in item if type(inner) not in _SAFE]
        elif kind is float:
            if not math.isfinite(item):
                return False
        elif kind is not str and kind not in _SAFE:
            return False
    return True


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        text = number_text(value)
        return text if _NUMBER.match(text) else json.dumps(float(value) if isinstance(value, float) else int(value))
    return _string(f"<{type(value).__name__}>")


def _pieces(value: Any, indent: int | None, level: int) -> Iterator[str]:
    if not isinstance(value, dict | list | tuple) or not value:
        yield "{}" if isinstance(value, dict) else "[]" if isinstance(value, list | tuple) else _scalar(value)
        return
    inner = "" if indent is None else "\n" + " " * indent * (level + 1)
    outer = "" if indent is None else "\n" + " " * indent * level
    comma = ", " if indent is None else ","
    is_object = isinstance(value, dict)
    yield "{" if is_object else "["
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for at, (key, item) in enumerate(pairs):
        yield (comma if at else "") + inner
        if is_object:
            yield _string(str(key)) + ": "
        yield from _pieces(item, indent, level + 1)
    yield outer + ("}" if is_object else "]")
