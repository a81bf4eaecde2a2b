"""Where text of the console goes that leaves it: files of the person alone, the pager, the clipboard. No Textual."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.errors import TaskdeckError
from tui.text import safe_text

CLIPBOARD_LIMIT = 74_000
"""Bytes that most terminals take by OSC 52 (100,000 with base64)."""
NO_CLIPBOARD = frozenset({"linux", "dumb", "vt100", "vt220"})
"""Terminals without a clipboard."""
PAGERS = ("less", "more")


class OutletError(TaskdeckError):
    """A file cannot be written, or there is no pager."""


def write(path: Path, lines: Iterable[str], *, anew: bool = False) -> int:
    """Write `lines` to `path`, which only the person may read; returns the bytes. Blocks: for a thread.

    A file that is there is written over only with `anew`. Raises `OutletError` with what is in the way.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if anew else os.O_EXCL)
    try:
        descriptor = os.open(path, flags, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            os.chmod(path, 0o600)
            for line in lines:
                file.write(safe_text(line, lines=True))
                file.write("\n")
            return file.tell()
    except OSError as error:
        raise OutletError(f"{path} cannot be written: {error.strerror or error}", "Give another path") from error


def default_path(name: str, part: str, ending: str) -> Path:
    """`NAME-PART.ENDING` in the present folder, numbered where that is there already."""
    clean = re.sub(r"[^\w.-]+", "-", safe_text(name, limit=60)).strip("-.") or "task"
    stem = f"{clean}-{part.lower()}"
    path = Path.cwd() / f"{stem}.{ending}"
    number = 2
    while path.exists():
        path = Path.cwd() / f"{stem}-{number}.{ending}"
        number += 1
    return path


def resolved(text: str) -> Path:
    """The path that a person typed."""
    return Path(text).expanduser().absolute()


def pager(environment: Mapping[str, str]) -> list[str]:
    """The words of $PAGER, else of less or more. Raises `OutletError` where there is none."""
    given = environment.get("PAGER", "").strip()
    try:
        words = shlex.split(given)
    except ValueError as error:
        raise OutletError(f"$PAGER cannot be read: {error}", f"It is: {given}") from error
    if words:
        if shutil.which(words[0]) is None:
            raise OutletError(f"$PAGER names '{words[0]}', which cannot be started", "Install it, or name another")
        return words
    found = next((name for name in PAGERS if shutil.which(name)), None)
    if found is None:
        raise OutletError("there is no pager", "Set PAGER before the console starts: export PAGER=less")
    return [found]


class PagerFile:
    """A file for the pager in a folder of its own, both for the person alone and gone afterwards."""

    def __init__(self, lines: Iterable[str], name: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="taskdeck-"))
        self.path = self._folder / name
        try:
            write(self.path, lines)
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def keeps_clipboard(environment: Mapping[str, str], size: int) -> str:
    """Why a text of `size` bytes may not reach the clipboard; "" where it should."""
    if size > CLIPBOARD_LIMIT:
        return "too long for the clipboard of most terminals"
    if environment.get("TERM", "") in NO_CLIPBOARD:
        return "this terminal has no clipboard"
    if environment.get("TMUX"):
        return "tmux passes it on only with `set -g set-clipboard on`"
    if environment.get("STY"):
        return "screen passes nothing on to the clipboard"
    return ""


def clipboard_file() -> Path:
    """Where a text is kept that may not reach the clipboard."""
    from engine.settings import config_folder

    return config_folder() / "clipboard.txt"


def keep(text: str) -> Path:
    """Write what was copied to `clipboard_file`. Blocks: for a thread. Raises `OutletError`."""
    path = clipboard_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutletError(f"{path.parent} cannot be made: {error.strerror}", "Save it to a file instead") from error
    write(path, text.split("\n"), anew=True)
    return path
