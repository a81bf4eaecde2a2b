"""Dates and times as text: its parts and how they are stepped, words that mean a moment, what is said beside one.

Text that says a moment is never rewritten: only what a key or a word asks for changes, an offset stays as it was typed
(forms.md 1.2, 3.13). Clock times of this machine go through the system's own zone, so that summer time is heeded; days
and weeks are counted by the clock on the wall, hours and shorter by the time that passes.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

LONGEST = 60
"""Characters; longer text is no word and no moment."""
QUARTER, HOUR = 15, 60
"""Minutes by which an offset is stepped, and by the larger step."""
EAST, WEST = 14 * HOUR, -12 * HOUR
"""The offsets that are in use, in minutes."""
DAY_SECONDS = 86_400

_DATE = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?P<fraction>\.[0-9]+)?)?"
_OFFSET = r"(?P<gap> ?)(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
_SHAPES = {
    "date": (re.compile(_DATE),),
    "time": (re.compile(_TIME + _OFFSET),),
    "datetime": (re.compile(f"{_DATE}(?P<joint>[Tt]| +){_TIME}{_OFFSET}"), re.compile(_DATE)),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS = re.compile(
    r"(?P<base>[a-z]+)?(?P<shifts>(?: ?[+-] ?(?:[0-9]{1,6} ?(?:min|w|d|h|m|s) ?)+)*)"
    r"(?: ?(?:at )?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?"
)
_SHIFT = re.compile(r"([+-])|([0-9]+) ?(min|w|d|h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "min": 60, "s": 1}
_OWN_DAY = {"today": 0, "tomorrow": 1, "yesterday": -1}


@dataclass(frozen=True, slots=True)
class Parts:
    """The numbers of a text that says a moment, whether they make sense or not; None where it has no such part."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    fraction: str = ""
    offset: str | None = None
    joint: str = ""
    gap: str = ""

    def __str__(self) -> str:
        text = f"{self.year:04}-{self.month:02}-{self.day:02}" if self.year is not None else ""
        if self.hour is None:
            return text
        seconds = "" if self.second is None else f":{self.second:02}{self.fraction}"
        return f"{text}{self.joint}{self.hour:02}:{self.minute:02}{seconds}{self.gap}{self.offset or ''}"


def _parts(found: re.Match[str]) -> Parts:
    given = found.groupdict()

    def number(name: str) -> int | None:
        return int(given[name]) if given.get(name) is not None else None

    return Parts(
        number("year"), number("month"), number("day"), number("hour"), number("minute"), number("second"),
        given.get("fraction") or "", given.get("offset"), given.get("joint") or "", given.get("gap") or "",
    )  # fmt: skip


def _match(kind: str, text: str) -> re.Match[str] | None:
    if len(text) > LONGEST:
        return None
    return next((found for shape in _SHAPES[kind] if (found := shape.fullmatch(text))), None)


# -- what a text says --------------------------------------------------------------------------------------------------


def day_of(kind: str, text: str) -> date | None:
    """The day that the text names; None where it names none."""
    found = _match(kind, text)
    parts = _parts(found) if found else Parts()
    try:
        return date(parts.year, parts.month, parts.day) if parts.year and parts.month and parts.day else None
    except ValueError:
        return None


def instant(text: str) -> datetime | None:
    """The moment of a date-time with an offset, in that offset; a leap second counts as the one before."""
    found = _match("datetime", text)
    if found is None:
        return None
    parts = _parts(found)
    minutes = _offset_minutes(parts.offset)
    if parts.year is None or parts.month is None or parts.day is None or parts.hour is None or minutes is None:
        return None
    try:
        zone = timezone(timedelta(minutes=minutes))
        second = min(parts.second or 0, 59)
        return datetime(parts.year, parts.month, parts.day, parts.hour, parts.minute or 0, second, tzinfo=zone)
    except ValueError:
        return None


def words(kind: str, text: str) -> str:
    """What is said beside the text: its weekday, and of a date-time the clock here and in UTC."""
    day = day_of(kind, text)
    if day is None:
        return ""
    said = [day.strftime("%a")]
    when = instant(text) if kind == "datetime" else None
    here = _here(when) if when is not None else None
    if when is not None and here is not None:
        if here.utcoffset() != timedelta(0):
            offset = here.utcoffset() or timedelta(0)
            said.append(f"{_clock(here, day)} here ({_offset_text(offset // timedelta(minutes=1))})")
        said.append(f"{_clock(when.astimezone(UTC), day)} UTC")
    return " · ".join(said)


def _here(when: datetime) -> datetime | None:
    """The same moment by this machine's clock, where both that and UTC can say it."""
    try:
        when.astimezone(UTC)
        return when.astimezone()
    except (OverflowError, ValueError, OSError):
        return None


