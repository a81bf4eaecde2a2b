"""The source of one version of an executor: what code ran, kept once by its hash, and able to run again."""

from __future__ import annotations

import base64
import importlib.util
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VersionSource:
    """`files` are the bytes by path inside the folder `root`, the executor's own file first, then its helpers."""

    root: str
    files: Mapping[str, bytes]

    def texts(self) -> dict[str, str]:
        """The files as text, in the same order; what cannot be decoded is shown with its bytes escaped."""
        return {rel: _text(content) for rel, content in self.files.items()}

    def pack(self) -> bytes:
        """What the store keeps."""
        files = {rel: base64.b64encode(content).decode() for rel, content in self.files.items()}
        return zlib.compress(json.dumps({"root": self.root, "files": files}).encode("utf-8"), 6)

    @classmethod
    def unpack(cls, packed: bytes) -> VersionSource:
        given = json.loads(zlib.decompress(packed))
        return cls(given["root"], {rel: base64.b64decode(text) for rel, text in given["files"].items()})


def _text(content: bytes) -> str:
    try:
        return importlib.util.decode_source(content)
    except (SyntaxError, UnicodeDecodeError):
        return content.decode("utf-8", "backslashreplace")
