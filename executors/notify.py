"""Tells someone: by a webhook, or by a program that is given the message on its standard input."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import executor_register
from executors import http_client
from executors.child import ProgramTask, judged, not_started
from executors.fields import BEARER_TOKEN
from executors.refused import Refused, failed
from executors.stoppable import Stopped

LEVELS = ["info", "warning", "error"]


@executor_register()
class Notify(ProgramTask):
    """A program finds title, message and level in TASKDECK_TITLE, TASKDECK_MESSAGE and TASKDECK_LEVEL too."""

    id = "notify"
    name = "Notify"
    description = "Sends a message to a webhook, or hands it to a program"
    tags = ("notification", "http", "flow")
    examples = (
        {"via": "program", "argv": ["cat"], "message": "the backup is done"},
        {"via": "webhook", "url": "https://example.com/hook", "title": "Backup", "message": "done", "level": "info"},
        {"via": "webhook", "url": "env:CHAT_HOOK", "body_as": "text", "message": "the disk is full", "level": "error"},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "message": {
                "type": "string",
                "title": "Message",
                "description": "What is told",
                "minLength": 1,
                "maxLength": 20_000,
                "contentMediaType": "text/plain",
            },
            "title": {
                "type": "string",
                "title": "Title",
                "description": "A line above it",
                "pattern": "^[^\\r\\n]*$",
                "x-errorMessage": "must be one line",
                "maxLength": 200,
            },
            "level": {
                "type": "string",
                "title": "Level",
                "description": "How grave it is",
                "enum": LEVELS,
                "default": "info",
            },
            "via": {
                "type": "string",
                "title": "Via",
                "description": "An address on the net, or a program on this machine",
                "enum": ["webhook", "program"],
                "default": "webhook",
            },
            "url": {
                "type": "string",
                "title": "Webhook",
                "description": "Its address; it lets anyone send, so it is kept like a password, or give env:NAME",
                "pattern": "^([hH][tT][tT][pP][sS]?://|env:|keyring:)",
                "x-errorMessage": "must begin with http:// or https://",
                "writeOnly": True,
            },
            "body_as": {
                "type": "string",
                "title": "Body",
                "description": "fields: title, message and level as JSON; text: one `text`, as chats take it; plain",
                "enum": ["fields", "text", "plain"],
                "default": "fields",
            },
            "bearer_token": BEARER_TOKEN,
            "argv": {
                "type": "array",
                "title": "Program",
                "description": "A program and its arguments, run without a shell; it reads the message",
                "items": {"type": "string"},
                "minItems": 1,
                "examples": [["notify-send", "taskdeck"]],
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds until it must be told",
                "minimum": 0.1,
                "maximum": 300,
                "default": 15,
            },
        },
        "required": ["message"],
        "if": {"properties": {"via": {"const": "program"}}, "required": ["via"]},
        "then": {"required": ["argv"], "properties": {"url": False, "body_as": False, "bearer_token": False}},
        "else": {"required": ["url"], "properties": {"argv": False}},
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"via", "status_code", "answer"}` of a webhook, or `{"via", "exit_code", "stdout", ...}`.

        Failures have `error_type` validation_error, not_found, exit_code, signal, timeout_error, unexpected_status or
        those of a connection, as http_request has.
        """
        try:
            if inputs.get("via") == "program":
                return {**await self._program(inputs), "via": "program"}
            return {**await self._webhook(inputs), "via": "webhook"}
        except Stopped:
            return {"status": "cancelled", "message": "cancelled; it may have been told already"}
        except Refused as refusal:
            return refusal.result

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        return {"status": "completed", "demo": True, "via": inputs.get("via", "webhook"), "would_tell": _text(inputs)}

    async def _webhook(self, inputs: dict[str, Any]) -> dict[str, Any]:
        url = inputs.get("url")
        if not url:
            raise Refused("a webhook needs its address", "url")
        request: dict[str, Any] = {"url": url, "method": "POST", "follow_redirects": False}
        if inputs.get("body_as") == "plain":
            request |= {"body": _text(inputs), "headers": {"Content-Type": "text/plain; charset=utf-8"}}
        elif inputs.get("body_as") == "text":
            request["json"] = {"text": _text(inputs)}
        else:
            fields = {"title": inputs.get("title", ""), "message": inputs["message"]}
            request["json"] = {**fields, "level": inputs.get("level", "info")}
        if inputs.get("bearer_token"):
            request["bearer_token"] = inputs["bearer_token"]
        send = http_client.exchange(request, inputs.get("timeout", 15), lambda text: None)
        answer = await self.unless_stopped(send)
        told = {"status_code": answer["status_code"], "answer": answer["data"]}
        if not 200 <= answer["status_code"] < 300:
            words = f"the webhook answers HTTP {answer['status_code']} {answer['reason']}".rstrip()
            return {**failed(words, "unexpected_status", "url"), **told}
        self.log(f"told by webhook: HTTP {answer['status_code']}")
        return {"status": "completed", **told}

    async def _program(self, inputs: dict[str, Any]) -> dict[str, Any]:
        argv, timeout = inputs.get("argv"), inputs.get("timeout", 15)
        if not argv:
            raise Refused("name the program that is to tell it", "argv")
        env = {
            "TASKDECK_TITLE": inputs.get("title", ""),
            "TASKDECK_MESSAGE": inputs["message"],
            "TASKDECK_LEVEL": inputs.get("level", "info"),
        }
        try:
            ended = await self.run_program(argv, env=env, stdin=inputs["message"], timeout=timeout)
        except (OSError, ValueError, RuntimeError) as error:
            raise not_started(argv[0], error, "argv") from error
        return judged(ended, timeout)


def _text(inputs: dict[str, Any]) -> str:
    level = inputs.get("level", "info")
    before = "" if level == "info" else f"{level}: "
    title = f"{inputs['title']}\n" if inputs.get("title") else ""
    return f"{before}{title}{inputs.get('message', '')}"
