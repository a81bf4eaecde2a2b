"""What the console keeps from one start to the next: a small JSON file of names and values in the state folder.

Several consoles may write it: each writes only what it changed itself, over what the others wrote meanwhile, and puts
the whole file in place at once. A file that can't be read is said and ignored. No Textual in here.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui.console_settings import TABLE

VERSION = 1
SIZE_LIMIT = 1 << 20
"""Bytes of a file that is read."""


def state_folder() -> Path:
    """Where `state.json` lies."""
    import platformdirs

    return platformdirs.user_state_path("taskdeck", appauthor=False)


class Kept:
    """Names and JSON values. Without a `path` they last as long as the console.

    `problem` says, for the person, why the file was ignored; it holds foreign text.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.problem = ""
        self._values: dict[str, Any] = {}
        self._changed: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._is_newer = False
        """Whether a newer console wrote the file, which then is left alone."""

    @classmethod
    def load(cls, path: Path | None = None) -> Kept:
        """Read the file. Never raises: what is wrong stands in `problem`."""
        kept = cls(path or state_folder() / "state.json")
        assert kept.path is not None
        try:
            kept._values = kept._read()
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError) as error:
            kept.problem = f"{kept.path}: cannot be read, so the layout begins anew: {error}"
        return kept

    def _read(self) -> dict[str, Any]:
        """The values of the file. Raises OSError, and ValueError for what is no state of ours."""
        assert self.path is not None
        with self.path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            raise ValueError(f"larger than {SIZE_LIMIT >> 10} KiB")
        given = json.loads(content.decode("utf-8"))
        if not isinstance(given, dict) or not isinstance(given.get("values"), dict):
            raise ValueError("not a state of the console")
        if given.get("version") != VERSION:
            self._is_newer = True
            raise ValueError(f"of version {given.get('version')}, this console knows {VERSION}")
        return dict(given["values"])

    def get(self, name: str, default: Any = None) -> Any:
        """The value of `name`, of any JSON type: whoever reads it checks it."""
        return self._values.get(name, default)

    def number(self, name: str, low: int, high: int) -> int | None:
        """The whole number kept as `name`, when it is one between `low` and `high`."""
        value = self._values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None

    def texts(self, name: str) -> list[str]:
        """The list of texts kept as `name`; what is none is left out."""
        value = self._values.get(name)
        return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []

    def settings(self) -> dict[str, Any]:
        """The console's settings as a person chose them in the console."""
        begin = f"{TABLE}."
        return {name.removeprefix(begin): each for name, each in self._values.items() if name.startswith(begin)}

    def put(self, name: str, value: Any) -> None:
        """Keep a JSON value; None forgets it. It is written by the next `save`."""
        with self._lock:
            if self._values.get(name) == value:
                return
            self._changed[name] = value
            if value is None:
                self._values.pop(name, None)
            else:
                self._values[name] = value

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write."""
        return bool(self._changed) and self.path is not None and not self._is_newer

    def save(self) -> None:
        """Write what was changed. Blocks: not for the screen's loop. A folder that can't be written is no fault."""
        if not self.is_changed or self.path is None:
            return
        with self._lock:
            changed, self._changed = self._changed, {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(self.path):
                try:
                    values = self._read()
                except (OSError, ValueError, RecursionError):
                    values = {}
                if not self._is_newer:
                    self._replace(_merged(values, changed))
        except OSError:
            with self._lock:
                self._changed = {**changed, **self._changed}

    def _replace(self, values: Mapping[str, Any]) -> None:
        assert self.path is not None
        text = json.dumps({"version": VERSION, "values": values}, indent=1, ensure_ascii=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(beside, self.path)
        finally:
            beside.unlink(missing_ok=True)


def _merged(values: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**values, **changed}.items() if value is not None}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While entered no other console reads and writes the file; where locks are unknown, each writes on its own."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
