"""Dates and times as text: parts and steps, words, what is said beside them (forms.md 1.2, 3.13)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.forms import moments

Zone = Callable[[str], None]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    """Sets the zone of this machine."""

    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


def here(text: str) -> datetime:
    """A moment by this machine's clock."""
    return datetime.fromisoformat(text).astimezone()


# -- steps -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "cursor", "steps", "stepped"),
    [
        ("date", "2026-03-04", 10, 1, "2026-03-05"),
        ("date", "2026-03-04", 0, 1, "2027-03-04"),
        ("date", "2026-03-04", 4, -1, "2025-03-04"),
        ("date", "2026-03-04", 5, 10, "2027-01-04"),
        ("date", "2026-01-31", 6, 1, "2026-02-28"),
        ("date", "2024-01-31", 6, 1, "2024-02-29"),
        ("date", "2024-02-29", 2, 1, "2025-02-28"),
        ("date", "2026-12-31", 10, 1, "2027-01-01"),
        ("date", "2026-03-04", 9, -10, "2026-02-22"),
        ("date", "2026-3-4", 8, 1, "2026-03-05"),
        ("date", "2026-02-31", 10, 1, "2026-03-01"),
        ("date", "2026-13-01", 5, -1, "2026-11-01"),
        ("date", "9999-12-31", 10, 1, "9999-12-31"),
        ("date", "9999-12-31", 0, 10, "9999-12-31"),
        ("date", "0000-01-01", 0, -1, "0001-01-01"),
        ("time", "23:59", 5, 1, "00:00"),
        ("time", "12:30:00Z", 0, 10, "22:30:00Z"),
        ("time", "12:30:59Z", 6, 1, "12:31:00Z"),
        ("time", "12:30:00Z", 8, 1, "12:30:00+00:15"),
        ("datetime", "2026-03-04T23:59:00Z", 14, 1, "2026-03-05T00:59:00Z".replace("00:59", "00:00")),
        ("datetime", "2026-03-04T23:30:00Z", 11, 1, "2026-03-05T00:30:00Z"),
        ("datetime", "2026-03-04T12:30:00+01:00", 25, 1, "2026-03-04T12:31:00+01:00"),
        ("datetime", "2026-03-04T12:30:00+01:00", 22, 1, "2026-03-04T12:30:00+01:15"),
        ("datetime", "2026-03-04T12:30:00+01:00", 19, -10, "2026-03-04T12:30:00+00:00"),
        ("datetime", "2026-03-04T12:30:00-11:30", 21, -10, "2026-03-04T12:30:00-12:00"),
        ("datetime", "2026-03-04T12:30:00+14:00", 21, 1, "2026-03-04T12:30:00+14:00"),
        ("datetime", "2026-03-04t12:30:00.250z", 9, 1, "2026-03-05t12:30:00.250z"),
        ("datetime", "2026-03-04T12:30:00.250Z", 22, 1, "2026-03-04T12:30:01.250Z"),
        ("datetime", "2016-12-31T23:59:60Z", 17, 1, "2017-01-01T00:00:00Z"),
        ("datetime", "2026-03-04 12:30", 16, 1, "2026-03-04 12:31"),
        ("datetime", "2026-03-04", 10, 1, "2026-03-05"),
    ],
)
def test_the_part_under_the_cursor_is_stepped(kind: str, text: str, cursor: int, steps: int, stepped: str) -> None:
    made = moments.step(kind, text, cursor, steps)
    assert made is not None and made[0] == stepped


@pytest.mark.parametrize("text", ["", "now", "2026", "2026-03", "04.03.2026", "٢٠٢٦-03-04", "2026-03-04T", "1" * 9999])
def test_what_says_no_moment_is_not_stepped(text: str) -> None:
    assert moments.step("date", text, 0, 1) is None


