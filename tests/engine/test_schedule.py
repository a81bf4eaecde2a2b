"""When schedules are due: pure, with given moments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import TaskError
from engine.schedule import When, zone_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def local(kind: str, rule: str, zone: str, start: datetime, number: int) -> list[str]:
    when = When.read(kind, rule, zone, start)
    return [f"{at.astimezone(zone_of(zone)):%m-%d %H:%M%z}" for at in when.upcoming(start, number)]


def test_every_counts_elapsed_time_through_a_change_of_the_clocks() -> None:
    start = datetime(2026, 3, 28, 12, tzinfo=zone_of("Europe/Berlin"))
    assert local("every", "1d", "Europe/Berlin", start, 2) == ["03-29 13:00+0200", "03-30 13:00+0200"]
    when = When.read("every", "1h 30m", "UTC", START)
    assert when.after(START) == START + timedelta(minutes=90)
    assert when.after(START + timedelta(minutes=90)) == START + timedelta(minutes=180)


def test_cron_has_a_run_in_the_gap_after_it_and_one_of_the_doubled_hour_once() -> None:
    spring = datetime(2026, 3, 28, tzinfo=UTC)
    assert local("cron", "30 2 * * *", "Europe/Berlin", spring, 3) == [
        "03-28 02:30+0100", "03-29 03:00+0200", "03-30 02:30+0200"
    ]  # fmt: skip
    autumn = datetime(2026, 10, 24, tzinfo=UTC)
    assert local("cron", "30 2 * * *", "Europe/Berlin", autumn, 3) == [
        "10-24 02:30+0200", "10-25 02:30+0200", "10-26 02:30+0100"
    ]  # fmt: skip
    early = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    assert local("cron", "*/30 * * * *", "Europe/Berlin", early, 4) == [
        "10-25 02:00+0200", "10-25 02:30+0200", "10-25 02:00+0100", "10-25 02:30+0100"
    ]  # fmt: skip


def test_at_comes_once_and_not_at_a_time_that_does_not_exist() -> None:
    when = When.read("at", "2026-03-04 18:30", "America/New_York", START)
    assert when.upcoming(START, 5) == [datetime(2026, 3, 4, 23, 30, tzinfo=UTC)]
    assert When.read("at", "2026-03-04T18:30+02:00", "UTC", START).after(START) == datetime(
        2026, 3, 4, 16, 30, tzinfo=UTC
    )
    with pytest.raises(TaskError, match=r"does not exist in Europe/Berlin.*03:30"):
        When.read("at", "2026-03-29 02:30", "Europe/Berlin", START)
    with pytest.raises(TaskError, match="is over already"):
        When.read("at", "2025-03-04 18:30", "UTC", START)


@pytest.mark.parametrize(
    ("kind", "rule", "zone", "words"),
    [
        ("cron", "61 * * * *", "UTC", "'61' is no minute.*0-59"),
        ("cron", "* * * * mox", "UTC", "'mox' is no day-of-week"),
        ("cron", "* * *", "UTC", "has 3 words, not 5"),
        ("cron", "", "UTC", "has 0 words"),
        ("cron", "0 0 30 2 *", "UTC", "day-of-month|never comes"),
        ("cron", "@noon", "UTC", "no '@noon'.*@daily"),
        ("every", "15", "UTC", "no length of time.*15m"),
        ("every", "5 parsecs", "UTC", "no unit 'parsecs'"),
        ("every", "0s", "UTC", "less than a second"),
        ("every", "900w", "UTC", "more than a year"),
        ("at", "tomorrow", "UTC", "no date and time"),
        ("every", "1h", "Berlin", "no time zone 'Berlin'.*Europe/Berlin"),
        ("every", "1h", "../etc/passwd", "no time zone"),
        ("often", "1h", "UTC", "no kind"),
    ],
)
def test_wrong_words_are_refused_with_what_is_wrong_and_how_it_is_written(
    kind: str, rule: str, zone: str, words: str
) -> None:
    with pytest.raises(TaskError) as refusal:
        When.read(kind, rule, zone, START)
    assert re.search(words, str(refusal.value)), str(refusal.value)


def test_a_cron_rule_is_explained() -> None:
    assert When.read("cron", "30 3 * * MON-FRI", "UTC", START).explained() == "At 03:30 on Monday through Friday"
    assert When.read("cron", "@daily", "UTC", START).after(START) == START + timedelta(days=1)


def test_no_time_is_left_out_behind_a_gap_of_half_an_hour() -> None:
    when = When.read("cron", "0 */5 * * *", "Australia/Lord_Howe", START)
    comes = when.upcoming(datetime(2026, 10, 3, 10, tzinfo=UTC), 3)
    assert [at.astimezone(zone_of("Australia/Lord_Howe")).hour for at in comes] == [0, 5, 10]


@settings(deadline=None)
@given(
    st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 0 1 * *", "15 1-3 * * SUN", "0 */5 * * *"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.integers(0, 365 * 24),
    st.integers(1, 200),
)
def test_what_was_due_in_a_span_is_what_comes_when_one_goes_through_it(
    rule: str, zone: str, begin: int, hours: int
) -> None:
    first = START + timedelta(hours=begin)
    last = first + timedelta(hours=hours)
    when = When.read("cron", rule, zone, first)
    walked = []
    at = when.after(first - timedelta(seconds=1))
    while at is not None and at <= last:
        walked.append(at)
        at = when.after(at)
    assert when.due(first, last, 10_000) == walked
    assert when.due(first, last, 3) == walked[-3:]


@given(st.floats(1, 5_000), st.integers(0, 100_000), st.integers(0, 100_000))
def test_every_is_due_at_its_multiples(step: float, begin: int, seconds: int) -> None:
    when = When.read("every", f"{step:.3f}s", "UTC", START)
    first = START + timedelta(seconds=begin)
    due = when.due(first, first + timedelta(seconds=seconds), 10)
    assert len(due) <= 10
    for at in due:
        before = when.after(at - timedelta(milliseconds=1))
        assert before is not None and abs((before - at).total_seconds()) < 0.001
