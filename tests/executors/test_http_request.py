"""http_request against a server on this machine: answers, failures in words, and no secret in either."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from executors.http_client import BODY_LIMIT
from executors.http_request import HttpRequest
from tests.executors.in_a_run import context_of

TOKEN = "tok-5ecret-value"


async def echo(request: web.Request) -> web.Response:
    return web.json_response(
        {
            "method": request.method,
            "query": dict(request.query),
            "headers": dict(request.headers),
            "body": await request.text(),
        }
    )


async def answer(request: web.Request) -> web.StreamResponse:
    """The answers that need more than an echo, by path."""
    kind = request.match_info["kind"]
    match kind:
        case "text":
            return web.Response(body="grün".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"})
        case "problem":
            return web.Response(status=404, text='{"why": "gone"}', content_type="application/problem+json")
        case "broken":
            return web.Response(text="{broken", content_type="application/json")
        case "infinite":
            return web.Response(text='{"a": 1e999, "b": NaN}', content_type="application/json")
        case "empty":
            return web.Response(status=204)
        case "large":
            body = gzip.compress(b"x" * (BODY_LIMIT + 1000))
            return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"})
        case "loop":
            raise web.HTTPFound("/loop")
        case "moved":
            raise web.HTTPFound("/echo?after=move")
        case "slow":
            await asyncio.sleep(30)
        case "drip":
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b".")
                await asyncio.sleep(0.1)
        case "cut":
            assert request.transport is not None
            request.transport.abort()
    return web.Response(text="?")


@pytest.fixture
async def base(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    app.router.add_route("*", "/{kind}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def request(url: str, log: list[str] | None = None, **more: Any) -> dict[str, Any]:
    executor = HttpRequest(inputs={})
    executor._context = context_of("http_request", on_log=(log if log is not None else []).append)
    result: dict[str, Any] = await executor.execute({"url": url, **more})
    json.dumps(result, allow_nan=False)  # rule 4.5
    return result


async def test_json_answer(base: str) -> None:
    log: list[str] = []
    result = await request(f"{base}/echo", log, params={"q": "a b"}, headers={"X-A": "1"})
    assert (result["status"], result["status_code"], result["reason"]) == ("completed", 200, "OK")
    assert result["data"]["method"] == "GET"
    assert result["data"]["query"] == {"q": "a b"}
    assert result["data"]["headers"]["X-A"] == "1"
    assert result["response_headers"]["content-type"].startswith("application/json")
    assert result["url"] == f"{base}/echo?q=a+b" or result["url"] == f"{base}/echo?q=a%20b"
    assert result["elapsed_ms"] > 0 and not result["truncated"]
    assert log[0] == f"GET {base}/echo" and log[1].startswith("200 OK, ")


async def test_params_join_those_of_the_address(base: str) -> None:
    result = await request(f"{base}/echo?a=1", params={"b": "2"})
    assert result["data"]["query"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_sends_a_json_body(base: str, method: str) -> None:
    data = (await request(f"{base}/echo", method=method, json={"a": [1]}))["data"]
    assert data["method"] == method and json.loads(data["body"]) == {"a": [1]}
    assert data["headers"]["Content-Type"] == "application/json"


@pytest.mark.parametrize("payload", [0, False, "", [], {}])
async def test_a_falsy_json_body_is_a_body(base: str, payload: Any) -> None:
    """Rule 3.4's sense: false and 0 are values."""
    data = (await request(f"{base}/echo", method="POST", json=payload))["data"]
    assert json.loads(data["body"]) == payload


async def test_sends_a_text_body(base: str) -> None:
    data = (await request(f"{base}/echo", method="POST", body="grüße", headers={"Content-Type": "text/x"}))["data"]
    assert data["body"] == "grüße" and data["headers"]["Content-Type"] == "text/x"


async def test_head_has_no_data(base: str) -> None:
    result = await request(f"{base}/echo", method="HEAD")
    assert (result["status_code"], result["data"]) == (200, "")
    assert (await request(f"{base}/empty"))["data"] == ""


async def test_text_is_read_in_its_charset(base: str) -> None:
    assert (await request(f"{base}/text"))["data"] == "grün"


async def test_json_that_is_none_stays_text(base: str) -> None:
    assert (await request(f"{base}/broken"))["data"] == "{broken"
    assert (await request(f"{base}/infinite"))["data"] == '{"a": 1e999, "b": NaN}'


async def test_a_large_body_is_cut(base: str) -> None:
    result = await request(f"{base}/large")
    assert result["truncated"] and result["size"] == BODY_LIMIT == len(result["data"])


async def test_an_unexpected_status_fails_and_keeps_the_answer(base: str) -> None:
    """Rule 4.4."""
    result = await request(f"{base}/problem")
    assert (result["status"], result["error_type"]) == ("failed", "unexpected_status")
    assert result["error"] == "HTTP 404 Not Found"
    assert (result["status_code"], result["data"]) == (404, {"why": "gone"})


