"""Logs by number: all lines of one task or of several, in order, any stretch of them."""

from __future__ import annotations

from pathlib import Path

from engine import Engine, Settings, statements
from engine.events import LogLine
from tests.engine.support import running


async def fill(engine: Engine) -> None:
    writes = [
        statements.log(task, attempt, LogLine(float(at), "stdout", f"{task} {at}"))
        for task, attempt, at in (("a", 2, 5), ("a", 1, 1), ("b", 1, 3), ("a", 1, 2), ("b", 1, 4), ("a", 2, 6))
    ]
    engine.store.writer.write(writes)


async def test_4_9_numbers_and_pages(tmp_path: Path) -> None:
    async with running(Settings(store=tmp_path / "store.db")) as engine:
        await fill(engine)
        numbers = await engine.log_numbers(["a"])
        page = await engine.log_page(numbers)
        assert [(task, attempt, line.text) for task, attempt, line in page] == [
            ("a", 1, "a 1"), ("a", 1, "a 2"), ("a", 2, "a 5"), ("a", 2, "a 6"),
        ]  # fmt: skip
        assert [line.text for _, _, line in await engine.log_page(numbers[1:3])] == ["a 2", "a 5"]
        one = await engine.log_page(await engine.log_numbers(["a"], attempt=2))
        assert [line.text for _, _, line in one] == ["a 5", "a 6"]
        both = await engine.log_page(await engine.log_numbers(["a", "b"]))
        assert [line.text for _, _, line in both] == ["a 1", "a 2", "b 3", "b 4", "a 5", "a 6"], "by time"
        assert await engine.log_page([numbers[0], 99_999]) == page[:1], "what is gone is left out"
        assert len(await engine.log_numbers(["nobody"])) == 0