def _clock(when: datetime, day: date) -> str:
    """Hours and minutes, with the day where it is another one."""
    clock = when.strftime("%H:%M:%S" if when.second else "%H:%M")
    return clock if when.date() == day else f"{when.strftime('%a')} {when.date().isoformat()} {clock}"


def _offset_minutes(text: str | None) -> int | None:
    if text is None:
        return None
    if text in ("Z", "z"):
        return 0
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return -minutes if text[0] == "-" else minutes


# -- stepping ----------------------------------------------------------------------------------------------------------


def step(kind: str, text: str, cursor: int, steps: int) -> tuple[str, int] | None:
    """`text` with the part under the cursor stepped, and where the cursor stands then; None where it says no moment.

    Days and clock times carry into what is larger, a month or year keeps the day as far as that month has it. The
    offset is stepped by quarters of an hour, by whole hours for ten steps and more; the clock time stays.
    """
    found = _match(kind, text)
    if found is None:
        return None
    spans = _spans(found)
    part = _part_at(spans, cursor, len(text), kind)
    parts = _sensible(_parts(found))
    stepped = str(_stepped(parts, part, steps))
    again = _match(kind, stepped)
    if again is None:
        return None
    if cursor >= len(text):
        return stepped, len(stepped)
    start, end = _spans(again)[part]
    return stepped, min(start + max(cursor - spans[part][0], 0), end)


def _spans(found: re.Match[str]) -> dict[str, tuple[int, int]]:
    names = ("year", "month", "day", "hour", "minute", "second", "offset")
    given = found.groupdict()
    spans = {name: found.span(name) for name in names if given.get(name) is not None}
    if given.get("fraction"):
        spans["second"] = (spans["second"][0], found.span("fraction")[1])
    return spans


def _part_at(spans: dict[str, tuple[int, int]], cursor: int, length: int, kind: str) -> str:
    """The part whose character is under the cursor, else the one before it; behind the end the usual one."""
    if cursor >= length:  # never the offset: only who goes there means it
        return "day" if kind == "date" or "minute" not in spans else "minute"
    under = [name for name, (start, end) in spans.items() if start <= cursor < end]
    before = [name for name, (_, end) in spans.items() if end <= cursor]
    return (under or before[-1:] or ["year"])[0]


def _sensible(parts: Parts) -> Parts:
    """Every number within its bounds, so that it can be counted from."""
    if parts.year is not None and parts.month is not None and parts.day is not None:
        year, month = max(parts.year, 1), min(max(parts.month, 1), 12)
        parts = replace(parts, year=year, month=month, day=min(max(parts.day, 1), monthrange(year, month)[1]))
    if parts.hour is not None and parts.minute is not None:
        second = None if parts.second is None else min(parts.second, 59)
        parts = replace(parts, hour=min(parts.hour, 23), minute=min(parts.minute, 59), second=second)
    return parts


def _stepped(parts: Parts, part: str, steps: int) -> Parts:
    if part == "offset":
        now = _offset_minutes(parts.offset) or 0
        by = QUARTER * steps if abs(steps) < 10 else HOUR * (1 if steps > 0 else -1)
        return replace(parts, offset=_offset_text(min(max(now + by, min(WEST, now)), max(EAST, now))))
    if parts.year is None or parts.month is None or parts.day is None:
        return _round_the_clock(parts, _seconds_of(part) * steps)
    if part in ("year", "month"):
        at = parts.year * 12 + parts.month - 1 + steps * (12 if part == "year" else 1)
        year, month = divmod(min(max(at, 12), 9999 * 12 + 11), 12)
        return replace(parts, year=year, month=month + 1, day=min(parts.day, monthrange(year, month + 1)[1]))
    clock = (parts.hour or 0, parts.minute or 0, parts.second or 0)
    try:
        when = datetime(parts.year, parts.month, parts.day, *clock) + timedelta(seconds=_seconds_of(part) * steps)
    except OverflowError:
        return parts
    moved = replace(parts, year=when.year, month=when.month, day=when.day)
    if parts.hour is None:
        return moved
    return replace(moved, hour=when.hour, minute=when.minute, second=None if parts.second is None else when.second)


def _seconds_of(part: str) -> int:
    return {"day": DAY_SECONDS, "hour": 3600, "minute": 60}.get(part, 1)


def _round_the_clock(parts: Parts, seconds: int) -> Parts:
    now = (parts.hour or 0) * 3600 + (parts.minute or 0) * 60 + (parts.second or 0)
    minutes, second = divmod((now + seconds) % DAY_SECONDS, 60)
    hour, minute = divmod(minutes, 60)
    return replace(parts, hour=hour, minute=minute, second=None if parts.second is None else second)


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


# -- words and what is half said ---------------------------------------------------------------------------------------


