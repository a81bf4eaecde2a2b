"""The words that are typed to find runs, read into the engine's filter. Pure, so that each word can be tried alone.

    status:failed executor:deploy since:2d duration>10s -tag:nightly "connection reset" host7

What is wrong is told with the nearest right word, never left out in silence. No Textual in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from engine.run_filter import RunFilter

STATES: dict[str, str] = {
    "running": "in_progress",
    "in_progress": "in_progress",
    "completed": "completed",
    "done": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
"""What may be typed for the status of a run; the beginning of a word is enough where it says which one."""
SHOWN_STATES = ("running", "completed", "failed", "cancelled")
KEYS = ("status", "executor", "user", "tag", "label", "id", "since", "until", "duration")
MOMENTS = ("today", "yesterday")
EXAMPLES = {
    "since": "2d, 3h, today, 2026-03-01, 14:30",
    "until": "2d, 3h, today, 2026-03-01, 14:30",
    "duration": "10s, 5m, 1.5h",
}
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
LONGEST_SPAN = 100 * 366 * 86_400.0
CLOSE = 0.6
"""How near a wrong word must be to a right one to be meant for it."""

_TOKEN = re.compile(
    r'(?P<sign>[-!]?)(?:(?P<key>[a-z_]+)(?P<op>:(?:(?<=duration:)[<>]=?)?|[<>]=?))?(?P<value>(?:"[^"]*"?|[^\s"])*)',
    re.IGNORECASE,
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)")


@dataclass(frozen=True, slots=True)
class Word:
    """One typed word: where it stands, whether it is negated, its key ("" for text), what follows, whether quoted."""

    start: int
    end: int
    negated: bool
    key: str
    op: str
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a word: `said` to the person, `instead` the nearest right text for the whole word or ""."""

    word: Word
    said: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, read. With `wrongs` the filter holds only the rest."""

    filter: RunFilter
    words: tuple[Word, ...] = ()
    wrongs: tuple[Wrong, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.words


@dataclass(slots=True)
class _Draft:
    """The filter as it is gathered."""

    now: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    statuses: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    also: list[tuple[str, str]] = field(default_factory=list)
    without: list[tuple[str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    exact: list[str] = field(default_factory=list)
    no_text: list[str] = field(default_factory=list)

    def made(self) -> RunFilter:
        statuses = self.statuses or (set(STATES.values()) if self.refused else set())
        return RunFilter(
            statuses=frozenset(statuses - self.refused),
            also=tuple(dict.fromkeys(self.also)),
            without=tuple(dict.fromkeys(self.without)),
            labels=tuple(self.labels),
            text=" ".join(self.text),
            exact=tuple(self.exact),
            no_text=tuple(self.no_text),
            **self.fields,
        )


class _Refused(Exception):
    """A word that means nothing: what is said, and the nearest right text for it."""

    def __init__(self, said: str, instead: str = "") -> None:
        super().__init__(said)
        self.said, self.instead = said, instead


def words_of(text: str) -> Iterator[Word]:
    """The words of a line, in order; quotes keep blanks together, one that is not closed goes to the end."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        assert match is not None and match.end() > at  # whatever is no blank is a part of a word
        key, value = (match["key"] or "").lower(), match["value"]
        bare = value.replace('"', "")
        yield Word(at, match.end(), bool(match["sign"]), key, match["op"] or "", bare, '"' in value)
        at = match.end()


def parse(text: str, now: datetime) -> Query:
    """Read a line; `now` is aware and in the person's time zone, in which times are typed."""
    draft, words, wrongs = _Draft(now), tuple(words_of(text)), []
    for word in words:
        try:
            _take(draft, word)
        except _Refused as refusal:
            wrongs.append(Wrong(word, refusal.said, refusal.instead))
    made = draft.made()
    if not wrongs and made.since and made.until and made.since >= made.until:
        wrongs.append(Wrong(words[-1], "nothing lies between since: and until:, they are the wrong way round"))
    elif not wrongs and draft.refused and not made.statuses:
        wrongs.append(Wrong(words[-1], "no status is left"))
    return Query(made, words, tuple(wrongs))


def _take(draft: _Draft, word: Word) -> None:
    """Add one word to the draft. Raises `_Refused`."""
    key = word.key
    if key and key not in KEYS:
        if word.value.startswith("//"):  # an address is a text to look for
            _text(draft, word, f"{key}{word.op}{word.value}")
            return
        near = nearest(key, KEYS)
        kind = f"{near}{word.op if near == 'duration' else ':'}"
        instead = (
            (written(near, word.value) if word.value and kind.endswith(":") else kind + word.value) if near else ""
        )
        meant = f"did you mean {kind}?" if near else f'for the text itself write "{key}{word.op}{word.value}"'
        raise _Refused(f"there is no filter {key}{word.op[:1]} · {meant}", instead)
    if not key:
        _text(draft, word, word.value)
        return
    if not word.value:
        raise _Refused(f"{key}{word.op} what? {_what(key)}")
    if key == "duration":
        _duration(draft, word)
        return
    if word.op != ":":
        raise _Refused(f"{key} takes a colon, like {key}:{word.value}", f"{key}:{word.value}")
    {"status": _status, "since": _moment, "until": _moment, "id": _id, "label": _label}.get(key, _facet)(draft, word)


