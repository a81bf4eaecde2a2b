"""Asks an address again and again until it answers as a healthy service does."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

from engine import executor_register
from executors import http_client
from executors.fields import BEARER_TOKEN, HEADERS, VERIFY_TLS, WEB_ADDRESS
from executors.refused import Refused, failed
from executors.stoppable import Stoppable, Stopped

REQUEST: tuple[str, ...] = ("url", "method", "headers", "bearer_token", "verify_tls")
"""The inputs that make the request."""
PATTERN_SECONDS = 1.0
"""What one search for a pattern may take: some patterns never end."""
SHOWN = 500
"""Characters of the last body that a failure shows."""


@executor_register()
class HttpHealth(Stoppable):
    """Completed once `successes` answers in a row were healthy. A wrong address or pattern fails at once."""

    id = "http_health"
    name = "HTTP health"
    description = "Asks an address until it answers as a healthy service does"
    tags = ("http", "network", "monitoring", "wait")
    retry_safe = True
    examples = (
        {"url": "http://localhost:8080/health"},
        {"url": "https://example.com/", "expected_status": [200], "body_contains": "Example", "timeout": 30},
        {"url": "http://localhost:9200/_cluster/health", "body_pattern": '"status":"(green|yellow)"', "successes": 3},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "url": {**WEB_ADDRESS, "examples": ["http://localhost:8080/health"]},
            "method": {
                "type": "string",
                "title": "Method",
                "description": "The HTTP method; HEAD asks for no body",
                "enum": ["GET", "HEAD"],
                "default": "GET",
            },
            "expected_status": {
                "type": "array",
                "title": "Healthy status",
                "description": "When absent, any from 200 to 299",
                "items": {"type": "integer", "minimum": 100, "maximum": 599},
                "uniqueItems": True,
            },
            "body_contains": {
                "type": "string",
                "title": "Body contains",
                "description": "A text that must stand in the answer",
                "minLength": 1,
            },
            "body_pattern": {
                "type": "string",
                "title": "Body matches",
                "description": "A regular expression that must be found in the answer",
                "format": "regex",
                "minLength": 1,
            },
            "successes": {
                "type": "integer",
                "title": "In a row",
                "description": "How many healthy answers must follow each other",
                "minimum": 1,
                "maximum": 100,
                "default": 1,
            },
            "interval": {
                "type": "number",
                "title": "Interval",
                "description": "Seconds between two questions",
                "minimum": 0.1,
                "maximum": 3600,
                "default": 2,
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds until it must be healthy",
                "minimum": 1,
                "maximum": 86_400,
                "default": 60,
            },
            "request_timeout": {
                "type": "number",
                "title": "Answer within",
                "description": "Seconds that one answer may take",
                "minimum": 0.1,
                "maximum": 300,
                "default": 5,
            },
            "headers": HEADERS,
            "bearer_token": BEARER_TOKEN,
            "verify_tls": VERIFY_TLS,
        },
        "required": ["url"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"healthy", "attempts", "waited", "status_code", "elapsed_ms", "reason"}`.

        `reason` is what was wrong with the last answer, "" when nothing was. Not healthy in time is a failure
        `timeout_error`; it has the end of the last body as `body`.
        """
        try:
            pattern = _pattern(inputs.get("body_pattern"))
            return await self._ask(inputs, pattern)
        except Stopped:
            return {"status": "cancelled", "message": "cancelled before it was healthy"}
        except Refused as refusal:
            return refusal.result

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        told = {"healthy": True, "attempts": 0, "waited": 0.0, "status_code": 200, "elapsed_ms": 0.0, "reason": ""}
        return {"status": "completed", "demo": True, **told}

    async def _ask(self, inputs: dict[str, Any], pattern: Any) -> dict[str, Any]:
        began = time.monotonic()
        timeout, interval = inputs.get("timeout", 60), inputs.get("interval", 2)
        wanted = inputs.get("successes", 1)
        healthy, attempts, before = 0, 0, ""
        while True:
            left = timeout - (time.monotonic() - began)
            attempts += 1
            answer, reason = await self.unless_stopped(self._once(inputs, pattern, left))
            healthy = 0 if reason else healthy + 1
            waited = time.monotonic() - began
            told = {
                "healthy": healthy >= wanted,
                "attempts": attempts,
                "waited": round(waited, 3),
                "status_code": answer.get("status_code"),
                "elapsed_ms": answer.get("elapsed_ms"),
                "reason": reason,
            }
            if healthy >= wanted:
                self.report_progress(1.0, "healthy")
                return {"status": "completed", **told}
            said = reason or f"healthy, {healthy} of {wanted}"
            if said != before:
                self.log(f"{waited:.1f} s: {said}")
                before = said
            self.report_progress(min(waited / timeout, 0.99), said)
            if waited + interval >= timeout:
                words = f"not healthy within {timeout:g} s ({attempts} attempts): {said}"
                return {**failed(words, "timeout_error", "timeout"), **told, "body": _text(answer)[-SHOWN:]}
            await self.pause(interval)

    async def _once(self, inputs: dict[str, Any], pattern: Any, left: float) -> tuple[dict[str, Any], str]:
        """(the answer, why it is not healthy). Raises `Refused` for what no later answer can mend."""
        wanted = {name: inputs[name] for name in REQUEST if name in inputs}
        patience = min(inputs.get("request_timeout", 5), max(left, 0.1))
        try:
            answer = await http_client.exchange(wanted, patience, lambda text: None, as_text=True)
        except Refused as refusal:
            if refusal.error_type == "validation_error":
                raise
            return {}, str(refusal)
        return answer, await asyncio.to_thread(_unhealthy, answer, inputs, pattern)


def _pattern(text: str | None) -> Any:
    import regex

    if not text:
        return None
    try:
        return regex.compile(text)
    except regex.error as error:
        raise Refused(f"no regular expression: {error}", "body_pattern") from error


def _unhealthy(answer: dict[str, Any], inputs: dict[str, Any], pattern: Any) -> str:
    expected = inputs.get("expected_status")
    wrong = http_client.unexpected(answer, expected)
    if not wrong and not expected and not 200 <= answer["status_code"] < 300:
        wrong = f"HTTP {answer['status_code']} {answer['reason']}"
    if wrong:
        return wrong
    text = _text(answer)
    contains = inputs.get("body_contains")
    if contains and contains not in text:
        return f"the body does not contain {contains!r:.80}"
    try:
        if pattern is not None and not pattern.search(text, timeout=PATTERN_SECONDS, concurrent=True):
            return f"the body does not match {pattern.pattern:.80}"
    except TimeoutError:
        raise Refused("the pattern takes too long on this answer; write a simpler one", "body_pattern") from None
    return ""


def _text(answer: dict[str, Any]) -> str:
    """The body as text, as it came."""
    return str(answer.get("data", ""))
