"""What is found in the catalogue, in which order."""

from __future__ import annotations

import time

import pytest

from tui.fuzzy import Entry, fold, rank

CATALOGUE = [
    Entry("http_request", "HTTP request", "Calls an address and checks the answer", ("web",)),
    Entry("greet", "Greeting", "Says hello"),
    Entry("greeting_executor", "Hello", "Greets by name"),
    Entry("regret", "Undo", "Takes it back"),
    Entry("g_r_e_e_t", "Spelled", ""),
    Entry("hello", "Greet someone", ""),
    Entry("wait", "Wait", "Sleeps, then greets", ("time",)),
    Entry("system_info", "System info", "CPU, memory and disks", ("host", "psutil")),
]


def ids(query: str) -> list[str]:
    return [hit.id for hit in rank(query, CATALOGUE)]


def test_an_empty_query_gives_all_as_they_stand() -> None:
    assert [hit.index for hit in rank("  ", CATALOGUE)] == list(range(len(CATALOGUE)))


def test_the_id_comes_before_the_name_and_that_before_the_rest() -> None:
    assert ids("greet") == ["greet", "greeting_executor", "g_r_e_e_t", "hello", "wait"]
    assert ids("gret") == ["regret", "greet", "greeting_executor", "g_r_e_e_t", "hello"]


@pytest.mark.parametrize(
    ("query", "best"),
    [("HTTP", "http_request"), ("htreq", "http_request"), ("undo", "regret"), ("psutil", "system_info"),
     ("memory", "system_info"), ("time", "wait"), ("sysinf", "system_info")],
)  # fmt: skip
def test_what_is_looked_for_is_first(query: str, best: str) -> None:
    assert ids(query)[0] == best


def test_every_word_must_match() -> None:
    assert ids("web http") == ["http_request"]
    assert ids("system disks") == ["system_info"]
    assert ids("system zebra") == []


def test_the_matched_characters_are_told() -> None:
    [hit] = rank("htreq", CATALOGUE[:1])
    assert "".join("http_request"[place] for place in hit.id_positions) == "htreq"
    [hit] = rank("undo", CATALOGUE[3:4])
    assert (hit.index, hit.id_positions, hit.name_positions) == (0, (), (0, 1, 2, 3))
    [hit] = rank("greet", CATALOGUE[1:2])
    assert hit.id_positions == hit.name_positions == (0, 1, 2, 3, 4)
    [hit] = rank("sleeps", CATALOGUE[6:7])
    assert (hit.id_positions, hit.name_positions) == ((), ())


def test_positions_hold_where_lower_case_is_longer() -> None:
    name = "İstanbul ŞEHİR"
    assert len(fold(name)) == len(name)
    [hit] = rank("stanbul", [Entry("x1", name)])
    assert [name[place] for place in hit.name_positions] == list("stanbul")


def test_foreign_signs_are_plain_text() -> None:
    assert [hit.id for hit in rank("[/x", [Entry("a[/x]"), Entry("b")])] == ["a[/x]"]


def test_500_entries_do_not_freeze_the_screen() -> None:
    entries = [
        Entry(f"executor_{n}_http_request", f"Request {n}", "words " * 30, ("web", "net", "http")) for n in range(500)
    ]
    before = time.perf_counter()
    assert len(rank("ex http words", entries)) == 500
    assert time.perf_counter() - before < 0.25, "usually 2 ms"
