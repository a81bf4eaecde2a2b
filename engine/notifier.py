"""Tells webhooks and commands how runs ended, beside everything else: no task waits for it or fails by it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from engine.graph import Tree
from engine.notify import REFERENCES, NotifyRule
from engine.secrets import look_up
from engine.store import Store
from engine.submission import tags_of
from engine.task import Task, TaskStatus, now

logger = logging.getLogger(__name__)
DELAYS = (1.0, 4.0, 15.0, 60.0)
"""Seconds before the second try, the third and so on; the last for all further ones."""
AT_ONCE = 4
MOST = 1_000
"""Notifications that wait at most; of more it is only said how many were not sent."""
LAST_WAIT = 5.0
"""Seconds that the engine's end waits for what is on its way."""
SAID = 300
"""Characters of what a failed command said."""


class NotSent(Exception):
    """A try failed; its words say why."""


class Notifier:
    """Sends what `rules` want told; `tell` is called with each that could not be, in a line."""

    def __init__(self, rules: Sequence[NotifyRule], store: Store, tell: Callable[[str], None]) -> None:
        self._rules = rules
        self._store = store
        self._tell = tell
        self._work: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    def ended(self, tree: Tree) -> None:
        """A run of this engine has ended; its end is on the way to the disk."""
        status = tree.status
        root = tree.nodes.get(tree.run_id)
        if root is None or not any(status in rule.on for rule in self._rules):
            return
        failed = next((n.task for n in tree.nodes.values() if n.status is TaskStatus.FAILED and n.task.error), None)
        counts = Counter(str(node.status) for node in tree.nodes.values())
        self._begin(str(status), root.task, {"tasks": dict(counts)}, failed)

    def asked(self, task: Task) -> None:
        """A task of this engine waits for a person's answer."""
        if any("asked" in rule.on for rule in self._rules):
            title = (task.effective_inputs or {}).get("title")
            self._begin("asked", task, {"question": title if isinstance(title, str) else ""}, None)

    def _begin(self, event: str, task: Task, more: Mapping[str, Any], failed: Task | None) -> None:
        if len(self._work) >= MOST:
            logger.warning("a notification is not sent: %d wait already", MOST)
            return
        payload = payload_of(event, task, more, failed)
        work = asyncio.get_running_loop().create_task(self._send(event, task.executor_id, task.run_id, payload))
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def _send(self, event: str, executor: str, run_id: str, payload: dict[str, Any]) -> None:
        try:
            await self._store.writer.flush()
            rows = list(await self._store.rows("SELECT label FROM run WHERE id = ?", (run_id,)))
            payload["label"] = label = (rows[0][0] if rows else None) or ""
            rules = [rule for rule in self._rules if rule.covers(event, executor, label)]
            await asyncio.gather(*(self._try(rule, payload) for rule in rules))
        except Exception:  # the store's trouble is told elsewhere
            logger.exception("a notification could not be made")

    async def _try(self, rule: NotifyRule, payload: dict[str, Any]) -> None:
        words = ""
        for number in range(rule.tries):
            if number:
                await asyncio.sleep(DELAYS[min(number, len(DELAYS)) - 1])
            try:
                async with self._places:
                    await (run_command(rule, payload) if rule.command else post(rule, payload))
                return
            except NotSent as failure:
                words = str(failure)
            except Exception as error:
                words = f"{type(error).__name__}: {error}"
        said = f"{rule.where} was not told that '{payload['name']}' {_verb(payload['event'])}: {words}"
        logger.warning("%s", said)
        self._tell(said)

    async def stop(self) -> None:
        """Give what is on its way a moment, then give it up. Safe to repeat."""
        if self._work:
            _, left = await asyncio.wait(self._work, timeout=LAST_WAIT)
            for work in left:
                work.cancel()
            if left:
                await asyncio.wait(left)
                logger.warning("%d notifications were given up, since the engine ended", len(left))


def _verb(event: str) -> str:
    return {"asked": "waits for an answer", "cancelled": "was cancelled"}.get(event, event)


def payload_of(event: str, task: Task, more: Mapping[str, Any], failed: Task | None) -> dict[str, Any]:
    """What is told: no inputs and no results, and errors as they are stored, secrets taken out (8.6)."""
    ended = now() if event != "asked" else None
    said: dict[str, Any] = {
        "event": event,
        "run_id": task.run_id,
        "task_id": task.id,
        "name": task.name,
        "executor": task.executor_id,
        "label": "",
        "tags": tags_of(task),
        "user": task.user_id,
        "created_at": _iso(datetime.fromtimestamp(task.created, UTC)),
        "ended_at": _iso(ended),
        **more,
    }
    if failed is not None:
        said["error"] = {"task": failed.name, "error": failed.error, "error_type": failed.error_type}
    return said


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None


def _real(text: str) -> str:
    """The text, or what a reference stands for. Raises `NotSent` for what is not there."""
    if not text.startswith(REFERENCES):
        return text
    try:
        return look_up(text)
    except LookupError as missing:
        raise NotSent(str(missing.args[0])) from None


async def post(rule: NotifyRule, payload: dict[str, Any]) -> None:
    """POST the payload as JSON. Raises `NotSent` for no answer and for any but 2xx."""
    import httpx  # a tenth of a second that most engines never need

    headers = {name: _real(text) for name, text in rule.headers.items()}
    try:
        async with httpx.AsyncClient(timeout=rule.timeout) as client:
            answer = await client.post(_real(rule.url), json=payload, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None
    if not answer.is_success:
        raise NotSent(f"it answered {answer.status_code}")


async def run_command(rule: NotifyRule, payload: dict[str, Any]) -> None:
    """Run the program with the payload on its stdin. Raises `NotSent` where it cannot be run, fails or hangs."""
    try:
        process = await asyncio.create_subprocess_exec(
            *rule.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise NotSent(f"it cannot be run: {error.strerror or error}") from None
    try:
        async with asyncio.timeout(rule.timeout):
            _, said = await process.communicate(json.dumps(payload).encode())
    except TimeoutError:
        raise NotSent(f"it took more than {rule.timeout:g} s") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):  # it, and what it left behind
            os.killpg(process.pid, signal.SIGKILL)
        if process.returncode is None:
            await process.wait()
    if process.returncode:
        last = said.decode(errors="replace").strip()[-SAID:]
        raise NotSent(f"it ended with {process.returncode}{f': {last}' if last else ''}")
