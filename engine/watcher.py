"""Watches the executor folders: says which paths may have changed; what did is for the loader to see on the disk."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from engine.catalogue import Catalogue
from engine.flow_file import is_flow_name
from engine.loader import Loader

if TYPE_CHECKING:
    from watchfiles import Change

logger = logging.getLogger(__name__)
T = TypeVar("T")

RESCAN = 2.0
"""Seconds between two looks at the disk while the watcher works; it can go silent without saying so."""
POLL = 1.0
"""Seconds between two looks while it does not, and before it is tried again."""
STEP, DEBOUNCE = 5, 50
"""Milliseconds: changes are told when a step brought no more of them, at last after the debounce. Half of the way from
the save to the catalogue; a core idles at the same half a percent with steps of 3 to 10, at one with 1."""
SETTLED = 2.0
"""Seconds after which an engine that may only run one task begins to watch; importing the watcher costs as much."""
PROOF = 0.1
"""Seconds that a new watch must live before it is believed."""


class WatchState(StrEnum):
    """The watcher's light."""

    WATCHING = "watching"
    POLLING = "polling"
    OFF = "not watching"


class Watcher:
    """Keeps a loader's catalogue up to date with the disk; `run` it on the engine's loop."""

    def __init__(
        self,
        loader: Loader,
        on_catalogue: Callable[[Catalogue], None],
        on_state: Callable[[WatchState], None],
        *,
        after: float = 0.0,
    ) -> None:
        """`on_catalogue` gets every new snapshot, `on_state` every change of the light; both are called on the loop.

        For `after` seconds it only polls.
        """
        self._loader = loader
        self._on_catalogue = on_catalogue
        self._on_state = on_state
        self._after = after
        self._state = WatchState.OFF
        self._hint = asyncio.Event()
        self._named: set[str] = set()
        self._must_see_all = True

    async def run(self) -> None:
        """Load, then follow the folders until cancelled. Nothing that happens on the disk or in a file ends it."""
        watching = asyncio.create_task(self._keep_watching(), name="watch executor folders")
        try:
            looked = 0.0
            while True:
                self._hint.clear()
                named: set[str] | None = self._named
                self._named = set()
                pause = RESCAN if self._state is WatchState.WATCHING else POLL
                if self._must_see_all or time.monotonic() - looked >= pause:
                    self._must_see_all, named, looked = False, None, time.monotonic()
                due = await self._reconcile(named)
                rest = max(looked + pause - time.monotonic(), 0.0)
                try:
                    async with asyncio.timeout(rest if due is None else min(rest, due)):
                        await self._hint.wait()
                except TimeoutError:
                    pass
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            self._say(WatchState.OFF)

    async def _reconcile(self, named: Collection[str] | None) -> float | None:
        """Look; gives the seconds until the loader wants to look again, None for no wish."""

        def look() -> tuple[Catalogue | None, float | None]:
            return self._loader.reconcile(named, wait=False), self._loader.due

        try:
            catalogue, due = await _in_daemon_thread(look, "load executors")
            if catalogue is not None:
                self._on_catalogue(catalogue)
            return due
        except Exception:  # a fault here must not end the watching; the next full look tries again
            logger.exception("looking at the executor folders failed")
            return None

    def _notice(self, *paths: str) -> None:
        """Look at these paths at once; without any, at everything."""
        self._named.update(paths)
        self._must_see_all |= not paths
        self._hint.set()

    async def _keep_watching(self) -> None:
        """Watch; where that fails or ends (a name that is no UTF-8, no watches left, a folder gone), begin again."""
        await asyncio.sleep(self._after)
        # imported off the loop, it takes a while; a fault of it is told by the watch
        await asyncio.gather(_in_daemon_thread(_import_watchfiles, "import watchfiles"), return_exceptions=True)
        while True:
            folders = _identities(self._loader)
            if folders:
                watch = asyncio.create_task(self._watch(folders), name="watchfiles")
                try:
                    done, _ = await asyncio.wait({watch}, timeout=PROOF)
                    if not done:
                        self._say(WatchState.WATCHING)
                        self._notice()  # what was saved before the watch stood was seen by nobody
                        await asyncio.wait({watch})
                finally:
                    await self._end(watch)
                if _identities(self._loader) not in (folders, {}):
                    continue  # a folder came or was made anew: watch that one, without a pause
            self._say(WatchState.POLLING)
            self._notice()
            await asyncio.sleep(POLL)

    async def _watch(self, folders: dict[str, tuple[int, int]]) -> None:
        """Give a hint for every change, until watching ends or the folders are no longer the same ones."""
        watchfiles = _import_watchfiles()
        relevant = watchfiles.DefaultFilter()

        def matters(change: Change, path: str) -> bool:
            """Python and flow files, and what may be a folder; others (data, logs) would only cost looks."""
            name = path.rpartition(os.sep)[2]
            return (name.endswith(".py") or "." not in name or is_flow_name(name)) and bool(relevant(change, path))

        changes = watchfiles.awatch(
            *folders, watch_filter=matters, step=STEP, debounce=DEBOUNCE, rust_timeout=2000, yield_on_timeout=True
        )
        async for found in changes:
            if found:
                self._notice(*(path for _, path in found))
            if _identities(self._loader) != folders:
                return

    async def _end(self, watch: asyncio.Task[None]) -> None:
        """End the task; what ended it, if not us, is logged once, however often it is tried again."""
        watch.cancel()
        (outcome,) = await asyncio.gather(watch, return_exceptions=True)
        if self._state is not WatchState.POLLING and isinstance(outcome, Exception | BaseExceptionGroup):
            logger.warning("watching the executor folders ended: %s: %s", type(outcome).__name__, outcome)

    def _say(self, state: WatchState) -> None:
        if state is self._state:
            return
        self._state = state
        try:
            self._on_state(state)
        except Exception:
            logger.exception("telling the watcher's state failed")


def _identities(loader: Loader) -> dict[str, tuple[int, int]]:
    """Which folders are there, and which file system object each of them is: one made anew is not watched any more."""
    found = {}
    for folder in loader.folders:
        try:
            about = folder.stat()
        except OSError:
            continue
        found[str(folder)] = (about.st_dev, about.st_ino)
    return found


def _import_watchfiles() -> Any:
    return importlib.import_module("watchfiles")


async def _in_daemon_thread(call: Callable[[], T], name: str) -> T:
    """Run `call` in a thread that never holds up the end of the process, as the loop's own pool would."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def work() -> None:
        result, failure = None, None
        try:
            result = call()
        except Exception as error:
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits
            pass

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future
