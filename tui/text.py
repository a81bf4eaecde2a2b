"""The one way foreign text reaches the screen: control characters become visible marks, never commands.

Whatever an executor, a file, an error or a store says passes `safe_text()` and is then wrapped in Textual's `Content`
(so that it is no markup either). The fast path, printable ASCII, costs a quarter of a microsecond.
"""

from __future__ import annotations

import re

_INTRODUCER = re.compile("[\x1b\x80-\x9f]")
_SEQUENCES = re.compile(
    # OSC, DCS, SOS, PM, APC to their terminator; one that has none ends with its line, so that it can't hide the rest
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\n]*?(?:\x1b\\|\x07|\x9c|(?=\n)|$)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI
    r"|\x1b[ -/]*[0-~]?"  # two-byte escapes
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"  # joiners stay between letters that join
)
NAMELESS = "(no name)"
TAB = 4
SLACK = 8
"""How much more than `limit` is looked at: escape sequences vanish, so that the text that stays is shorter."""


def _mark(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"


def safe_text(value: object, *, lines: bool = False, limit: int | None = None) -> str:
    """`value` as text that is safe to draw.

    Escape sequences vanish, other control, bidi and zero-width characters become one visible mark each, tabs become
    spaces. Without `lines` the text stays on one line: line ends become `⏎`. `limit` cuts to that many characters, with
    `…` as the last.
    """
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception as error:  # __str__ is foreign code
        text = f"<{type(value).__name__}: no text ({type(error).__name__})>"
    if type(text) is not str:  # a subclass may do anything in its methods
        text = "".join((text,))
    whole = len(text)
    if limit is not None and whole > limit * SLACK:
        text = text[: max(limit, 0) * SLACK]  # what is cut off anyway need not be cleaned
    cut = len(text) < whole
    if not (text.isascii() and text.isprintable()):  # beyond ASCII some hidden characters count as printable
        text = _clean(text, lines=lines)
    if limit is not None and (cut or len(text) > limit):
        text = text[: limit - 1] + "…" if limit > 0 else ""
    return text


def safe_name(name: object, *, limit: int | None = None) -> str:
    """`safe_text` of what names something; NAMELESS where nothing of it can be seen."""
    text = safe_text(name, limit=limit)
    return text if text.strip().strip("\u2800") else NAMELESS


def _clean(text: str, *, lines: bool) -> str:
    if _INTRODUCER.search(text):
        text = _SEQUENCES.sub("", text)
    text = text.replace("\r\n", "\n").replace("\t", " " * TAB)
    if not lines:
        text = text.rstrip("\n").replace("\n", "⏎")
    return _HIDDEN.sub(_mark, text)