def _what(key: str) -> str:
    if key == "status":
        return ", ".join(SHOWN_STATES)
    return f"e.g. {EXAMPLES[key]}" if key in EXAMPLES else "Tab shows what there is"


def _text(draft: _Draft, word: Word, text: str) -> None:
    if not text.strip():
        raise _Refused("nothing stands in the quotes" if word.quoted else "nothing follows the sign")
    if word.negated:
        draft.no_text.append(text)
    elif word.quoted:
        draft.exact.append(text)
    else:
        draft.text.append(text)


def _status(draft: _Draft, word: Word) -> None:
    for part in word.value.lower().split(","):
        if not part:
            continue
        found = {status for name, status in STATES.items() if name.startswith(part)}
        if len(found) != 1:
            near = nearest(part, list(STATES))
            if part in ("pending", "queued", "waiting", "in"):
                near = "running"
            meant = f"did you mean {near}?" if near else f"there are {', '.join(SHOWN_STATES)}"
            raise _Refused(f"no run is {part} · {meant}", f"status:{near}" if near else "")
        (draft.refused if word.negated else draft.statuses).update(found)


def _facet(draft: _Draft, word: Word) -> None:
    one = (word.key, word.value)
    if word.negated:
        draft.without.append(one)
        return
    if word.key == "user" and any(kind == "user" and one != (kind, value) for kind, value in draft.also):
        raise _Refused("a run has one user: leave one of the two out")
    draft.also.append(one)


def _label(draft: _Draft, word: Word) -> None:
    if word.negated:
        draft.without.append(("label", word.value))
    else:
        draft.labels.append(word.value)


def _id(draft: _Draft, word: Word) -> None:
    if word.negated:
        raise _Refused("id: cannot be negated")
    if "id" in draft.fields and draft.fields["id"] != word.value:
        raise _Refused("id: stands twice, leave one out")
    draft.fields["id"] = word.value


def _moment(draft: _Draft, word: Word) -> None:
    at = moment(word.value, draft.now)
    if at is None:
        near = nearest(word.value.lower(), MOMENTS)
        meant = f"did you mean {near}?" if near else f"e.g. {EXAMPLES[word.key]}"
        raise _Refused(f"{word.value} is no time · {meant}", f"{word.key}:{near}" if near else "")
    name = word.key if not word.negated else {"since": "until", "until": "since"}[word.key]
    held = draft.fields.get(name)
    if held is not None:
        at = max(at, held) if name == "since" else min(at, held)
    draft.fields[name] = at


def _duration(draft: _Draft, word: Word) -> None:
    op = word.op.lstrip(":")
    value = word.value
    if not op:
        op = value[:1] if value[:1] in ("<", ">") else ""
        value = value.lstrip("<>=")
    seconds = span(value)
    if not op:
        raise _Refused(
            "duration takes < or >, like duration>10s", f"duration>{value}" if seconds is not None else "duration>10s"
        )
    if seconds is None:
        raise _Refused(f"{value or 'nothing'} is no duration · e.g. {EXAMPLES['duration']}", f"duration{op[0]}10s")
    name = "longer" if (op[0] == ">") is not word.negated else "shorter"
    held = draft.fields.get(name)
    if held is not None:
        seconds = max(seconds, held) if name == "longer" else min(seconds, held)
    draft.fields[name] = seconds


def span(text: str) -> float | None:
    """Seconds of `10s`, `1.5h`, `2m30s`; None where it is none, or more than a century."""
    end, seconds = 0, 0.0
    for match in _SPAN.finditer(text.lower()):
        if match.start() != end:
            return None
        end = match.end()
        seconds += float(match[1]) * SECONDS[match[2]]
    return seconds if end and end == len(text) and seconds <= LONGEST_SPAN else None


def moment(text: str, now: datetime) -> datetime | None:
    """The moment that is meant: a span before `now`, a day, a day with time, or a time of today; None for none."""
    word = text.lower()
    seconds = span(word)
    try:
        if seconds is not None:
            return now - timedelta(seconds=seconds)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if word in MOMENTS:
            return midnight - timedelta(days=MOMENTS.index(word))
        if clock := _CLOCK.fullmatch(word):
            return midnight.replace(hour=int(clock[1]), minute=int(clock[2]))
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None else at.replace(tzinfo=now.tzinfo)
    except (ValueError, OverflowError):
        return None


def nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """The one of `known` that is most like `word`, "" where none is."""
    beginnings = [each for each in known if word and each.startswith(word)]
    found = beginnings or get_close_matches(word, known, 1, CLOSE)
    return found[0] if found else ""


def written(key: str, value: str) -> str:
    """`key:value` as it is typed, quoted where it must be."""
    bare = value.replace('"', "")
    return f'{key}:"{bare}"' if not bare or re.search(r"\s", bare) else f"{key}:{bare}"
