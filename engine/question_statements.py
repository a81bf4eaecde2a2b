"""Write statements of questions to people and of their answers."""

from __future__ import annotations

from datetime import datetime

from engine import json_data
from engine.question import Answer
from engine.statements import Statement, Write

ASK = Statement(
    4,
    "UPDATE task SET asked_at = ?, effective_inputs = ?, updated_at = ? WHERE id = ? AND status = 'pending'",
    guarded=True,
)
ANSWER = Statement(
    5,
    "INSERT INTO answer (task_id, asked_at, at, who, answer) SELECT id, asked_at, ?, ?, ? FROM task"
    " WHERE id = ? AND status = 'pending' AND asked_at = ?",
    guarded=True,
)
WITHDRAW = Statement(4, "UPDATE task SET asked_at = NULL, effective_inputs = NULL WHERE id = ? AND status = 'pending'")
ANSWERED = Statement(6, "UPDATE task SET updated_at = ? WHERE id = ?")


def ask(task_id: str, asked: float, effective: str, at: datetime) -> Write:
    """The question stands from `asked` (epoch seconds) on; `effective` are the inputs that it is made of, as JSON."""
    return Write(ASK, task_id, (asked, effective, at.timestamp(), task_id))


def withdraw(task_id: str) -> Write:
    """A pending task asks nothing any more: what its question was made of is run again."""
    return Write(WITHDRAW, task_id, (task_id,))


def answer(task_id: str, asked: float, given: Answer) -> list[Write]:
    """Refused where that question does not stand any more, or has an answer already."""
    text = json_data.encode({"approved": given.approved, "values": given.values, "reason": given.reason})
    stamp = given.at.timestamp()
    return [
        Write(ANSWER, task_id, (stamp, json_data.storable(given.who), text, task_id, asked)),
        Write(ANSWERED, task_id, (stamp, task_id)),
    ]
