from __future__ import annotations

import asyncio

from engine.events import LogLine
from engine.output import LINE_LIMIT, Keeper, Reports, TaskLog


def lines(*numbers: int) -> list[LogLine]:
    return [LogLine(0.0, "stdout", str(n)) for n in numbers]


def texts(found: list[LogLine]) -> list[str]:
    return [line.text for line in found]


async def log_of(*secrets: str) -> TaskLog:
    return TaskLog("key", Reports(asyncio.get_running_loop(), lambda _: None), secrets)


async def test_4_9_text_becomes_lines_whatever_pieces_it_comes_in() -> None:
    log = await log_of()
    for piece in ("a", "b\nc", "\r\nlast", " 10 %\rlast 20 %"):
        log.write("stdout", piece)
    log.close()
    stored = [line for line in log.take() if not line.is_passing]
    assert texts(stored) == ["ab", "c", "last 20 %"]


async def test_4_9_a_carriage_return_writes_over_the_line() -> None:
    log = await log_of("hunter2")
    log.write("stdout", "start\n\r 10 %")
    assert [(line.text, line.is_passing) for line in log.take()] == [("start", False), (" 10 %\r", True)]
    for piece in ("\r 20 %", "\r 30 % hunter2"):
        log.write("stdout", piece)
    assert texts(log.take()) == [" 30 % •••\r"], "only the latest is told"
    log.write("stdout", "\rdone\r")
    log.write("stdout", "\nafter\r")
    log.close()
    assert [line.text for line in log.take() if not line.is_passing] == ["done", "after"]


async def test_streams_do_not_mix_inside_a_line() -> None:
    log = await log_of()
    log.write("stdout", "out")
    log.write("stderr", "err\n")
    log.write("stdout", "put\n")
    assert [(x.stream, x.text) for x in log.take()] == [("stderr", "err"), ("stdout", "output")]


async def test_a_line_of_a_megabyte_becomes_several() -> None:
    log = await log_of()
    log.write("stdout", "x" * 1_000_000)
    log.close()
    found = texts(log.take())
    assert max(map(len, found)) == LINE_LIMIT and sum(map(len, found)) == 1_000_000


async def test_8_6_secrets_are_masked_in_lines() -> None:
    log = await log_of("hunter2")
    log.line("log", "key=hunter2")
    assert texts(log.take()) == ["key=•••"]


def test_a_long_log_keeps_its_beginning_and_its_end_and_says_what_is_missing() -> None:
    keeper = Keeper(8)
    kept = keeper.keep(lines(*range(5))) + keeper.keep(lines(*range(5, 20)))
    assert texts(kept) == ["0", "1", "2", "3", "4", "5"]
    assert texts(keeper.rest()) == ["… 12 lines left out …", "18", "19"]


def test_a_log_within_the_limit_is_kept_whole() -> None:
    keeper = Keeper(8)
    assert texts(keeper.keep(lines(1, 2)) + keeper.keep(lines(3)) + keeper.rest()) == ["1", "2", "3"]
