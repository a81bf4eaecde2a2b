"""A command as a shell would cut it into words: POSIX with `$'…'`, or Windows' `^`; nothing is run or expanded. Pure.

`shlex` knows neither of the two forms that browsers copy, and takes a second for a megabyte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIECE = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<join>\\\r?\n)"
    r"|\\(?P<escaped>.)"
    r"|'(?P<single>[^']*)'"
    r"|\$'(?P<ansi>(?:[^'\\]|\\.)*)'"
    r'|"(?P<double>(?:[^"\\]|\\.)*)"'
    r"|(?P<operator>[|;<>]|&&|&(?=\s|\Z))"
    r"|(?P<plain>[^\s'\"\\|;&<>$]+|[$&])"
    r"|(?P<open>['\"\\])",
    re.DOTALL,
)
_DOUBLE = re.compile(r"\\([\"\\$`]|\r?\n)")
_ANSI = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))", re.DOTALL)
_ANSI_SIGNS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
_VARIABLE = re.compile(r"(?<!\\)\$(?:[A-Za-z_]\w*|\{[^}]*\}|\()")
_WINDOWS = re.compile(r"\^[ \t]*\r?\n|\^\"")
_CARET = re.compile(r"\^\r?\n\r?\n|\^[ \t]*\r?\n|\^(.)|\"[^\"\n]*\"", re.DOTALL)
_ARGUMENT = re.compile(r"\s+|\"((?:[^\"\\]|\\.|\"\")*)\"|([^\s\"]+)|(\")", re.DOTALL)
_ARGUMENT_ESCAPE = re.compile(r"\\([\\\"])|\"(\")")


MOST_PIECES = 30_000
"""Parts of words that are read: no command has more, and reading on would be felt."""


class ShellError(ValueError):
    """Why the text is no command, in words."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `variables` says that it holds shell variables, which stand in it as they were written."""

    text: str
    variables: bool = False


def words(text: str) -> tuple[list[Word], str]:
    """The words of the first command, and the rest from a pipe or `;` on. Raises `ShellError` for an open quote."""
    return (_windows(text), "") if _WINDOWS.search(text) else _posix(text)


def _posix(text: str) -> tuple[list[Word], str]:
    found: list[Word] = []
    parts: list[str] = []
    variables = False
    begun = False
    at = pieces = 0

    def end() -> None:
        nonlocal begun, variables
        if begun:
            found.append(Word(_joined("".join(parts)), variables))
            parts.clear()
        begun = variables = False

    while at < len(text):
        match = _PIECE.match(text, at)
        assert match is not None, "the last two alternatives take whatever is left"
        kind, at, pieces = str(match.lastgroup), match.end(), pieces + 1
        if pieces > MOST_PIECES:
            raise ShellError("it has too many words")
        piece = match.group(kind)
        if kind == "space":
            end()
        elif kind == "operator":
            end()
            return found, text[match.start() :].strip()
        elif kind == "open":
            raise ShellError("a quote is not closed" if piece != "\\" else "it ends with a backslash")
        elif kind == "plain" and not begun and piece.startswith("#"):
            line = text.find("\n", at)
            at = len(text) if line < 0 else line
        elif kind != "join":
            begun = True
            parts.append(_read(kind, piece))
            shown = piece + text[at : at + 1] if piece == "$" else piece
            variables |= kind == "double" and bool(_VARIABLE.search(piece))
            variables |= kind == "plain" and piece == "$" and shown != "$"
    end()
    return found, ""


def _read(kind: str, piece: str) -> str:
    if kind == "double":
        return _DOUBLE.sub(lambda match: "" if "\n" in match.group(1) else match.group(1), piece)
    return _ANSI.sub(_ansi, piece) if kind == "ansi" else piece


def _ansi(match: re.Match[str]) -> str:
    byte, short, long, octal, sign = match.groups()
    if sign is not None:
        return _ANSI_SIGNS.get(sign, sign if sign in "\\'\"?" else match.group())
    code = int(byte or short or long, 16) if octal is None else int(octal, 8)
    return chr(code) if code < 0x110000 else match.group()


def _joined(text: str) -> str:
    """`text` with pairs of half characters, as browsers write them, made whole. Raises `ShellError` for a lone half."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ShellError("it holds half a character") from None


def _windows(text: str) -> list[Word]:
    """First what cmd does with carets, then how a program cuts its command line."""

    def caret(match: re.Match[str]) -> str:
        whole = match.group()
        if whole[0] == '"':
            return whole
        if match.group(1) is not None and match.group(1) not in "\r\n":
            return match.group(1)
        return "\n" if whole.count("\n") == 2 else " "

    if text.count("^") > 4 * MOST_PIECES:
        raise ShellError("it has too many carets")
    found: list[Word] = []
    parts: list[str] | None = None
    for number, match in enumerate(_ARGUMENT.finditer(_CARET.sub(caret, text))):
        if number > MOST_PIECES:
            raise ShellError("it has too many words")
        quoted, plain, lone = match.groups()
        if lone is not None:
            raise ShellError("a quote is not closed")
        if quoted is None and plain is None:
            if parts is not None:
                found.append(Word(_joined("".join(parts))))
            parts = None
            continue
        piece = plain if quoted is None else _ARGUMENT_ESCAPE.sub(lambda m: m.group(1) or m.group(2), quoted)
        parts = parts if parts is not None else []
        parts.append(piece)
    if parts is not None:
        found.append(Word(_joined("".join(parts))))
    return found
