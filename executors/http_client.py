"""What the executors that speak HTTP share: a request made with care, and an answer that is read in bounds."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from executors.refused import Refused

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


async def exchange(
    inputs: Mapping[str, Any], timeout: float, log: Callable[[str], None], *, as_text: bool = False
) -> dict[str, Any]:
    """Send one request and read its answer, whatever its status.

    `inputs` has `url` and, where wanted, `method`, `headers`, `params`, `json` or `body`, `bearer_token`,
    `follow_redirects` and `verify_tls`. Returns `{"status_code", "reason", "response_headers", "elapsed_ms", "url",
    "data", "size", "truncated"}`, the token hidden; `as_text` leaves `data` as it came. Raises `Refused` for everything
    that gives no answer, with an `error_type` of validation_error, connect_error, tls_error, timeout_error,
    too_many_redirects or transport_error.
    """
    # In a thread: httpx and the certificates take 0.1 s to load.
    client = await asyncio.to_thread(_client, inputs)
    import httpx

    where = "the server"
    token = inputs.get("bearer_token")
    try:
        async with asyncio.timeout(timeout), client:
            request = _request(client, inputs)
            where = str(request.url.copy_with(query=None, fragment=None))
            log(f"{request.method} {where}")
            answer = await _answer(client, request, as_text)
    except TimeoutError:
        raise Refused(f"{where} did not answer in full within {timeout:g} s", "timeout", "timeout_error") from None
    except httpx.InvalidURL as error:
        raise Refused(f"not a usable address: {error}", "url") from None
    except httpx.HTTPError as error:
        failure = _transport_failure(error, where)
        raise Refused(_hidden(str(failure), token), failure.field, failure.error_type) from None
    hidden: dict[str, Any] = _hidden(answer, token)
    return hidden


def unexpected(answer: dict[str, Any], expected: list[int] | None) -> str:
    """Why the answer's status is a failure, "" where it is none; without `expected` those of 400 and above are."""
    code = answer["status_code"]
    if code in expected if expected else code < 400:
        return ""
    words = f"HTTP {code} {answer['reason']}".strip()
    return f"{words}, expected {' or '.join(str(one) for one in expected)}" if expected else words


def _client(inputs: Mapping[str, Any]) -> httpx.AsyncClient:
    import httpx

    # One limit stands over the whole request, so httpx keeps none of its own: a server that drips would outlive them.
    return httpx.AsyncClient(
        timeout=None, follow_redirects=inputs.get("follow_redirects", True), verify=inputs.get("verify_tls", True)
    )


def _request(client: httpx.AsyncClient, inputs: Mapping[str, Any]) -> httpx.Request:
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


def _headers(inputs: Mapping[str, Any], url: httpx.URL) -> dict[str, str]:
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


async def _answer(client: httpx.AsyncClient, request: httpx.Request, as_text: bool) -> dict[str, Any]:
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
        "data": text if data is None or as_text else data[0],
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


def _transport_failure(error: httpx.HTTPError, where: str) -> Refused:
    import ssl

    import httpx

    causes = list(_causes(error))
    reason = next((cause for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
    words = (reason and _words(reason)) or str(error) or type(error).__name__
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Refused(f"no secure connection to {where}: {words}", "url", "tls_error")
    if isinstance(error, httpx.TooManyRedirects):
        return Refused(f"{where} redirects too often", "url", "too_many_redirects")
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return Refused(f"cannot connect to {where}: {words}", "url", "connect_error")
    if isinstance(error, httpx.TimeoutException):
        return Refused(f"{where} timed out: {words}", "url", "timeout_error")
    return Refused(f"the connection to {where} failed: {words}", "url", "transport_error")


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
