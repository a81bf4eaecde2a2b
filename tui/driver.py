"""The terminal's side: a driver whose writes never block the loop, and the ways in which a terminal leaves us.

Textual's own writer blocks the event loop after 30 writes that nobody reads (a frozen ssh line, a closed laptop), dies
at SIGHUP and SIGTERM without a word, and spins when its terminal is gone. With `boundary.py` the only home of Textual's
private names (a test pins its version and these names).
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from tui.end_signals import CODES, HANG_UP

if sys.platform == "win32":  # there Textual's own driver is used, see `driver_class`
    from textual.driver import Driver as LinuxDriver
else:
    import termios

    from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App
    from textual.driver import Driver
    from textual.drivers._writer_thread import WriterThread

HIGH_WATER = 64 * 1024
"""Bytes that may wait for the terminal before repaints are held; a full screen of 40 rows is 18,000."""
CHUNK = 2048
"""Bytes given to the terminal at once."""
STOP_LIMIT = 1.0
"""Seconds that the last bytes get when the console ends; a stalled terminal may never take them."""
RETRY_AFTER = 0.02
"""Seconds until a write that would have blocked is tried again."""
LOOK_EVERY = 1.0
"""Seconds between two looks whether the terminal is still there while nothing is written."""
TITLE = "\x1b]2;{}\x1b\\"
RESTORED = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[<u"
    "\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[?2026l\x1b[0m"
)
"""Takes back what Textual asks of a terminal: paste marks, mouse, keyboard protocol, other screen, no cursor."""


class Writer(threading.Thread):
    """Writes to the terminal on a thread of its own; `write` only appends to a queue.

    Stands where Textual has its writer thread, so it is a file-like object too. The lock is reentrant, since Textual
    also writes from signal handlers.
    """

    def __init__(self, fd: int, encoding: str, on_full: Callable[[], None], on_empty: Callable[[], None],
                 on_hang_up: Callable[[], None]) -> None:  # fmt: skip
        super().__init__(name="terminal-output", daemon=True)
        self._fd = fd
        self._encoding = encoding
        self._on_full, self._on_empty, self._on_hang_up = on_full, on_empty, on_hang_up
        self._queue: deque[bytes] = deque()
        self._changed = threading.Condition(threading.RLock())
        self._stopping = False
        self.waiting = 0
        """Bytes that the terminal has not taken yet."""
        self.is_dead = False
        """True once the terminal is gone; what is written then is dropped."""

    def write(self, text: str) -> None:
        """Queue `text`; never blocks. `on_full` is called, on the caller's thread, while too much waits."""
        if self.is_dead:
            return
        data = text.encode(self._encoding, "replace")
        with self._changed:
            self._queue.append(data)
            self.waiting += len(data)
            is_full = self.waiting > HIGH_WATER
            self._changed.notify()
        if is_full:
            self._on_full()

    def drop(self) -> None:
        """Forget what is queued, but for the write that is under way (half an escape sequence would show as text)."""
        with self._changed:
            self.waiting -= sum(map(len, self._queue))
            self._queue.clear()

    def flush(self) -> None:
        """Nothing to do: the thread writes at once."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def run(self) -> None:
        try:
            while (data := self._next()) is not None:
                self._put(data)
                with self._changed:
                    self.waiting -= len(data)
                    is_empty = not self._queue
                if is_empty:
                    self._on_empty()
        except OSError:  # EIO: the terminal hung up
            self.is_dead = True
            self.drop()
            self._on_hang_up()

    def _next(self) -> bytes | None:
        """The next write; None when stopped. Raises OSError when an idle terminal is found to be gone."""
        while True:
            with self._changed:
                if self._queue:
                    return self._queue.popleft()
                if self._stopping:
                    return None
                woken = self._changed.wait(LOOK_EVERY)
            if not woken and is_gone(self._fd):
                raise OSError("the terminal is gone")

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                if select.select([], [self._fd], [], LOOK_EVERY)[1]:
                    view = view[os.write(self._fd, view[:CHUNK]) :]
            except BlockingIOError:  # a child process made the terminal non-blocking
                time.sleep(RETRY_AFTER)

    def stop(self) -> None:
        """Write what waits and end; gives up after `STOP_LIMIT`."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join(STOP_LIMIT)


