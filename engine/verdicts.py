"""What was found good once and is not looked at again: schemas and flows, known by all that the verdict rests on.

So jsonschema, a fifth of a second to import, is only needed where something is checked against a schema. What was found
wrong is looked at each time, by who has the words for it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable

from engine.cache import Cache, engine_print, own_cache

MOST = 5000
"""Verdicts kept, the last ones."""
_WIDTH = 32


class Verdicts:
    """Any thread may ask. `save` writes what is new."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._good: dict[bytes, None] | None = None
        self._is_changed = False
        self._lock = threading.Lock()

    def knows(self, kind: str, *parts: str) -> bool:
        """Whether this, word for word, was found good by this very engine."""
        return self._key(kind, parts) in self._known()

    def found_good(self, kind: str, *parts: str) -> None:
        """Remember it until `save`, and from then on."""
        with self._lock:
            self._known()[self._key(kind, parts)] = None
            self._is_changed = True

    @property
    def is_empty(self) -> bool:
        return not self._known()

    def save(self) -> None:
        """Write what is new, beside what others wrote meanwhile. Blocks; never raises."""
        with self._lock:
            if not self._is_changed:
                return
            self._is_changed = False
            self._good = dict.fromkeys([*self._read(), *self._known()][-MOST:])
            self._cache.write(self._name(), b"".join(self._good))

    def _known(self) -> dict[bytes, None]:
        if self._good is None:
            self._good = dict.fromkeys(self._read())
        return self._good

    def _read(self) -> list[bytes]:
        kept = self._cache.read(self._name()) or b""
        return [kept[at : at + _WIDTH] for at in range(0, len(kept), _WIDTH)]

    @staticmethod
    def _name() -> str:
        return f"good-{engine_print()}"

    @staticmethod
    def _key(kind: str, parts: Iterable[str]) -> bytes:
        return hashlib.sha256(repr((kind, *parts)).encode()).digest()


verdicts = Verdicts(own_cache())
"""Those of this process."""
