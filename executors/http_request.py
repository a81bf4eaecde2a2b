"""One HTTP request; what it returns never holds what was sent to be let in."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from engine import BaseTask, executor_register

if TYPE_CHECKING:
    import httpx

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a response's body that are read and kept."""

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

HIDDEN = "•••"
SHORTEST_HIDDEN = 6
"""A shorter token is not looked for in the answer: it would hit words that are none."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


class Refused(Exception):
    """Inputs that make no request: words and the field they belong to; never a header's value."""

    def __init__(self, words: str, field: str) -> None:
        super().__init__(words)
        self.field = field


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
            "url": {
                "type": "string",
                "title": "URL",
                "description": "An http or https address",
                "format": "uri",
                "pattern": "^[hH][tT][tT][pP][sS]?://",
                "x-errorMessage": "must begin with http:// or https://",
                "examples": ["https://example.com/"],
            },
            "method": {
                "type": "string",
                "title": "Method",
                "description": "The HTTP method",
                "enum": METHODS,
                "default": "GET",
            },
            "headers": {
                "type": "object",
                "title": "Headers",
                "description": "Request headers; a token belongs into its own field below",
                "additionalProperties": {"type": "string"},
            },
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
            "bearer_token": {
                "type": "string",
                "title": "Bearer token",
                "description": "Sent as Authorization: Bearer …; shown nowhere",
                "writeOnly": True,
                "minLength": 1,
            },
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
            "verify_tls": {
                "type": "boolean",
                "title": "Verify TLS",
                "description": "Refuse certificates that are not trusted",
                "default": True,
            },
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
        # In a thread: httpx and the certificates take 0.1 s to load.
        client = await asyncio.to_thread(_client, inputs)
        import httpx

        timeout = inputs.get("timeout", 30)
        where = "the server"
        try:
            async with asyncio.timeout(timeout), client:
                request = _request(client, inputs)
                where = str(request.url.copy_with(query=None, fragment=None))
                self.log(f"{request.method} {where}")
                answer = await _answer(client, request)
        except Refused as refusal:
            return _failed(str(refusal), "validation_error", refusal.field)
        except TimeoutError:
            return _failed(f"{where} did not answer in full within {timeout:g} s", "timeout_error", "timeout")
        except httpx.InvalidURL as error:
            return _failed(f"not a usable address: {error}", "validation_error", "url")
        except httpx.HTTPError as error:
            failure: dict[str, Any] = _hidden(_transport_failure(error, where), inputs.get("bearer_token"))
            return failure
        self.log(f"{answer['status_code']} {answer['reason']}, {answer['size']} bytes in {answer['elapsed_ms']} ms")
        return _judged(_hidden(answer, inputs.get("bearer_token")), inputs.get("expected_status"))


def _client(inputs: dict[str, Any]) -> httpx.AsyncClient:
    import httpx

    # One limit stands over the whole request, so httpx keeps none of its own: a server that drips would outlive them.
    return httpx.AsyncClient(
        timeout=None, follow_redirects=inputs.get("follow_redirects", True), verify=inputs.get("verify_tls", True)
    )


def _request(client: httpx.AsyncClient, inputs: dict[str, Any]) -> httpx.Request:
    """Raises `Refused`, or `httpx.InvalidURL`. Name and password leave the address, since httpx logs addresses."""
    import httpx

    url = httpx.URL(str(inputs.get("url") or ""))
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused("url must be an http or https address", "url")
    method = inputs.get("method", "GET")
    if method not in METHODS:
        raise Refused(f"method must be one of {', '.join(METHODS)}", "method")
    body, payload = inputs.get("body"), inputs.get("json")
    if body is not None and payload is not None:
        raise Refused("give a JSON body or a text body, not both", "body")
    if inputs.get("params"):
        url = url.copy_merge_params(inputs["params"])
    headers = _headers(inputs, url)
    url = url.copy_with(username=None, password=None)
    if payload is not None:
        return client.build_request(method, url, headers=headers, json=payload)
    return client.build_request(method, url, headers=headers, content=body)


