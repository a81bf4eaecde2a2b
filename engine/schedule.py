"""When a schedule is due: `every`, `cron` and `at`, in a time zone. Pure: every moment is given, none is looked up."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from engine.errors import TaskError

Kind = Literal["every", "cron", "at"]
Missed = Literal["skip", "once", "all"]
Overlap = Literal["skip", "queue"]
KINDS: tuple[Kind, ...] = ("every", "cron", "at")
MISSED: tuple[Missed, ...] = ("skip", "once", "all")
OVERLAP: tuple[Overlap, ...] = ("skip", "queue")

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
LONGEST = 366 * 86_400.0
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day-of-month", "1-31, L for the last"),
    ("month", "1-12 or JAN-DEC"),
    ("day-of-week", "0-7 or SUN-SAT"),
)
CRON_HINT = "Give minute hour day month weekday, e.g. '30 3 * * MON-FRI' for 3:30 on working days"


@dataclass(frozen=True, slots=True)
class When:
    """A rule as it was typed, in the zone `zone` (an IANA name); `since` is what `every` counts from, epoch seconds.

    Make it with `When.read`, which checks it. `every` is elapsed time, the same through a change of the clocks. `cron`
    is local time as Debian's cron has it: a run at a time that the clocks skip comes right after the gap, one at a time
    that comes twice comes once, and what comes more often than hourly goes on evenly. `at` comes once.
    """

    kind: Kind
    rule: str
    zone: str
    since: float

    @classmethod
    def read(cls, kind: str, rule: str, zone: str, at: datetime) -> When:
        """The rule as it counts from `at` on. Raises `TaskError` that says what is wrong and how it is written."""
        if kind not in KINDS:
            raise TaskError(f"'{kind}' is no kind of schedule", f"It is one of {', '.join(KINDS)}")
        when = cls(kind, " ".join(rule.split()), zone_of(zone).key, at.timestamp())
        if kind == "every":
            _seconds(when.rule)
        elif kind == "at":
            when._once()
        if when.after(at) is None:
            said = f"{kind} '{when.rule}' ({when.zone})"
            raise TaskError(f"{said} {'is over already' if kind == 'at' else 'never comes'}", "Name a time to come")
        return when

    def after(self, moment: datetime) -> datetime | None:
        """The first time after `moment`, UTC; None where there is none any more."""
        if self.kind == "every":
            step = _seconds(self.rule)
            number = max(math.floor((moment.timestamp() - self.since) / step) + 1, 1)
            found = self.since + number * step
            return datetime.fromtimestamp(found if found > moment.timestamp() else found + step, UTC)
        if self.kind == "at":
            once = self._once()
            return once if once > moment else None
        comes = next((at for at in self._cron(moment) if at > moment), None)
        # cronsim leaves out hours behind a gap of half an hour (Lord Howe) on its way forth, not on its way back.
        while comes is not None and (before := next(self._cron(comes, reverse=True), moment)) > moment:
            comes = before
        return comes

    def upcoming(self, moment: datetime, number: int) -> list[datetime]:
        """The next `number` times after `moment`."""
        found: list[datetime] = []
        at: datetime | None = moment
        while len(found) < number and at is not None and (at := self.after(at)) is not None:
            found.append(at)
        return found

    def due(self, first: datetime, last: datetime, limit: int) -> list[datetime]:
        """Its times from `first` to `last`, both included, oldest first; of more than `limit` the newest."""
        if first > last:
            return []
        if self.kind == "every":
            step = _seconds(self.rule)
            newest = math.floor((last.timestamp() - self.since) / step + 1e-6)
            oldest = max(math.ceil((first.timestamp() - self.since) / step - 1e-6), newest - limit + 1, 1)
            return [datetime.fromtimestamp(self.since + n * step, UTC) for n in range(oldest, newest + 1)]
        if self.kind == "at":
            once = self._once()
            return [once] if first <= once <= last else []
        backwards = (at for at in self._cron(last + timedelta(seconds=1), reverse=True) if at <= last)
        found = []
        for at in islice(backwards, limit):
            if at < first:
                break
            found.append(at)
        return found[::-1]

    def _cron(self, moment: datetime, *, reverse: bool = False) -> Iterator[datetime]:
        from cronsim import CronSim, CronSimError

        rule = _NICKNAMES.get(self.rule.lower(), self.rule)
        try:
            times = CronSim(rule, moment.astimezone(zone_of(self.zone)).replace(microsecond=0), reverse=reverse)
        except CronSimError as error:
            raise _cron_refusal(self.rule, rule, str(error)) from None
        return (at.astimezone(UTC) for at in times)

    def _once(self) -> datetime:
        hint = "Write e.g. '2026-03-04 18:30', with an offset (+01:00) or in the schedule's zone"
        try:
            given = datetime.fromisoformat(self.rule)
        except ValueError:
            raise TaskError(f"'{self.rule}' is no date and time", hint) from None
        if given.tzinfo is not None:
            return given.astimezone(UTC)
        zone = zone_of(self.zone)
        there = given.replace(tzinfo=zone).astimezone(UTC)
        if there.astimezone(zone).replace(tzinfo=None) != given:
            later = f"{there.astimezone(zone):%Y-%m-%d %H:%M}"
            raise TaskError(f"{self.rule} does not exist in {self.zone}: the clocks skip it", f"E.g. {later} does")
        return there

    @property
    def words(self) -> str:
        """`every 15m`, `cron 30 3 * * *`, `at 2026-03-04 18:30`."""
        return f"{self.kind} {self.rule}"

    def explained(self) -> str:
        """A cron rule in English; "" for the others, which say it themselves."""
        if self.kind != "cron":
            return ""
        from cronsim import CronSim

        rule = _NICKNAMES.get(self.rule.lower(), self.rule)
        return str(CronSim(rule, datetime.fromtimestamp(self.since, UTC)).explain())


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is launched, when, and with what. `options` are priority, label, tags, timeout and retries, where given.

    `missed`: of the times that passed while nobody kept the schedules, run none (`skip`), one for all (`once`), or each
    (`all`, the newest 100). `overlap`: while the run before it goes on, leave a time out (`skip`), or run it after that
    (`queue`). `next_at` is UTC, None when no time is left.
    """

    id: str
    name: str
    target: str
    when: When
    inputs: dict[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    missed: Missed = "once"
    overlap: Overlap = "skip"
    paused: bool = False
    who: str = ""
    created_at: datetime | None = None
    next_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self.next_at is None


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name, "" for the system's. Raises `TaskError` with close matches."""
    if not name:
        return zone_of(local_zone())
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        folded = {each.casefold(): each for each in known}
        parts = {each.rpartition("/")[2].casefold(): each for each in sorted(known)}
        close = [folded.get(name.casefold()) or parts.get(name.casefold())]
        close += [folded[each] for each in difflib.get_close_matches(name.casefold(), folded, n=2, cutoff=0.6)]
        near = " or ".join(dict.fromkeys(each for each in close if each))
        hint = f"Did you mean {near}?" if near else "Name one like Europe/Berlin or UTC"
        raise TaskError(f"there is no time zone '{name}'", hint) from None


def local_zone() -> str:
    """The name of the system's time zone, UTC where it has none."""
    from tzlocal import get_localzone_name

    try:
        name: str = get_localzone_name()
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return "UTC"
    return name


def _seconds(rule: str) -> float:
    """`1h30m` as seconds. Raises `TaskError`."""
    hint = "Write e.g. 15m, 1h30m, 2d (units: s, m, h, d, w)"
    text = rule.replace(" ", "").lower()
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise TaskError(f"every '{rule}' is no length of time", hint)
    if wrong := next((unit for _, unit in parts if unit not in _UNITS), None):
        raise TaskError(f"every '{rule}': there is no unit '{wrong}'", hint)
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 1.0 <= total <= LONGEST:
        raise TaskError(f"every '{rule}' is {'less than a second' if total < 1 else 'more than a year'}", hint)
    return total


def _cron_refusal(given: str, rule: str, said: str) -> TaskError:
    """What is wrong with a cron rule, with the word that is and what may stand there."""
    words = rule.split()
    if given.startswith("@"):
        return TaskError(f"there is no '{given}'", f"There are {', '.join(_NICKNAMES)}")
    if len(words) not in (5, 6):
        return TaskError(f"cron '{given}' has {len(words)} words, not 5", CRON_HINT)
    fields = _FIELDS if len(words) == 5 else (("second", "0-59"), *_FIELDS)
    for (name, allowed), word in zip(fields, words, strict=True):
        if said.casefold() == f"bad {name}":
            return TaskError(
                f"cron '{given}': '{word}' is no {name}", f"It is {allowed}, with * , - and / as in crontab"
            )
    return TaskError(f"cron '{given}': {said.lower()}", CRON_HINT)
