"""`K=V` lines, .env files and HTTP header lines, read as they stand. Pure, and linear in the length of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tui.forms.clip_fields import Note

MOST_LINES = 10_000
"""Lines that are read; more are named as such."""

LONGEST_VALUE = 64_000
"""Characters of a header that goes over several lines."""

_ASSIGNED = re.compile(r"[ \t]*(?:(?:export|set)[ \t]+|\$env:)?([A-Za-z_][\w.\-]*)[ \t]*=[ \t]*")
_HEADER = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\n]*)\Z")
_QUOTED = {"'": re.compile(r"'([^']*)'"), '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}
_COMMENT = re.compile(r"(?:^|[ \t])#")


@dataclass(slots=True)
class Pairs:
    """Names and values in their order, and the lines that are neither, with their numbers."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    unfit: list[Note] = field(default_factory=list)


def is_named(line: str) -> bool:
    """Whether a line gives something a name: `K=V`, `K: V`, or as YAML opens a part, `K:`."""
    return bool(_ASSIGNED.match(line) or re.match(r"[ \t]*(?:- )?[\w.\-\"']{1,100}:(?:[ \t]|\Z)", line))


def assignments(text: str) -> Pairs | None:
    """`NAME=value` lines, with quotes, escapes, comments and `export`; None where the first line is no such."""
    found, at, line = Pairs(), 0, 0
    open_quotes: set[str] = set()
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line += 1
        if line > MOST_LINES:
            found.unfit.append(Note(f"line {line} and all after it", "are more than is read here"))
            break
        stripped = text[at:end].strip()
        match = _ASSIGNED.match(text, at, end) if stripped and not stripped.startswith("#") else None
        if match is not None:
            value, after = _value(text, match.end(), end, open_quotes)
            found.pairs.append((match.group(1), value))
            line += text.count("\n", end, after)
            end = after
        elif stripped and not stripped.startswith("#"):
            if not found.pairs:
                return None
            found.unfit.append(Note(stripped[:80], f"line {line} is no NAME=value"))
        at = end + 1
    return found if found.pairs else None


def _value(text: str, at: int, end: int, open_quotes: set[str]) -> tuple[str, int]:
    """The value that begins at `at`, and where its line ends; a quoted one may go over several lines."""
    quote = text[at : at + 1]
    if quote in _QUOTED and quote not in open_quotes:
        match = _QUOTED[quote].match(text, at)
        if match is None:
            open_quotes.add(quote)  # none closes further down either: do not look again at every line
        else:
            close = text.find("\n", match.end())
            close = len(text) if close < 0 else close
            rest = text[match.end() : close].strip()
            if not rest or rest.startswith("#"):
                inner = match.group(1)
                return (inner if quote == "'" else _ESCAPED.sub(_unescaped, inner)), close
    plain = text[at:end]
    comment = _COMMENT.search(plain)
    return (plain[: comment.start()] if comment else plain).strip(), end


def _unescaped(match: re.Match[str]) -> str:
    sign = match.group(1)
    return _ESCAPES.get(sign, sign if sign in "\"\\$`'" else match.group())


def headers(text: str) -> Pairs | None:
    """`Name: value` lines, folded ones joined; None unless every line is one (blank lines are let be)."""
    found = Pairs()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if number > MOST_LINES:
            found.unfit.append(Note(f"line {number} and all after it", "are more than is read here"))
            break
        if line[0] in " \t" and found.pairs:
            name, value = found.pairs[-1]
            found.pairs[-1] = (name, f"{value} {line.strip()}"[:LONGEST_VALUE])
            continue
        if line.startswith(":") or (number == 1 and re.match(r"[A-Z]+ \S+ HTTP/", line)):
            found.unfit.append(Note(line[:80], "is the request itself and no header"))
            continue
        match = _HEADER.match(line)
        if match is None:
            return None
        found.pairs.append((match.group(1), match.group(2).strip()))
    return found if found.pairs else None
