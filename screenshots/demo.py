"""The scene that snapshot tests and the README's pictures show: a few executors, a tree at work, runs of before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engine.catalogue import Problem
from engine.question import INPUTS
from engine.schedule import When
from engine.task import TaskStatus
from tests.tui.fake_engine import GREETING_SCHEMA, NOON, FakeEngine, make_catalogue, make_spec

SPECS = (
    make_spec(
        "greeting_executor",
        "Greeting Executor",
        "Creates personalized greeting messages",
        schema=GREETING_SCHEMA,
        tags=("example", "text"),
    ),
    make_spec(
        "command",
        "Command",
        "Runs a shell line or a program, its output live in the log",
        schema={
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": "A shell line"},
                "cwd": {"type": "string", "description": "The folder it runs in"},
                "timeout": {"type": "number", "description": "Seconds", "default": 60},
            },
            "required": ["command"],
        },
        origin="shipped",
        tags=("shell", "process"),
    ),
    make_spec("data_processor", "Data processor", "Sums, sorts or counts numbers", origin="shipped"),
    make_spec("file_read", "Read a file", "Reads a text file, whole or its end", origin="shipped"),
    make_spec("hello", "Hello", "Shows each kind of field", origin="shipped"),
    make_spec("http_request", "HTTP request", "Sends a request and checks the status", origin="shipped", tags=("web",)),
    make_spec("system_info", "System info", "Processor, memory and disks of this machine", origin="shipped"),
    make_spec("wait", "Wait", "Waits and tells how far it is", origin="shipped"),
)

APPROVE = make_spec(
    "approve",
    "Approval",
    "Pauses its branch until a person answers",
    schema={"type": "object", "properties": INPUTS},
    origin="shipped",
    asks=True,
)

SYNTAX_PROBLEM = Problem(
    file="/srv/executors/greeting_executor.py",
    line=12,
    text="SyntaxError: '(' was never closed",
    traceback='  File "/srv/executors/greeting_executor.py", line 12\n    return dict(\n               ^\n'
    "SyntaxError: '(' was never closed",
    executor_id="greeting_executor",
)


COMMAND = {"executor_id": "command"}


def empty_engine() -> FakeEngine:
    """A first start: executors, and no run yet."""
    return FakeEngine(*SPECS)


def busy_engine() -> FakeEngine:
    """Runs of before, and a deployment that is under way."""
    engine = FakeEngine(*SPECS)
    _history(engine)
    engine.now = NOON - timedelta(seconds=42)
    engine.add("deploy web", id="deploy")
    engine.add("build", id="build", parent="deploy", params=COMMAND, inputs={"command": "make image"})
    engine.add("push", id="push", parent="deploy", params=COMMAND, inputs={"command": "make push"}, after=["build"])
    engine.add("verify", id="verify", parent="deploy", params={"executor_id": "http_request"}, after=["push"])
    engine.add("announce", id="announce", parent="deploy", params=COMMAND, after=["verify"])
    engine.now = NOON
    engine.start("build", ago=40)
    engine.log_line("build", "Step 1/4 : FROM python:3.11-slim")
    engine.log_line("build", "Successfully built 5f1c2d7e")
    engine.finish(
        "build", result={"status": "completed", "image": "registry.example/web:41", "bytes": 48_113_152}, took=28
    )
    engine.start("push", progress=0.7, message="layer 7 of 10", ago=12)
    for layer in range(1, 8):
        engine.log_line("push", f"layer {layer}: pushed {layer * 4.8:.1f} MB")
    engine.log_line("push", "retrying layer 7: connection reset", "stderr")
    return engine


def _history(engine: FakeEngine) -> None:
    engine.now = NOON - timedelta(hours=1)
    engine.add("greeting_executor", id="greeting", inputs={"name": "Alice", "language": "en"})
    engine.start("greeting")
    engine.finish(
        "greeting", result={"greeting": "Hello, Alice!", "name": "Alice", "language": "en", "status": "completed"}
    )
    engine.add("http_request", id="request", inputs={"url": "https://status.example/health"})
    engine.start("request")
    engine.finish(
        "request",
        TaskStatus.FAILED,
        error="expected status 200, got 503 Service Unavailable",
        error_type="http_error",
        took=3.4,
    )
    engine.add("wait", id="wait", inputs={"seconds": 60})
    engine.start("wait")
    engine.finish(
        "wait", TaskStatus.FAILED, error="the console ended while this ran", error_type="interrupted", took=187
    )


def broken_engine() -> FakeEngine:
    """One file was saved with a syntax error."""
    engine = busy_engine()
    engine.catalogue = make_catalogue(*SPECS, problems=[SYNTAX_PROBLEM], epoch=2)
    return engine


def steered_engine() -> FakeEngine:
    """Runs with retries, spawned tasks, and what a person did to them: paused, skipped."""
    engine = FakeEngine(*SPECS)
    engine.now = NOON - timedelta(minutes=9)
    engine.add("nightly report", id="report")
    engine.add("collect", id="collect", parent="report", params=COMMAND)
    engine.add("render", id="render", parent="report", params=COMMAND, after=["collect"])
    engine.start("report")
    engine.start("collect")
    engine.finish("collect", result={"rows": 12_400}, took=31)
    engine.paused_runs.add("report")
    engine.now = NOON - timedelta(minutes=2)
    _import(engine)
    return engine


def _import(engine: FakeEngine) -> None:
    http = {"executor_id": "http_request", "retries": 3}
    engine.add("import orders", id="import")
    engine.add("check", id="check", parent="import", params=COMMAND)
    engine.add("fetch", id="fetch", parent="import", params=http, inputs={"url": "https://shop.example/orders"})
    engine.add("notify", id="notify", parent="import", params=http)
    engine.add("crawl", id="crawl", parent="import", params={"executor_id": "command", "retries": 1})
    for number in (1, 2):
        engine.add(f"page {number}", id=f"old-{number}", parent="crawl", spawned=1, params=COMMAND)
    engine.add("upload", id="upload", parent="import", params=COMMAND, hold="needs its secrets: token")
    engine.add("thumbnails", id="thumbnails", parent="import", params=COMMAND, hold="queued (pool gpu)")
    engine.add("archive", id="archive", parent="import", params=COMMAND, not_before=NOON + timedelta(hours=6))
    engine.add("publish", id="publish", parent="import", params=COMMAND, after=["upload"])
    engine.start("import")
    engine.start("check")
    engine.finish("check", TaskStatus.FAILED, error="checksum differs", error_type="ValueError", took=4)
    engine.mark_skipped("check")
    engine.start("crawl")
    for number, status in ((1, TaskStatus.COMPLETED), (2, TaskStatus.FAILED)):
        engine.start(f"old-{number}")
        engine.finish(f"old-{number}", status, error=None if number == 1 else "timed out", took=9)
    engine.retry("crawl", 1, "page 2 failed", "ChildFailed")
    engine.start("fetch", ago=3)
    engine.log_line("fetch", "GET https://shop.example/orders")
    engine.log_line("fetch", "ConnectionError: connection reset by peer", "traceback")
    engine.retry("fetch", 2, "connection reset by peer")
    engine.now = NOON
    engine.start("crawl", ago=20)
    for number in (1, 2):
        engine.add(f"page {number}", id=f"new-{number}", parent="crawl", spawned=2, params=COMMAND)
    engine.start("new-1", ago=19)
    engine.finish("new-1", result={"orders": 50}, took=8)
    engine.start("new-2", ago=11)
    engine.start("notify", ago=1)
    engine.retry("notify", 8, "503 Service Unavailable", "http_error")
    engine.start("fetch", ago=5, progress=0.4)
    engine.log_line("fetch", "GET https://shop.example/orders")
    engine.log_line("fetch", "200 OK, reading")


def asking_engine() -> FakeEngine:
    """A deployment that waits for a person, and one of before that was rejected."""
    engine = FakeEngine(*SPECS, APPROVE)
    _history(engine)
    engine.now = NOON - timedelta(minutes=2)
    engine.add("deploy web", id="deploy")
    engine.add("build", id="build", parent="deploy", params=COMMAND)
    engine.add("Go live?", id="golive", parent="deploy", params={"executor_id": "approve"}, after=["build"])
    engine.add("switch", id="switch", parent="deploy", params=COMMAND, after=["golive"])
    engine.start("build")
    engine.finish("build", result={"image": "registry.example/web:41"}, took=28)
    engine.now = NOON
    engine.answers.ask(
        "golive",
        ago=90,
        title="Put version 41 on the web?",
        text="All 212 tests passed; the old version is switched off once the new one answers.",
        schema={
            "properties": {
                "host": {"enum": ["web-1", "web-2"], "title": "Host", "description": "Where it goes first"},
                "note": {"type": "string", "title": "Note", "description": "Kept with the answer"},
            },
            "required": ["host"],
        },
        users=["ada", "grace"],
        timeout=3600,
    )
    return engine


def scheduled_engine() -> FakeEngine:
    """A few schedules with what became of their times."""
    engine = busy_engine()
    schedules = engine.schedules
    made = {
        name: schedules.made(name, target, When.read(kind, rule, zone, NOON), inputs, **more)
        for name, target, kind, rule, zone, inputs, more in (
            ("backup", "command", "cron", "30 3 * * MON-FRI", "Europe/Berlin", {"command": "make backup"}, {}),
            ("greet the team", "greeting_executor", "at", "2030-01-02 18:30", "UTC", {"name": "all"}, {}),
            ("health", "http_request", "every", "15m", "UTC", {}, {"missed": "skip", "options": {"tags": ["web"]}}),
            ("report", "data_processor", "cron", "@monthly", "UTC", {}, {"overlap": "queue", "paused": True}),
        )
    }
    for at, (name, schedule) in enumerate(made.items()):
        schedules.kept[f"schedule-{at}"] = made[name] = replace(schedule, id=f"schedule-{at}")
    backup, health = made["backup"], made["health"]
    schedules.come(backup, 2 * 86_400, "launched", TaskStatus.COMPLETED, run_id="9f1c02aa")
    schedules.come(backup, 86_400, "missed", note="1 time passed while nobody kept the schedules")
    schedules.come(backup, 30_600, "launched", TaskStatus.FAILED, run_id="deploy")
    schedules.come(health, 1_800, "skipped", note="the run before it still runs")
    schedules.come(health, 900, "launched", TaskStatus.COMPLETED, run_id="request")
    return engine