def is_gone(fd: int) -> bool:
    """Whether the terminal at `fd` hung up. False where that can't be asked (Windows)."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(fd, 0)
    return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in poll.poll(0))


class SafeLinuxDriver(LinuxDriver):
    """Textual's driver with the writer above; it holds repaints while the terminal lags, and a hang-up is an event.

    Repaints are held with the app's batch counter: widgets stay dirty, so nothing is lost, and what was rendered
    meanwhile is painted once when the terminal has caught up.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        self._writer: Writer | None = None
        self._is_held = False
        self._missed = False
        self._raw: list[Any] | None = None
        self._title = ""
        self._is_titled = False
        super().__init__(app, **options)

    @property
    def is_lagging(self) -> bool:
        """True while repaints are held because the terminal takes nothing."""
        return self._is_held

    def set_title(self, text: str) -> None:
        """Show `text`, which holds no control characters, as the terminal's title; the former one comes back at the
        end.
        """
        self._title = text
        if self._writer is not None:
            self.write(("" if self._is_titled else "\x1b[22;0t") + TITLE.format(text))
            self._is_titled = True

    def set_mouse(self, on: bool) -> None:
        """Take the mouse, or leave it to the terminal."""
        if on and not self._mouse:
            self._mouse = True
            self._enable_mouse_support()
        elif not on and self._mouse:
            self._disable_mouse_support()
            self._mouse = False

    # LinuxDriver assigns a stock writer thread in start_application_mode(); ours takes its place.
    @property  # type: ignore[override]
    def _writer_thread(self) -> Writer | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, stock: WriterThread | None) -> None:
        if stock is None:
            self._writer = None
            return
        encoding = getattr(stock._file, "encoding", None) or "utf-8"
        self._writer = Writer(stock.fileno(), encoding, self._filled, self._emptied, self._hung_up)

    def _on_loop(self, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback` soon on the app's loop and in its context; from any thread, and from signal handlers."""

        def call() -> None:
            with self._app._context():
                callback(*args)

        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed: the app has ended
            pass

    def _filled(self) -> None:
        if not self._is_held:
            self._on_loop(self._hold)  # not at once: the frame being written now is none that was missed

    def _emptied(self) -> None:
        if self._is_held:
            self._on_loop(self._release)

    def _hung_up(self) -> None:
        self._on_loop(leave, self._app, HANG_UP)

    def _hold(self) -> None:
        if self._is_held or self._writer is None or self._writer.is_dead:
            return
        self._is_held, self._missed = True, False
        self._app._begin_batch()
        self._app.post_display_hook = self._display_missed  # type: ignore[method-assign]
        if not self._writer.waiting:  # drained before we came here
            self._release()

    def _display_missed(self) -> None:
        self._missed = True

    def _release(self) -> None:
        if not self._is_held:
            return
        self._is_held = False
        del self._app.post_display_hook
        self._app._end_batch()
        if self._app._screen_stack and self._app._running:
            screen = self._app.screen
            # A repaint only when one was rendered in vain: a frame larger than the limit must not cause the next.
            screen.refresh() if self._missed else screen.check_idle()

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._title:
            self.set_title(self._title)  # again, after an editor had the terminal
        try:
            self._raw = termios.tcgetattr(self.fileno)
        except termios.error:
            self._raw = None

    def stop_application_mode(self) -> None:
        if self._writer is not None and self._writer.waiting > HIGH_WATER:
            self._writer.drop()  # the terminal's own state comes before frames that nobody will see
        if self._is_titled and self._writer is not None:
            self._is_titled = False
            self.write(TITLE.format("") + "\x1b[23;0t")  # where the former one can't be had again, none is left
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        while not self.exit_event.is_set():
            try:
                super().run_input_thread()
                return
            except BlockingIOError:  # a child process made the terminal non-blocking
                time.sleep(RETRY_AFTER)
            except OSError:  # EIO: the terminal hung up
                self._hung_up()
                return

    def _sigcont_application(self, *_: Any) -> None:
        """Start again only after a stop of our own.

        The kernel sends SIGCONT with every hang-up; the stock driver then starts a second set of threads. After a stop
        from outside the terminal may have been changed: it gets its modes back.
        """
        if not self._auto_restart:  # `App.suspend` does both itself
            return
        if self._must_signal_resume:
            self.resume_application_mode()
        elif self._raw is not None and not is_gone(self.fileno):
            try:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw)
            except termios.error:
                return
            self._on_loop(repaint, self._app)


def driver_class() -> type[Driver] | None:
    """The driver for this system; None where Textual is to choose: elsewhere than on Linux, or with TEXTUAL_DRIVER."""
    if sys.platform != "linux" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    return SafeLinuxDriver


def is_lagging(app: App[Any]) -> bool:
    """Whether the app's terminal lags, so that drawing is in vain."""
    return isinstance(app._driver, SafeLinuxDriver) and app._driver.is_lagging


def set_title(app: App[Any], text: str) -> None:
    """Show `text` as the terminal's title, where the driver is ours."""
    if isinstance(app._driver, SafeLinuxDriver):
        app._driver.set_title(text)


def set_mouse(app: App[Any], on: bool) -> None:
    """Take the mouse, or leave it to the terminal, where the driver is ours."""
    if isinstance(app._driver, SafeLinuxDriver):
        app._driver.set_mouse(on)


def notify_terminal(app: App[Any], text: str) -> None:
    """Have the terminal show a notification (OSC 9); `text` holds no control characters.

    tmux hands it on where `allow-passthrough` is on, screen always; terminals that know none show nothing.
    """
    if not isinstance(app._driver, SafeLinuxDriver):
        return
    sequence = f"\x1b]9;{text}\x07"
    if os.environ.get("TMUX"):
        sequence = f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\"
    elif os.environ.get("STY"):
        sequence = f"\x1bP{sequence}\x1b\\"
    app._driver.write(sequence)


def leave(app: App[Any], code: int) -> None:
    """End the app with exit code `code`; the first reason to end counts."""
    if not app._exit:
        app.exit(return_code=code)


def repaint(app: App[Any]) -> None:
    """Paint the whole screen anew."""
    app.refresh(layout=True)


def handle_signals(app: App[Any]) -> None:
    """Call this once the app runs: the signals of `CODES` end it with their codes, a resume repaints it.

    Does nothing in a headless app or outside the main thread.
    """
    if app.is_headless or threading.current_thread() is not threading.main_thread():
        return
    loop, context = asyncio.get_running_loop(), copy_context()

    def ends(number: int, _: object) -> None:
        try:
            loop.call_soon_threadsafe(leave, app, CODES[signal.Signals(number).name], context=context)
        except RuntimeError:  # the loop is closed: it ends already
            pass

    for name in CODES:  # not by the loop: with its end it would leave the system's deadly default behind
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, ends)
    app.app_resume_signal.subscribe(app, repaint)


def rescue(app: App[Any]) -> None:
    """Restore the terminal of an app that does not end by itself, from any thread; never blocks."""
    driver = app._driver
    if not isinstance(driver, SafeLinuxDriver):
        return
    try:
        if driver.attrs_before is not None:
            termios.tcsetattr(driver.fileno, termios.TCSANOW, driver.attrs_before)
        if driver._writer is not None and select.select([], [driver._writer.fileno()], [], 0)[1]:
            os.write(driver._writer.fileno(), RESTORED.encode())
    except (OSError, ValueError, termios.error):  # it is gone too
        pass