def expand(kind: str, text: str, now: datetime) -> str:
    """What the typed text means: a word as the moment it names, an unfinished moment finished; else the text itself.

    `now` is an aware time of this machine. Words are now, today, tomorrow, yesterday and the weekdays (the next such
    day), each with shifts (`+2h`, `-3d`, `+1w`, `+1h30m`) and a clock time (`friday 18:30`). What is finished is a date
    without a time or offset, a time without seconds or offset: in the zone of this machine.
    """
    short = " ".join(text.split()).casefold()
    if not short or len(text) > LONGEST:
        return text
    try:
        return _meant(kind, short, now) or text
    except (OverflowError, ValueError, OSError):  # no such day, or none that the system's zone knows
        return text


def start(kind: str, default: object, now: datetime) -> str:
    """What stepping an empty field begins with: the default where that is a moment, else now, to the minute."""
    if isinstance(default, str) and _match(kind, default):
        return default
    return _told(kind, now.replace(second=0, microsecond=0))


def with_day(kind: str, text: str, day: date, now: datetime) -> str:
    """`text` moved to another day: its clock time and offset stay; without any it is the day's beginning here."""
    found = _match(kind, text)
    if kind == "date" or found is None or found.groupdict().get("hour") is None:
        return day.isoformat() if kind == "date" else expand(kind, day.isoformat(), now)
    return str(replace(_parts(found), year=day.year, month=day.month, day=day.day))


def _told(kind: str, when: datetime) -> str:
    """RFC 3339, to the second, with the offset; in UTC where that has seconds, as it had long ago."""
    offset = when.utcoffset()
    if kind != "date" and offset is not None and offset.seconds % 60:
        when = when.astimezone(UTC)
    text = when.isoformat(timespec="seconds")
    return text[:10] if kind == "date" else text[11:] if kind == "time" else text


def _meant(kind: str, text: str, now: datetime) -> str | None:
    """The moment that the text means, by this machine's clock; None where it means none."""
    found = _match(kind, text)
    if found is not None:
        return _finished(kind, found, now)
    word = _WORDS.fullmatch(text)
    when = _named(kind, word, now) if word is not None else None
    return None if when is None else _told(kind, when)


def _finished(kind: str, found: re.Match[str], now: datetime) -> str:
    """What is there stays, what RFC 3339 asks for comes to it; raises ValueError where there is no such moment."""
    parts = _parts(found)
    if kind == "date":
        date(parts.year or 0, parts.month or 0, parts.day or 0)
        return str(parts)
    day = date(parts.year, parts.month or 0, parts.day or 0) if parts.year is not None else now.date()
    if parts.offset is None:
        told = _told(kind, _local(_on_clock(day, found)))
        at = len("12:30:00") if kind == "time" else len("2026-03-04T12:30:00")
        return told[:at] + parts.fraction + told[at:]
    offset = "Z" if parts.offset in ("Z", "z") else _offset_text(_offset_minutes(parts.offset) or 0)
    joint = "T" if parts.joint else ""
    return str(replace(parts, second=parts.second or 0, offset=offset, joint=joint, gap=""))


def _on_clock(day: date, found: re.Match[str]) -> datetime:
    given = found.groupdict()
    hour, minute, second = (int(given.get(name) or 0) for name in ("hour", "minute", "second"))
    return datetime(day.year, day.month, day.day, hour, minute, second)


def _local(clock: datetime) -> datetime:
    """The moment when this machine's clock shows `clock`; what it leaves out in spring is as much later.

    Not `clock.astimezone()`, which takes the hour that is left out for the one before.
    """
    return datetime.fromtimestamp(clock.timestamp(), UTC).astimezone()


def _named(kind: str, word: re.Match[str], now: datetime) -> datetime | None:
    base, shifts, has_clock = word["base"], word["shifts"], word["hour"] is not None
    if base is None and not shifts and not (has_clock and kind == "datetime"):
        return None
    if base in (None, "now"):
        when = now.replace(microsecond=0)
    else:
        day = _day_named(base, now.date())
        if day is None or (kind == "time" and not has_clock):
            return None
        when = _local(datetime(day.year, day.month, day.day))
    when = _shifted(when, shifts)
    return _local(_on_clock(when.date(), word)) if has_clock else when


def _day_named(name: str, today: date) -> date | None:
    if name in _OWN_DAY:
        return today + timedelta(days=_OWN_DAY[name])
    days = [at for at, day in enumerate(_DAYS) if day.startswith(name)] if len(name) >= 3 else []
    return today + timedelta(days=(days[0] - today.weekday() - 1) % 7 + 1) if days else None


def _shifted(when: datetime, shifts: str) -> datetime:
    sign = 1
    for mark, number, unit in _SHIFT.findall(shifts):
        if mark:
            sign = -1 if mark == "-" else 1
        elif unit in _SECONDS:
            when = (when.astimezone(UTC) + timedelta(seconds=sign * int(number) * _SECONDS[unit])).astimezone()
        else:
            days = sign * int(number) * (7 if unit == "w" else 1)
            when = _local(when.replace(tzinfo=None) + timedelta(days=days))
    return when
