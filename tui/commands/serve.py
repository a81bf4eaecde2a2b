"""`taskdeck serve`: the console in a browser. Each tab that is opened is a console of its own on the same store.

textual-serve does the work, an optional extra. It asks nobody who they are, and whoever reaches it launches what the
person could; so it listens on this machine only unless told otherwise, and lets in only who opens the printed address,
whose key no other page and no other user of the machine knows.
"""

from __future__ import annotations

import argparse
import hmac
import ipaddress
import secrets
import shlex
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from engine.errors import SettingsError
from tui.commands.exits import FINE, REFUSED
from tui.commands.folders import require
from tui.commands.streams import Streams

if TYPE_CHECKING:
    from aiohttp import web

    from engine import Settings

COOKIE = "taskdeck"
KEY_BYTES = 24

Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Serve until Ctrl+C or SIGTERM. Consoles that still run something then go on without a screen."""
    require(options.executors)
    if not (options.share or _is_loopback(options.host)):
        streams.note(f"{options.host} can be reached by others, who could run anything here; --share says it is meant")
        return REFUSED
    try:
        import textual_serve.server  # noqa: F401 - only whether it is there
    except ImportError:
        raise SettingsError("the browser needs an extra", "pip install 'taskdeck[serve]'") from None
    key = secrets.token_urlsafe(KEY_BYTES)
    server = make_server(_command(options), options.host, options.port, key)
    streams.note(f"taskdeck is at {server.public_url}/?key={key} - Ctrl+C ends")
    try:
        server.serve()
    except OSError as error:
        raise SettingsError(f"cannot listen on {options.host}:{options.port}: {error.strerror}") from None
    return FINE


def make_server(command: str, host: str, port: int, key: str) -> Any:
    """A server that answers only who brought `key` once: the page sets a cookie, and all else asks for it."""
    from aiohttp import web
    from textual_serve.server import Server

    def is_right(given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), key.encode())

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_right(request.query.get("key")) and request.path == "/":
            answer = web.HTTPSeeOther("/")
            answer.set_cookie(COOKIE, key, httponly=True, samesite="Strict")
            raise answer
        if not is_right(request.cookies.get(COOKIE)):
            raise web.HTTPForbidden(text="Open the address that `taskdeck serve` printed: it holds the key.\n")
        return await handler(request)

    class GuardedServer(Server):
        """Textual's server behind the key, and without its banner."""

        async def _make_app(self) -> web.Application:
            app = await super()._make_app()
            app.middlewares.append(guard)
            return app

        async def on_startup(self, app: web.Application) -> None:
            """What is to be said was said."""

    shown = f"[{host}]" if ":" in host else host
    return GuardedServer(command, host=host, port=port, title="taskdeck", public_url=f"http://{shown}:{port}")


def _command(options: argparse.Namespace) -> str:
    """How each tab starts its console."""
    words = [sys.executable, "-m", "tui"]
    for folder in options.executors:
        words += ["--executors", folder]
    if options.store_file is not None:
        words += ["--store", str(options.store_file)]
    return shlex.join(words)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