def test_the_cursor_stays_on_its_part() -> None:
    text, cursor = "2026-03-04T12:30:00Z", 12
    for _ in range(30):
        stepped = moments.step("datetime", text, cursor, 1)
        assert stepped is not None
        text, cursor = stepped
        assert cursor == 12
    assert text == "2026-03-05T18:30:00Z"
    for end in ("2026-03-04", "2026-03-04T12:30:00+01:00"):
        assert (moments.step("datetime", end, len(end), 1) or ("", -1))[1] == len(end)


def test_no_step_changes_the_offset_in_silence(zone: Zone) -> None:
    """Over the change to summer time the offset stays as it was typed: the line below says the clock here."""
    zone("Europe/Berlin")
    text = "2026-03-28T12:00:00+01:00"
    stepped = moments.step("datetime", text, 9, 1)
    assert stepped is not None and stepped[0] == "2026-03-29T12:00:00+01:00"
    assert "13:00 here (+02:00)" in moments.words("datetime", stepped[0])


@given(st.datetimes(min_value=datetime(1000, 1, 1)), st.integers(0, 25), st.integers(-10, 10))
def test_a_step_always_gives_a_moment(when: datetime, cursor: int, steps: int) -> None:
    text = when.replace(microsecond=0, tzinfo=UTC).isoformat()
    stepped = moments.step("datetime", text, cursor, steps)
    assert stepped is not None and moments.instant(stepped[0]) is not None
    assert 0 <= stepped[1] <= len(stepped[0])


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "meant"),
    [
        ("date", "today", "2026-11-24"),
        ("date", " Tomorrow ", "2026-11-25"),
        ("date", "yesterday", "2026-11-23"),
        ("date", "+3d", "2026-11-27"),
        ("date", "-1w", "2026-11-17"),
        ("date", "+12h", "2026-11-25"),
        ("date", "friday", "2026-11-27"),
        ("date", "tue", "2026-12-01"),
        ("date", "mon", "2026-11-30"),
        ("date", "monday+1w", "2026-12-07"),
        ("date", "2026-3-4", "2026-03-04"),
        ("time", "now", "14:20:30+01:00"),
        ("time", "+30m", "14:50:30+01:00"),
        ("time", "+10h", "00:20:30+01:00"),
        ("time", "9:05", "09:05:00+01:00"),
        ("time", "12:30:15.5", "12:30:15.5+01:00"),
        ("time", "12:30Z", "12:30:00Z"),
        ("datetime", "now", "2026-11-24T14:20:30+01:00"),
        ("datetime", "today", "2026-11-24T00:00:00+01:00"),
        ("datetime", "tomorrow 9:30", "2026-11-25T09:30:00+01:00"),
        ("datetime", "friday at 18:00", "2026-11-27T18:00:00+01:00"),
        ("datetime", "+2h", "2026-11-24T16:20:30+01:00"),
        ("datetime", "+1h30m", "2026-11-24T15:50:30+01:00"),
        ("datetime", "+1d -2h", "2026-11-25T12:20:30+01:00"),
        ("datetime", "now + 90 min", "2026-11-24T15:50:30+01:00"),
        ("datetime", "18:00", "2026-11-24T18:00:00+01:00"),
        ("datetime", "2026-07-01", "2026-07-01T00:00:00+02:00"),
        ("datetime", "2026-07-01 9:30", "2026-07-01T09:30:00+02:00"),
        ("datetime", "2026-07-01T09:30:00.5", "2026-07-01T09:30:00.5+02:00"),
        ("datetime", "2026-07-01 09:30 +0530", "2026-07-01T09:30:00+05:30"),
        ("datetime", "2026-07-01T09:30Z", "2026-07-01T09:30:00Z"),
    ],
)
def test_words_and_half_said_moments(zone: Zone, kind: str, text: str, meant: str) -> None:
    zone("Europe/Berlin")
    assert moments.expand(kind, text, here("2026-11-24T14:20:30.777+01:00")) == meant


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("date", "2026-02-30"),
        ("date", "someday"),
        ("date", "+"),
        ("date", "+3"),
        ("date", "+999999w"),
        ("date", "2026-03"),
        ("date", "no"),
        ("time", "today"),
        ("time", "25:00"),
        ("datetime", "2026-02-30 10:00"),
        ("datetime", "2026-03-04T12:30:00Z"),
        ("datetime", "2026-03-04T12:30:00.123456789+05:45"),
        ("datetime", "2016-12-31T23:59:60Z"),
        ("datetime", "fri 25:00"),
        ("datetime", "\x1b]0;x\x07"),
        ("datetime", "+1h" * 5000),
    ],
)
def test_other_text_stays_as_it_is(kind: str, text: str) -> None:
    assert moments.expand(kind, text, datetime.now().astimezone()) == text