async def test_the_expected_status_decides(base: str) -> None:
    assert (await request(f"{base}/problem", expected_status=[404]))["status"] == "completed"
    result = await request(f"{base}/echo", expected_status=[201, 204])
    assert result["error"] == "HTTP 200 OK, expected 201 or 204"


async def test_redirects(base: str) -> None:
    followed = await request(f"{base}/moved")
    assert followed["data"]["query"] == {"after": "move"} and followed["url"] == f"{base}/echo?after=move"
    stayed = await request(f"{base}/moved", follow_redirects=False)
    assert (stayed["status"], stayed["status_code"]) == ("completed", 302)
    assert stayed["response_headers"]["location"] == "/echo?after=move"
    assert (await request(f"{base}/loop"))["error_type"] == "too_many_redirects"


@pytest.mark.parametrize("path", ["slow", "drip"])
async def test_the_timeout_holds_for_the_whole_answer(base: str, path: str) -> None:
    result = await asyncio.wait_for(request(f"{base}/{path}", timeout=1), 10)
    assert (result["status"], result["error_type"], result["field"]) == ("failed", "timeout_error", "timeout")
    assert f"/{path}" in result["error"] and "1 s" in result["error"]


async def test_it_ends_at_once_when_cancelled(base: str) -> None:
    """Rule 5.1: without a cancel() of its own the coroutine is cancelled."""
    running = asyncio.ensure_future(request(f"{base}/slow"))
    await asyncio.sleep(0.3)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=5)
    assert running in done and running.cancelled()


async def test_refused_connection_in_words(base: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    result = await request(url)
    assert (result["error_type"], result["field"]) == ("connect_error", "url")
    assert result["error"] == f"cannot connect to {url}: Connection refused"


async def test_a_connection_that_breaks_off(base: str) -> None:
    result = await request(f"{base}/cut")
    assert result["error_type"] == "transport_error" and "/cut" in result["error"]


async def test_tls_to_a_server_without_it(base: str) -> None:
    result = await request(base.replace("http://", "https://") + "/echo")
    assert result["error_type"] == "tls_error" and "no secure connection" in result["error"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_an_untrusted_certificate(base: str, tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        result = await request(url)
        assert result["error_type"] == "tls_error" and "signed" in result["error"]
        assert (await request(url, verify_tls=False))["status_code"] == 200
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "example.com"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://exa mple.com:x/"}, "url"),
        ({"url": "http://127.0.0.1/", "method": "BREW"}, "method"),
        ({"url": "http://127.0.0.1/", "json": 1, "body": "x"}, "body"),
        ({"url": "http://127.0.0.1/", "headers": {"a b": "x"}}, "headers"),
        ({"url": "http://127.0.0.1/", "headers": {"X-Key": f"{TOKEN}\n"}}, "headers"),
        ({"url": "http://127.0.0.1/", "bearer_token": f"{TOKEN}\nX: 1"}, "bearer_token"),
        ({"url": "http://127.0.0.1/", "bearer_token": f"{TOKEN}é"}, "bearer_token"),
    ],
)
async def test_bad_inputs_fail_at_their_field_and_tell_no_secret(inputs: dict[str, Any], field: str) -> None:
    """Rules 4.4, 8.6."""
    log: list[str] = []
    result = await request(inputs.pop("url"), log, **inputs)
    assert (result["status"], result["error_type"], result["field"]) == ("failed", "validation_error", field)
    assert TOKEN not in f"{result}{log}"


async def test_the_token_is_sent_and_shown_nowhere(base: str, caplog: pytest.LogCaptureFixture) -> None:
    """Rule 8.6: not even where the server sends it back; nor in what httpx itself logs."""
    log: list[str] = []
    caplog.set_level(logging.DEBUG)
    result = await request(f"{base}/echo", log, bearer_token=TOKEN, headers={"authorization": "Basic other"})
    assert result["data"]["headers"]["Authorization"] == "Bearer •••"
    assert TOKEN not in f"{result}{log}{caplog.text}"


async def test_name_and_password_of_an_address_are_sent_and_shown_nowhere(
    base: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Rule 8.6."""
    log: list[str] = []
    caplog.set_level(logging.DEBUG)
    result = await request(base.replace("//", "//ann:pass%40word@") + "/echo", log)
    assert result["data"]["headers"]["Authorization"] == "Basic YW5uOnBhc3NAd29yZA=="
    assert result["url"] == f"{base}/echo"
    assert "pass" not in f"{log}{caplog.text}{result['url']}"


async def test_request_headers_are_in_neither_log_nor_result(base: str, caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    caplog.set_level(logging.DEBUG)
    result = await request(f"{base}/text", log, headers={"X-Api-Key": TOKEN})
    assert TOKEN not in f"{result}{log}{caplog.text}"


def test_its_answer_does_not_become_the_headers_of_a_dependent_request() -> None:
    """Rule 3.5 fills absent inputs from equal keys of a dependency's result; the address alone may go on so."""
    keys = {"status_code", "reason", "response_headers", "elapsed_ms", "url", "data", "size", "truncated"}
    assert keys & set(HttpRequest().get_input_schema()["properties"]) == {"url"}