def _headers(inputs: dict[str, Any], url: httpx.URL) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in (inputs.get("headers") or {}).items():
        if not _HEADER_NAME.fullmatch(name):
            raise Refused(f"{name!r:.80} is no name for a header", "headers")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise Refused(f"the header {name} holds more than printable ASCII", "headers")
        headers[name] = value.strip()
    token = inputs.get("bearer_token")
    if not token and not url.username and not url.password:
        return headers
    headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    if not token:
        from base64 import b64encode

        pair = f"{url.username}:{url.password}".encode()
        return {**headers, "Authorization": "Basic " + b64encode(pair).decode()}
    if not isinstance(token, str) or not _HEADER_VALUE.fullmatch(token):
        raise Refused("the token holds more than printable ASCII (a line end, perhaps)", "bearer_token")
    return {**headers, "Authorization": f"Bearer {token.strip()}"}


async def _answer(client: httpx.AsyncClient, request: httpx.Request) -> dict[str, Any]:
    began = time.monotonic()
    response = await client.send(request, stream=True)
    try:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > BODY_LIMIT:
                break
    finally:
        await response.aclose()
    text, data = _read_body(response, bytes(body[:BODY_LIMIT]))
    return {
        "status_code": response.status_code,
        "reason": response.reason_phrase,
        "response_headers": dict(response.headers),
        "elapsed_ms": round((time.monotonic() - began) * 1000, 1),
        "url": str(response.url.copy_with(username=None, password=None)),
        "data": text if data is None else data[0],
        "size": min(len(body), BODY_LIMIT),
        "truncated": len(body) > BODY_LIMIT,
    }


def _read_body(response: httpx.Response, body: bytes) -> tuple[str, tuple[Any] | None]:
    """(text, the parsed JSON in a 1-tuple, None where it is none)."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind.endswith(("/json", "+json"))
    encoding = response.charset_encoding or (json.detect_encoding(body) if is_json else "utf-8")
    try:
        text = body.decode(encoding, "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    if not is_json:
        return text, None
    try:
        return text, (json.loads(text, parse_constant=_no_number, parse_float=_finite),)
    except (ValueError, RecursionError):
        return text, None


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    """A number too large for a float is left to the text: it would come out as infinity, which no result may hold."""
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large")
    return number


def _judged(answer: dict[str, Any], expected: list[int] | None) -> dict[str, Any]:
    code = answer["status_code"]
    if code in expected if expected else code < 400:
        return {"status": "completed", **answer}
    words = f"HTTP {code} {answer['reason']}".strip()
    if expected:
        words += f", expected {' or '.join(str(one) for one in expected)}"
    return {"status": "failed", "error": words, "error_type": "unexpected_status", **answer}


def _hidden(value: Any, token: str | None) -> Any:
    """`value` with the token, where the server sent it back, made unreadable."""
    if not token or len(token) < SHORTEST_HIDDEN:
        return value
    if isinstance(value, str):
        return value.replace(token, HIDDEN)
    if isinstance(value, list):
        return [_hidden(one, token) for one in value]
    if isinstance(value, dict):
        return {_hidden(key, token): _hidden(one, token) for key, one in value.items()}
    return value


def _transport_failure(error: httpx.HTTPError, where: str) -> dict[str, Any]:
    import ssl

    import httpx

    causes = list(_causes(error))
    reason = next((cause for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
    words = (reason and _words(reason)) or str(error) or type(error).__name__
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return _failed(f"no secure connection to {where}: {words}", "tls_error", "url")
    if isinstance(error, httpx.TooManyRedirects):
        return _failed(f"{where} redirects too often", "too_many_redirects", "url")
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return _failed(f"cannot connect to {where}: {words}", "connect_error", "url")
    if isinstance(error, httpx.TimeoutException):
        return _failed(f"{where} timed out: {words}", "timeout_error", "url")
    return _failed(f"the connection to {where} failed: {words}", "transport_error", "url")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what lies below it, outermost first.

    httpx wraps what the system said several layers deep, some of them raised `from None`, which leaves the context.
    """
    seen: set[int] = set()
    below: BaseException | None = error
    while below is not None and id(below) not in seen:
        seen.add(id(below))
        yield below
        if isinstance(below, BaseExceptionGroup):
            below = below.exceptions[0]
        else:
            below = below.__cause__ or below.__context__


def _words(error: OSError) -> str:
    """What the system says; asyncio puts the address in its place, TLS and name look-ups have words of their own."""
    import socket
    import ssl

    if isinstance(error, ssl.SSLError | socket.gaierror):
        return getattr(error, "verify_message", None) or error.strerror or str(error)
    return os.strerror(error.errno) if error.errno else str(error)


def _failed(error: str, error_type: str, field: str) -> dict[str, Any]:
    return {"status": "failed", "error": error, "error_type": error_type, "field": field}
