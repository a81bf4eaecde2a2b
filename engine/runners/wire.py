"""What the engine and a worker process say to each other: a line of JSON, then as many bytes as it says.

A message is `["kind", size]` and a newline, then `size` bytes: JSON, but for a result, which goes as it is stored.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import Any

HEAD_LIMIT = 200
"""Bytes of a message's first line at most."""
encode = json.JSONEncoder().encode
decode = json.JSONDecoder().decode
"""Bound here: executors replace what stands in the module."""


def message(kind: str, body: Any = None) -> bytes:
    """The bytes of a message; a `body` of bytes goes as it is."""
    data = body if isinstance(body, bytes) else encode(body).encode()
    return b'["%s",%d]\n%s' % (kind.encode(), len(data), data)


def head(line: bytes) -> tuple[str, int]:
    """Kind and size from a first line. Raises ValueError for what is none."""
    kind, size = decode(line.decode())
    if not isinstance(kind, str) or not isinstance(size, int) or size < 0:
        raise ValueError("no head of a message")
    return kind, size


async def receive(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The next message. Raises EOFError at the end, ValueError for what is none."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    kind, size = head(line)
    return kind, await reader.readexactly(size)


class Link:
    """A worker's end; any thread may send, one receives."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._file = end.makefile("rb")
        self._lock = threading.Lock()

    def send(self, kind: str, body: Any = None) -> None:
        data = message(kind, body)
        with self._lock:
            self._socket.sendall(data)

    def receive(self) -> tuple[str, bytes]:
        """Raises EOFError when the engine is gone."""
        line = self._file.readline(HEAD_LIMIT)
        if not line:
            raise EOFError
        kind, size = head(line)
        body = self._file.read(size)
        if len(body) < size:
            raise EOFError
        return kind, body
