"""What Tab offers in the filter line of the history, and what is said about values that no run has. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.history_filter import KEYS, MOMENTS, SHOWN_STATES, Query, Word, nearest, words_of, written

FACETS = ("executor", "user", "tag", "label")
"""Keys whose values the history knows."""
SPANS = ("1h", "24h", "7d", "30d")
LONGEST_LIST = 12


@dataclass(frozen=True, slots=True)
class Offer:
    """The line after Tab, where its cursor stands, and what else there was to choose from."""

    text: str
    cursor: int
    choices: tuple[str, ...] = ()


def offer(text: str, cursor: int, known: Mapping[str, Sequence[str]], query: Query, turn: int = 0) -> Offer | None:
    """What the word at the cursor may become; None where nothing is to be offered.

    A wrong word becomes the nearest right one. Otherwise what several go on with alike is filled in first; where that
    is nothing more, `turn` counts through them. `known` has the values of each key.
    """
    word = _word_at(text, cursor)
    wrong = next((each for each in query.wrongs if word is not None and each.word.start == word.start), None)
    if word is not None and wrong is not None and wrong.instead:
        sign = "-" if word.negated else ""
        return _put(text, word, sign + wrong.instead, ())
    choices = _choices(word, known)
    if word is None or not choices:
        return None
    typed = text[word.start : cursor].lstrip("-!")
    shared = _shared([choice.lower() for choice in choices])
    if len(choices) > 1 and len(shared) > len(typed):
        filled = choices[0][: len(shared)]
    else:
        filled = choices[turn % len(choices)]
    sign = text[word.start] if word.negated else ""
    return _put(text, word, sign + filled, choices if len(choices) > 1 else ())


def _word_at(text: str, cursor: int) -> Word | None:
    return next((word for word in words_of(text) if word.start < cursor <= word.end), None)


def _choices(word: Word | None, known: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Whole words that begin like the one at the cursor."""
    if word is None or (word.quoted and not word.key):
        return ()
    if not word.key:
        typed = word.value.lower()
        found = [f"{key}>" if key == "duration" else f"{key}:" for key in KEYS if typed and key.startswith(typed)]
        return tuple(found)
    if word.op != ":":
        return ()
    values: Sequence[str]
    if word.key == "status":
        values = SHOWN_STATES
    elif word.key in ("since", "until"):
        values = (*MOMENTS, *SPANS)
    else:
        values = known.get(word.key, ())
    typed = word.value.lower()
    found = [value for value in values if value.lower().startswith(typed)]
    found += [value for value in values if typed in value.lower() and value not in found]
    if not found and (near := nearest(word.value, list(values))):
        found = [near]
    return tuple(written(word.key, value) for value in found[:LONGEST_LIST])


def _shared(texts: Sequence[str]) -> str:
    """What all of them begin with."""
    least, most = min(texts), max(texts)
    return least[: next((at for at, sign in enumerate(least) if sign != most[at : at + 1]), len(least))]


def _put(text: str, word: Word, filled: str, choices: tuple[str, ...]) -> Offer:
    """`filled` in the place of the word; a whole one is followed by a blank."""
    is_open = bool(choices) or filled.endswith((":", ">", "<"))
    rest = text[word.end :]
    blank = "" if is_open or rest[:1].isspace() else " "
    cursor = word.start + len(filled) + (0 if is_open else 1)
    return Offer(text[: word.start] + filled + blank + rest, cursor, choices)


def unknown(query: Query, known: Mapping[str, Sequence[str]]) -> str:
    """What is said of the first value that no run has, with the nearest that one has; "" where all are known."""
    for word in query.words:
        values = known.get(word.key)
        if values is None or word.key not in FACETS or not word.value:
            continue
        if word.key == "label":
            is_known = any(word.value.lower() in value.lower() for value in values)
        else:
            is_known = word.value in values
        if not is_known:
            near = nearest(word.value, list(values)) or next((v for v in values if word.value in v), "")
            meant = f" · did you mean {near}?" if near else f" · there are {', '.join(values[:6])}" if values else ""
            return f"no run has the {word.key} {word.value}{meant}"
    return ""
