"""The one writer: order, refusals and what follows a commit (behaviour.md 7.1)."""

from __future__ import annotations

from engine import statements
from engine.errors import TaskError
from engine.store import MEMORY, Store


async def test_7_1_all_hear_of_their_units_in_order_and_one_that_fails_stops_nobody() -> None:
    store = await Store.open(MEMORY)
    heard: list[tuple[str, str]] = []

    def then(name: str, refusal: TaskError | None) -> None:
        heard.append((name, str(refusal or "")))
        if name == "b":
            raise ValueError("not the writer's")

    writer = store.writer
    for name in ("a", "b", "c"):
        writer.write([statements.meta(name, name)], lambda refusal, name=name: then(name, refusal))
    assert writer.backlog == 3
    await writer.flush()
    assert [name for name, _ in heard] == ["a", "b", "c"]
    assert writer.backlog == 0
    assert await store.meta("c") == "c"
    await store.close()


async def test_7_1_a_refused_unit_is_told_so_and_the_others_of_its_commit_are_stored() -> None:
    store = await Store.open(MEMORY)
    heard: list[TaskError | None] = []
    store.writer.write([statements.meta("a", "1")], heard.append)
    store.writer.write([statements.pause("no such run", True), statements.meta("b", "2")], heard.append)
    store.writer.write([statements.meta("c", "3")], heard.append)
    await store.writer.flush()
    assert heard[0] is None and heard[2] is None
    assert "no such run" in str(heard[1])
    assert [await store.meta(key) for key in "abc"] == ["1", "", "3"]
    await store.close()
