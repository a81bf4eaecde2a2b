"""Tasks of one dispatcher that wait for a person: no slot is taken, nothing is lost with the process (7.1).

The question stands in the task's row, the answer is a row of its own that any process may write; who runs the task
finds it there, as after a restart or a takeover.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine import json_data, question_statements
from engine.errors import TaskdeckError, TaskError
from engine.events import EventKind
from engine.graph import Node
from engine.question import Answer, Question
from engine.run import prepare, public_inputs
from engine.store import Store
from engine.task import TaskStatus, now

if TYPE_CHECKING:
    from engine.dispatcher import Dispatcher

logger = logging.getLogger(__name__)
PART = 500
"""Values bound in one query."""
LONGEST_TIMER = 86_400.0
"""Seconds that one timer may wait; a later deadline is looked at again then."""


class Questions:
    """Asks for the nodes of one dispatcher; all on its loop."""

    def __init__(self, dispatcher: Dispatcher, store: Store) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._open: dict[Node, Question] = {}
        self._answers: dict[str, Answer] = {}
        self._timers: dict[Node, asyncio.TimerHandle] = {}

    @property
    def asking(self) -> int:
        """How many tasks wait for an answer."""
        return sum(node.task.is_asking for node in self._open)

    def holds(self, node: Node) -> bool:
        """Whether a node that could run waits for its answer; asks where it was not asked yet.

        A question that cannot be asked holds nothing: execute fails and says why.
        """
        task = node.task
        if task.id in self._answers or task.params.get("dry_run"):
            return False
        if node in self._open:
            return True
        try:
            if task.asked is not None and task.effective_inputs is not None:
                question, effective = Question.of(task.effective_inputs), None
            else:
                prepared = prepare(self._dispatcher.inputs.get(task.id, task.inputs), node, node.spec, "")
                if prepared.refusal is not None:
                    return False
                question = Question.of(prepared.inputs)
                effective = json_data.encode(public_inputs(prepared, node.spec)[0])
        except (TaskdeckError, json_data.NotJson):
            return False
        self._open[node] = question
        self._dispatcher.spawn(self._ask(node, question, effective))
        return True

    async def _ask(self, node: Node, question: Question, effective: str | None) -> None:
        """Put the question on disk, then tell it; one that stood there before keeps its time."""
        task, at = node.task, now()
        if effective is not None:
            asked = at.timestamp()
            try:
                await self._dispatcher.commit([question_statements.ask(task.id, asked, effective, at)])
            except TaskError as refusal:
                self._forget(node)
                if node.status is TaskStatus.PENDING:
                    await self._dispatcher.lost(node, refusal)
                return
            if not self._stands(node):
                return
            task.asked, task.effective, task.updated_at = asked, effective, at
        self._dispatcher.bus.publish(EventKind.PROGRESS if effective is None else EventKind.ASKED, task)
        self._arm(node, question)
        await self.look()

    def _stands(self, node: Node) -> bool:
        """Whether it still waits; what was cancelled or skipped meanwhile is forgotten."""
        stands = node in self._open and node.ready and self._dispatcher.nodes.get(node.task.id) is node
        if not stands:
            self._forget(node)
        return stands

    def _forget(self, node: Node) -> None:
        self._open.pop(node, None)
        if (timer := self._timers.pop(node, None)) is not None:
            timer.cancel()

    def drop(self, nodes: Iterable[Node]) -> None:
        """Nodes that left their tree."""
        if self._open or self._answers:
            for node in nodes:
                self._forget(node)
                self._answers.pop(node.task.id, None)

    # ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        """Go on with what has an answer in the store; called whenever another process may have written one."""
        standing = {n.task.id: n for n in list(self._open) if n.task.asked is not None and self._stands(n)}
        if not standing:
            return
        for task_id, asked, answer in await answers_of(self._store, standing):
            node = standing[task_id]
            if node.task.asked == asked and self._stands(node):
                self._go_on(node, answer)
        self._dispatcher.scheduler.pump()

    def _go_on(self, node: Node, answer: Answer) -> None:
        self._forget(node)
        node.task.asked = None
        self._answers[node.task.id] = answer
        self._dispatcher.enqueue([node])

    def take(self, node: Node) -> dict[str, Any] | None:
        """The answer for the attempt that begins now; None where nobody was asked."""
        answer = self._answers.pop(node.task.id, None)
        return answer.as_data() if answer is not None else None

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _arm(self, node: Node, question: Question) -> None:
        deadline = question.deadline(node.task.asked or 0.0)
        if deadline is not None and self._stands(node):
            left = max((deadline - now()).total_seconds(), 0.0)
            loop = asyncio.get_running_loop()
            self._timers[node] = loop.call_later(min(left, LONGEST_TIMER), self._due, node, question, deadline)

    def _due(self, node: Node, question: Question, deadline: datetime) -> None:
        self._timers.pop(node, None)
        if not self._stands(node):
            return
        if now() < deadline:
            self._arm(node, question)
        else:
            self._dispatcher.spawn(self._default(node, question))

    async def _default(self, node: Node, question: Question) -> None:
        """Nobody answered in time; a person who was faster by a moment counts."""
        assert node.task.asked is not None
        answer = question.default(now())
        try:
            await self._dispatcher.commit(question_statements.answer(node.task.id, node.task.asked, answer))
        except TaskError:
            pass
        await self.look()

    def stop(self) -> None:
        """The engine ends; what waits is asked again by the next."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._open.clear()


async def answers_of(store: Store, ids: Iterable[str]) -> list[tuple[str, float, Answer]]:
    """(task, when it was asked, answer) of those of these tasks that have answers, of former questions too."""
    wanted, found = list(ids), []
    for start in range(0, len(wanted), PART):
        part = wanted[start : start + PART]
        sql = f"SELECT task_id, asked_at, at, who, answer FROM answer WHERE task_id IN ({','.join('?' * len(part))})"
        found += [(row[0], row[1], _answer(row)) for row in await store.rows(sql, part)]
    return found


def _answer(row: Any) -> Answer:
    said = json_data.decode(row[4])
    return Answer(said["approved"], said["values"], said["reason"], row[3], datetime.fromtimestamp(row[2], UTC))
