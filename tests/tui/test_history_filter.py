"""The words that find runs: what they mean, what is said of wrong ones, what Tab offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.history_filter import KEYS, Query, parse, span, words_of, written
from tui.history_words import offer, unknown

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
KNOWN = {"executor": ["deploy_db", "deploy_web", "http"], "user": ["ann"], "tag": [], "label": ["weekly report"]}


def read(text: str) -> Query:
    return parse(text, NOW)


def test_words_become_the_parts_of_a_filter() -> None:
    filter = read('status:failed,cancelled executor:deploy -tag:old user:ann label:week "a phrase" -bad one two').filter
    assert filter.statuses == {"failed", "cancelled"}
    assert filter.also == (("executor", "deploy"), ("user", "ann"))
    assert filter.without == (("tag", "old"),)
    assert (filter.labels, filter.exact, filter.no_text, filter.text) == (("week",), ("a phrase",), ("bad",), "one two")


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("since:2d", NOW - timedelta(days=2)),
        ("since:1h30m", NOW - timedelta(hours=1.5)),
        ("since:today", datetime(2026, 3, 4, tzinfo=UTC)),
        ("since:yesterday", datetime(2026, 3, 3, tzinfo=UTC)),
        ("since:9:15", datetime(2026, 3, 4, 9, 15, tzinfo=UTC)),
        ("since:2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("since:2026-02-01T08:00+02:00", datetime(2026, 2, 1, 6, tzinfo=UTC)),
        ("since:2d since:1d", NOW - timedelta(days=1)),
        ("-until:1d", NOW - timedelta(days=1)),
    ],
)
def test_times_are_the_persons(text: str, since: datetime) -> None:
    query = read(text)
    assert query.wrongs == () and query.filter.since == since


def test_negation_turns_what_can_be_turned() -> None:
    assert read("-status:failed").filter.statuses == {"in_progress", "completed", "cancelled"}
    assert read("!duration>10s").filter.shorter == 10
    assert read("duration>10s duration<1m duration:>20s").filter.longer == 20


@pytest.mark.parametrize(
    ("text", "said", "instead"),
    [
        ("stauts:failed", "did you mean status:?", "status:failed"),
        ("status:faild", "did you mean failed?", "status:failed"),
        ("status:pending", "did you mean running?", "status:running"),
        ("since:yestarday", "did you mean yesterday?", "since:yesterday"),
        ("since:whenever", "is no time", ""),
        ("duration:10s", "duration>10s", "duration>10s"),
        ("duration>soon", "is no duration", "duration>10s"),
        ("qqqq:x", 'write "qqqq:x"', ""),
        ("user:a user:b", "one user", ""),
        ("-id:abc", "cannot be negated", ""),
        ("id:a id:b", "stands twice", ""),
        ("executor:", "executor: what?", ""),
        ('""', "nothing stands", ""),
        ("-", "nothing follows", ""),
        ("since:1d until:2d", "wrong way round", ""),
        ("status:failed -status:failed", "no status is left", ""),
        ("user>ann", "takes a colon", "user:ann"),
    ],
)
def test_a_wrong_word_is_told_with_the_right_one(text: str, said: str, instead: str) -> None:
    (wrong,) = read(text).wrongs
    assert said in wrong.said and wrong.instead == instead


def test_an_address_is_a_text() -> None:
    assert read("http://host/x?a=b").filter.text == "http://host/x?a=b"


@given(st.text(max_size=80))
def test_no_line_breaks_it_and_no_word_is_lost(text: str) -> None:
    words = list(words_of(text))
    covered = set().union(*(range(word.start, word.end) for word in words)) if words else set()
    assert all(sign.isspace() for at, sign in enumerate(text) if at not in covered)
    query = read(text)
    taken = query.filter
    parts = len(taken.also) + len(taken.without) + len(taken.labels) + len(taken.exact) + len(taken.no_text)
    if words and not query.wrongs:
        assert (
            parts
            or taken.text
            or taken.statuses
            or taken.since
            or taken.until
            or taken.id
            or (taken.longer is not None or taken.shorter is not None)
        )


@given(st.sampled_from(["executor", "tag", "label", "user"]), st.text(min_size=1, max_size=20))
def test_what_is_written_is_read_as_the_same(key: str, value: str) -> None:
    bare = value.replace('"', "")
    query = read(written(key, value))
    if bare:
        assert query.wrongs == ()
        assert (key, bare) in query.filter.also or bare in query.filter.labels


@given(st.floats(min_value=0.002, max_value=1e6))
def test_spans_are_read_as_they_are_meant(seconds: float) -> None:
    assert span(f"{seconds:.3f}s") == pytest.approx(seconds, abs=0.001)


def completed(text: str, turn: int = 0) -> str:
    found = offer(text, len(text), KNOWN, read(text), turn)
    return found.text if found is not None else text


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("st", "status:"),
        ("dur", "duration>"),
        ("status:f", "status:failed "),
        ("executor:de", "executor:deploy_"),
        ("executor:web", "executor:deploy_web "),
        ("executor:deploy_wep", "executor:deploy_web "),
        ("a -user:", "a -user:ann "),
        ("label:wee", 'label:"weekly report" '),
        ("stauts:failed", "status:failed "),
        ("nothing", "nothing"),
    ],
)
def test_tab_fills_in(text: str, after: str) -> None:
    assert completed(text) == after


def test_tab_again_goes_through_the_choices() -> None:
    assert [completed("executor:deploy_", turn) for turn in range(3)] == [
        "executor:deploy_db",
        "executor:deploy_web",
        "executor:deploy_db",
    ]


def test_a_value_that_no_run_has_is_told() -> None:
    assert "did you mean deploy_web?" in unknown(read("executor:deploy_wep"), KNOWN)
    assert unknown(read("executor:http user:ann label:REPORT"), KNOWN) == ""
    assert unknown(read("executor:http"), {}) == ""
    assert all(key in ("since", "until", "duration", "status", "id") or key in KNOWN for key in KEYS)
