"""Waits until a person answers: an approval, or an input step with a form of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from engine import BaseTask, executor_register
from engine.question import INPUTS, Question


@executor_register()
class Approve(BaseTask):
    """Takes no slot while it waits and survives restarts; any console or script on the store may answer.

    Result: `answer` (approved, by, timed_out, at, reason) and `result`, the values of the form, which dependents get
    as inputs. A rejection fails the task with the reason, `error_type` "rejected".
    """

    id = "approve"
    name = "Approval"
    description = "Pauses its branch until a person answers, with a form where one is given"
    tags = ("people",)
    asks = True
    retry_safe = True
    inputs_schema: ClassVar[Any] = {"type": "object", "properties": INPUTS, "additionalProperties": False}
    output_schema: ClassVar[Any] = {
        "type": "object",
        "properties": {
            "answer": {
                "type": "object",
                "properties": {
                    "approved": {"type": "boolean"},
                    "by": {"type": "string"},
                    "timed_out": {"type": "boolean"},
                    "at": {"type": "string", "format": "date-time"},
                    "reason": {"type": "string"},
                },
                "required": ["approved", "by", "timed_out", "at", "reason"],
            },
            "result": {"type": "object"},
        },
        "required": ["answer", "result"],
    }
    examples = (
        {"title": "Deploy to production?", "timeout": 1, "on_timeout": "approve"},
        {
            "title": "Which host?",
            "text": "The old one is switched off afterwards.",
            "schema": {"properties": {"host": {"type": "string", "default": "web-1"}}, "required": ["host"]},
            "options": ["approve"],
            "timeout": 1,
            "on_timeout": "approve",
        },
    )

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        answer = self.answer
        if answer is None:
            Question.of(inputs)  # which says what is wrong with it
            raise RuntimeError("nobody was asked: it waits for an answer only where the engine runs it")
        values = answer.pop("values")
        who = "because nobody answered in time" if answer["timed_out"] else f"by {answer['by']}"
        reason = f": {answer['reason']}" if answer["reason"] else ""
        self.log(f"{'approved' if answer['approved'] else 'rejected'} {who}{reason}")
        if not answer["approved"]:
            return {
                "status": "failed",
                "error": f"rejected {who}{reason}",
                "error_type": "rejected",
                "answer": answer,
            }
        return {"answer": answer, "result": values}

    def get_demo_result(self, inputs: dict[str, Any]) -> dict[str, Any]:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        answer = {"approved": True, "by": "", "timed_out": False, "at": at, "reason": "dry run"}
        return {"status": "completed", "demo": True, "answer": answer, "result": {}}
