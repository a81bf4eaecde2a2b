"""http_health: a real server that becomes healthy, or never does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from executors.http_health import HttpHealth
from tests.executors.trial import Trial, problems


class Site:
    """Answers with the next of `answers`, and with the last of them for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = [(200, "ok")]
        self.asked: list[dict[str, str]] = []
        self.pause = 0.0
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append({"method": request.method, **request.headers})
        await asyncio.sleep(self.pause)
        status, text = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return web.Response(status=status, text=text)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/", site.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield site
    finally:
        await runner.cleanup()


def health(url: str, **inputs: Any) -> Trial:
    return Trial(HttpHealth, **{"url": url, "interval": 0.1, "timeout": 1, **inputs})


async def test_it_waits_until_the_answer_is_healthy(site: Site) -> None:
    site.answers = [(503, "starting"), (503, "starting"), (200, "ok")]
    trial = health(site.url, timeout=20)
    result = await trial.result()
    assert (result["status"], result["healthy"], result["attempts"]) == ("completed", True, 3)
    assert [line for line in trial.lines if "503" in line] and len(trial.lines) == 1  # said once, not each time
    assert trial.progress[-1][0] == 1.0


async def test_so_many_in_a_row(site: Site) -> None:
    site.answers = [(200, ""), (500, ""), (200, ""), (200, "")]
    assert (await health(site.url, successes=2, timeout=20).result())["attempts"] == 4


async def test_status_and_body_are_looked_at(site: Site) -> None:
    site.answers = [(302, ""), (200, '{"status": "red"}'), (200, '{"status": "green"}')]
    assert (await health(site.url, body_pattern='"(green|yellow)"', timeout=20).result())["attempts"] == 3
    site.answers, site.asked = [(418, "tea")], []
    assert (await health(site.url, expected_status=[418], body_contains="tea").result())["status_code"] == 418


async def test_never_healthy_says_why(site: Site) -> None:
    site.answers = [(200, "still red")]
    result = await health(site.url, body_contains="green").result()
    assert (result["error_type"], result["healthy"]) == ("timeout_error", False)
    assert "does not contain 'green'" in result["error"] and result["body"] == "still red"


async def test_nobody_listens_yet() -> None:
    result = await health("http://127.0.0.1:1/").result()
    assert result["error_type"] == "timeout_error" and "cannot connect" in result["error"] and result["attempts"] > 2


async def test_a_slow_answer_counts_as_none(site: Site) -> None:
    site.pause = 5
    result = await health(site.url, request_timeout=0.2).result()
    assert "did not answer" in result["reason"] and result["attempts"] > 1


async def test_a_cancel_ends_it_while_it_asks_and_while_it_waits(site: Site) -> None:
    for site.pause, interval in ((20.0, 0.1), (0.0, 20.0)):
        site.answers, site.asked = [(500, "")], []
        trial = health(site.url, interval=interval, timeout=60, request_timeout=30)
        task = trial.start()
        await trial.until(lambda: len(site.asked) == 1)
        await trial.cancel()
        assert (await task)["status"] == "cancelled"


async def test_the_token_is_sent_and_shown_nowhere(site: Site) -> None:
    site.answers = [(500, "you sent s3cret-token")]
    trial = health(site.url, bearer_token="s3cret-token", method="GET")
    result = await trial.result()
    assert site.asked[0]["Authorization"] == "Bearer s3cret-token"
    assert "s3cret" not in repr((result, trial.lines, trial.progress))


async def test_a_pattern_that_never_ends_is_told(site: Site) -> None:
    site.answers = [(200, "a" * 40 + "b")]
    result = await health(site.url, body_pattern="^(a|a)+$", timeout=20).result()
    assert (result["error_type"], result["field"]) == ("validation_error", "body_pattern")


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://"}, "url"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"headers": {"X": "a\r\nHost: b"}}, "headers"),
        ({"body_pattern": "("}, "body_pattern"),
    ],
)
async def test_what_no_later_answer_can_mend_fails_at_once(site: Site, inputs: dict[str, Any], field: str) -> None:
    result = await Trial(HttpHealth, checked=False, **{"url": site.url, "timeout": 20, **inputs}).result()
    assert (result["error_type"], result["field"]) == ("validation_error", field)


def test_bounds() -> None:
    assert problems(HttpHealth, url="http://x/", interval=0)
    assert problems(HttpHealth, url="ftp://x/")
    assert problems(HttpHealth, url="http://x/", body_pattern="(")
