"""One HTTP request; what it returns never holds what was sent to be let in."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import BaseTask, executor_register
from executors import http_client
from executors.fields import BEARER_TOKEN, HEADERS, VERIFY_TLS, WEB_ADDRESS
from executors.http_client import METHODS
from executors.refused import Refused


@executor_register()
class HttpRequest(BaseTask):
    """The response's headers are returned as `response_headers`: a result's `headers` would become the request headers
    of another http_request that depends on this one (3.5).
    """

    id = "http_request"
    name = "HTTP request"
    description = "Sends one HTTP request and keeps the answer, as JSON where it is"
    tags = ("http", "network", "api")
    cancelable = True
    examples = (
        {"url": "https://example.com/"},
        {"url": "https://example.com/items", "method": "POST", "json": {"name": "box"}, "expected_status": [201]},
        {"url": "https://example.com/search", "params": {"q": "tasks"}, "headers": {"Accept": "text/html"}},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "url": {**WEB_ADDRESS, "examples": ["https://example.com/"]},
            "method": {
                "type": "string",
                "title": "Method",
                "description": "The HTTP method",
                "enum": METHODS,
                "default": "GET",
            },
            "headers": HEADERS,
            "params": {
                "type": "object",
                "title": "Query",
                "description": "Parameters added to the address",
                "additionalProperties": {"type": "string"},
            },
            "json": {"title": "JSON body", "description": "Any JSON value, sent as application/json; null sends none"},
            "body": {
                "type": "string",
                "title": "Text body",
                "description": "Sent as it stands, instead of a JSON body",
                "contentMediaType": "text/plain",
            },
            "bearer_token": BEARER_TOKEN,
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds until the whole answer must be here",
                "minimum": 1,
                "maximum": 300,
                "default": 30,
            },
            "expected_status": {
                "type": "array",
                "title": "Expected status",
                "description": "Any other status is a failure; when absent, those of 400 and above are",
                "items": {"type": "integer", "minimum": 100, "maximum": 599},
                "uniqueItems": True,
            },
            "follow_redirects": {
                "type": "boolean",
                "title": "Follow redirects",
                "description": "Go on to where the answer points",
                "default": True,
            },
            "verify_tls": VERIFY_TLS,
        },
        "required": ["url"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"status_code", "reason", "response_headers", "elapsed_ms", "url", "data", "size", "truncated"}`.

        `data` is parsed JSON where the content type says JSON and it parses, else text. `url` is where the answer came
        from. A failed connection has `error_type` connect_error, tls_error, timeout_error, too_many_redirects or
        transport_error; an unexpected status is `unexpected_status` and keeps the answer.
        """
        try:
            answer = await http_client.exchange(inputs, inputs.get("timeout", 30), self.log)
        except Refused as refusal:
            return refusal.result
        size, took = answer["size"], answer["elapsed_ms"]
        self.log(f"{answer['status_code']} {answer['reason']}, {size} bytes in {took} ms")
        words = http_client.unexpected(answer, inputs.get("expected_status"))
        if words:
            return {"status": "failed", "error": words, "error_type": "unexpected_status", **answer}
        return {"status": "completed", **answer}
