"""What one process asks of another on the same store: who runs a task does what is done to it (behaviour.md 7.2)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from engine import json_data, statements
from engine.errors import TaskdeckError, TaskError
from engine.foreign import answers, requests
from engine.store import Store
from engine.task import now

logger = logging.getLogger(__name__)
ANSWER_LIMIT = 30.0
"""Seconds that the other process may take; a cancel waits for the code's grace."""
KEPT_SECONDS = 86_400.0
"""How long requests stay whose asker ended before the answer came."""

Act = Callable[..., Awaitable[Any]]
"""What is done on request; its answer is JSON."""


class OwnerEnded(Exception):
    """The process that was asked ended before it answered: who asked may act by itself."""


class Requests:
    """Asks other engines and answers them; `look` is called whenever the store may have changed."""

    def __init__(self, store: Store, acts: Mapping[str, Act]) -> None:
        self._store = store
        self._acts = acts
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._answering: dict[str, asyncio.Task[None]] = {}

    async def ask(self, owner: str, what: str, **detail: Any) -> Any:
        """Have the engine `owner` do `what`, one of its acts; returns what that returned.

        Raises `TaskError` with its refusal, or when it does not answer, and `OwnerEnded` when its process ended.
        """
        request_id = uuid4().hex
        answer = self._asked[request_id] = asyncio.get_running_loop().create_future()
        try:
            await self._store.writer.commit([statements.request(request_id, owner, what, detail, now())])
            said = await self._answer_of(owner, answer)
        finally:
            del self._asked[request_id]
            self._store.writer.write([statements.forget_request(request_id)])
        if "refusal" in said:
            raise TaskError(said["refusal"], said.get("hint", ""))
        return said.get("value")

    async def _answer_of(self, owner: str, answer: asyncio.Future[dict[str, Any]]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        until = loop.time() + ANSWER_LIMIT
        while not answer.done():
            await asyncio.wait({answer}, timeout=0.5)
            if not answer.done() and self._store.lease.is_dead(owner):
                raise OwnerEnded
            if not answer.done() and loop.time() > until:
                raise TaskError("the process that runs it does not answer", "It may hang: act there, or end it")
        return answer.result()

    async def look(self) -> None:
        """Take up what others ask of this engine, and the answers to what it asked."""
        for request_id, what, detail in await requests(self._store):
            if request_id not in self._answering:
                work = asyncio.ensure_future(self._carry_out(request_id, what, detail))
                self._answering[request_id] = work
                work.add_done_callback(partial(self._answered, request_id))
        if self._asked:
            for request_id, answer in await answers(self._store, self._asked):
                waiting = self._asked.get(request_id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)

    def _answered(self, request_id: str, work: asyncio.Task[None]) -> None:
        self._answering.pop(request_id, None)
        if not work.cancelled() and (error := work.exception()) is not None:
            logger.error("an answer to another process was lost", exc_info=error)

    async def _carry_out(self, request_id: str, what: str, detail: dict[str, Any]) -> None:
        act = self._acts.get(what)
        try:
            if act is None:
                raise TaskError(f"the process that runs it cannot {what}", "It may be of another version: act there")
            answer: dict[str, Any] = {"value": await act(**detail)}
        except TaskdeckError as refusal:
            answer = {"refusal": refusal.message, "hint": refusal.hint}
        except Exception as error:
            logger.exception("a request to %s failed", what)
            answer = {"refusal": f"{what} failed: {type(error).__name__}: {error}"}
        await self._store.writer.commit([statements.answer(request_id, json_data.encode(answer))])

    async def clear(self) -> None:
        """Forget requests of the day before, whose askers ended."""
        self._store.writer.write([statements.forget_requests(now().timestamp() - KEPT_SECONDS)])

    async def stop(self) -> None:
        """Give up what is asked and what is being done for others."""
        works = list(self._answering.values())
        for work in works:
            work.cancel()
        if works:
            await asyncio.wait(works)