def test_days_are_counted_by_the_clock_and_hours_by_the_time_that_passes(zone: Zone) -> None:
    zone("Europe/Berlin")
    before = here("2026-03-28T12:00:00+01:00")  # in the night to the 29th an hour is left out
    assert moments.expand("datetime", "+1d", before) == "2026-03-29T12:00:00+02:00"
    assert moments.expand("datetime", "+24h", before) == "2026-03-29T13:00:00+02:00"
    assert moments.expand("datetime", "2026-03-29 02:30", before) == "2026-03-29T03:30:00+02:00", "there is no 2:30"
    assert moments.expand("datetime", "2026-10-25 02:30", before) == "2026-10-25T02:30:00+02:00", "the first of two"


@pytest.mark.parametrize("name", ["Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns", "UTC"])
def test_every_zone_gives_the_same_moment(zone: Zone, name: str) -> None:
    zone(name)
    now = here("2026-11-24T13:20:30+00:00")
    text = moments.expand("datetime", "now", now)
    assert datetime.fromisoformat(text) == now and moments.instant(text) == now


def test_an_offset_of_seconds_is_told_in_utc(zone: Zone) -> None:
    zone("Europe/Amsterdam")
    text = moments.expand("datetime", "1900-01-01 12:00", here("2026-11-24T13:20:30+00:00"))
    assert moments.instant(text) is not None, text


# -- beside it ---------------------------------------------------------------------------------------------------------


def test_the_clock_here_and_in_utc(zone: Zone) -> None:
    zone("America/New_York")
    assert moments.words("datetime", "2026-03-04T01:30:00Z") == "Wed · Tue 2026-03-03 20:30 here (-05:00) · 01:30 UTC"
    zone("UTC")
    assert moments.words("datetime", "2026-03-04T12:30:00+01:00") == "Wed · 11:30 UTC"
    assert moments.words("date", "2026-03-04") == "Wed"
    for text in ("", "x", "2026-02-30", "2026-03-04T99:00:00Z"):
        assert moments.words("date", text) == ""
    assert moments.words("datetime", "0001-01-01T00:00:00+14:00") == "Mon", "UTC has no such year"


def test_the_start_of_an_empty_field(zone: Zone) -> None:
    zone("UTC")
    now = here("2026-11-24T13:20:30+00:00")
    assert moments.start("date", None, now) == "2026-11-24"
    assert moments.start("time", None, now) == "13:20:00+00:00"
    assert moments.start("datetime", "2026-03-04T01:30:00Z", now) == "2026-03-04T01:30:00Z"
    assert moments.start("datetime", "soon", now) == "2026-11-24T13:20:00+00:00"


def test_another_day_keeps_clock_and_offset(zone: Zone) -> None:
    zone("Europe/Berlin")
    now, day = here("2026-11-24T13:20:30+00:00"), date(2026, 7, 1)
    assert moments.with_day("datetime", "2026-03-04T01:30:00.5-09:30", day, now) == "2026-07-01T01:30:00.5-09:30"
    assert moments.with_day("datetime", "", day, now) == "2026-07-01T00:00:00+02:00"
    assert moments.with_day("date", "nonsense", day, now) == "2026-07-01"
