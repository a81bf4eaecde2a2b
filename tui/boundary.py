"""An exception in a handler, a timer or a worker is shown and logged; the console, and what runs in it, goes on.

With `driver.py` the only home of Textual's private names (a test pins its version and these names). Textual ends an app
at the first exception and stops the message loop of the widget that raised it; here the message is dropped instead.
"""

from __future__ import annotations

import inspect
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.worker import Worker, WorkerFailed

from engine.errors import TaskdeckError
from tui.text import safe_text

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.widget import Widget

logger = logging.getLogger(__name__)

REPEAT = 5.0
"""Seconds for which a fault of the same type and place is not shown again: a broken timer would flood the screen."""
KEPT_FAULTS = 50
TEXT_LIMIT = 400
"""Characters of an error that a toast shows."""

T = TypeVar("T")


class FaultBoundary(App[Any]):
    """Base of the console's app. Faults before the first paint and during exit end it as Textual does."""

    faults: deque[str]
    """The last tracebacks, oldest first, as text (the frames themselves would keep everything alive)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.faults = deque(maxlen=KEPT_FAULTS)
        self._painted = False
        self._shown_at: dict[tuple[str, str], float] = {}
        super().__init__(*args, **kwargs)

    def report_fault(self, error: BaseException) -> None:
        """Tell the person of a fault of the console itself; the app may override this with a dialog."""
        text = safe_text(f"{type(error).__name__}: {error}", limit=TEXT_LIMIT)
        self.notify(text, title="A fault in the console", severity="error", markup=False)

    def fault(self, error: BaseException) -> None:
        """Log `error`, keep its traceback, and report it unless the same was just reported."""
        text = safe_text("".join(traceback.format_exception(error)), lines=True)
        self.faults.append(text)
        place = traceback.extract_tb(error.__traceback__)[-1:]
        key = (type(error).__name__, str(place and (place[0].filename, place[0].lineno)))
        now = monotonic()
        if now - self._shown_at.get(key, -REPEAT) < REPEAT:
            return
        self._shown_at[key] = now
        logger.error("fault in the console\n%s", text)
        self.report_fault(error)

    @property
    def _survives(self) -> bool:
        return self._painted and self._running and not self._exit

    def _handle_exception(self, error: Exception) -> None:
        """Where Textual brings every exception that nobody caught."""
        if not self._survives:
            super()._handle_exception(error)
            return
        try:
            self.fault(error.error if isinstance(error, WorkerFailed) else error)
        except Exception as second:
            logger.exception("the report of a fault failed")
            super()._handle_exception(second)

    def post_display_hook(self) -> None:
        if not self._batch_count:
            self._painted = True
        super().post_display_hook()

    async def _dispatch_message(self, message: Message) -> None:
        """The app's own messages, among them every action of a key."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not self._survives:
                raise
            self._handle_exception(error)

    def _register_child(self, parent: DOMNode, child: Widget, before: int | None, after: int | None) -> None:
        """Guard each widget and screen as it enters the tree, so that its loop outlives a fault in a handler."""
        super()._register_child(parent, child, before, after)
        child._dispatch_message = partial(self._guarded, child)  # type: ignore[method-assign]

    async def _guarded(self, pump: MessagePump, message: Message) -> None:
        try:
            await type(pump)._dispatch_message(pump, message)
        except Exception as error:
            if not self._survives:
                raise
            self._handle_exception(error)


def ask(
    node: DOMNode,
    work: Awaitable[T] | Callable[[], Awaitable[T]],
    then: Callable[[T], object] | None = None,
    *,
    group: str = "ask",
    exclusive: bool = False,
    name: str = "",
) -> Worker[None]:
    """Run `work` beside the screen and hand its result to `then`; the one way from a widget to the engine.

    A refusal (`TaskdeckError`) becomes a toast with message and hint, anything else a reported fault; `then` is not
    called after either. The work is cancelled with `node`: give the app for what must outlive a dialog. `exclusive`
    cancels what still runs in the same `group`.
    """

    async def run() -> None:
        try:
            result = await (work() if callable(work) else work)
            if then is not None:
                outcome = then(result)
                if inspect.isawaitable(outcome):
                    await outcome
        except TaskdeckError as refusal:
            refused(node.app, refusal)
        except Exception as error:
            _fault(node.app, error)

    worker: Worker[None] = node.run_worker(run, name=name, group=group, exclusive=exclusive, exit_on_error=False)
    if inspect.iscoroutine(work) and worker._task is not None:
        worker._task.add_done_callback(
            lambda _: work.close()
        )  # it was never begun when the worker was cancelled at once
    return worker


def refused(app: App[Any], refusal: TaskdeckError) -> None:
    """Say a refusal in a toast: the message, and the hint what to do."""
    text = "\n".join(part for part in (refusal.message, refusal.hint) if part)
    app.notify(safe_text(text, lines=True, limit=TEXT_LIMIT), title="Not done", severity="warning", markup=False)


def _fault(app: App[Any], error: Exception) -> None:
    if isinstance(app, FaultBoundary) and not app._exit:
        app._handle_exception(error)
    else:  # on the way out there is no screen to tell it on
        logger.error("fault in asked work", exc_info=error)
