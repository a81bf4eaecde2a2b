"""What a typed path means on this machine, and what lies in a folder: asked of the disk, so never on the loop.

File names are foreign: what is drawn goes through `safe_text`; a name that is no text at all is never offered.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TypeVar

from tui.forms import fields

MOST = 50_000
"""Entries of a folder that are looked at."""
SECONDS = 0.3
"""How long a folder is read for a completion; the picker takes more time."""
AT_ONCE = 16
"""Looks that may hang at once, on a network disk that does not answer; further ones are not begun."""
NOTHING = "nothing is there"
UNITS = ("B", "kB", "MB", "GB", "TB", "PB")

T = TypeVar("T")
_alive = 0


async def beside(work: Callable[[], T]) -> T | None:
    """Do `work` on a thread of its own, which never holds up the end of the console; None where too many hang already.

    The shared threads would do, but one that waits for a dead network disk cannot be ended, and these are joined.
    """
    global _alive
    if _alive >= AT_ONCE:
        return None
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    found: list[T] = []

    def over() -> None:
        global _alive
        _alive -= 1
        done.set()

    def run() -> None:
        try:
            found.append(work())
        finally:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(over)

    _alive += 1
    threading.Thread(target=run, name="paths", daemon=True).start()
    await done.wait()
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder; `is_text` is False where no text can name it."""

    name: str
    is_folder: bool
    is_link: bool = False

    @property
    def is_text(self) -> bool:
        return is_text(self.name)


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in a folder, folders first; `problem` says why it cannot be read, `is_cut` that there is more."""

    folder: str
    entries: tuple[Entry, ...] = ()
    is_cut: bool = False
    problem: str = ""


def is_text(name: str) -> bool:
    """False for file names that are not encoded as text on this machine: JSON cannot hold them."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_folder(folder: str, *, most: int = MOST, seconds: float = 10.0) -> Listing:
    """List a folder: at most `most` names, for at most `seconds`."""
    found: list[Entry] = []
    until = monotonic() + seconds
    try:
        with os.scandir(folder) as scan:
            for at, entry in enumerate(scan):
                if at >= most or monotonic() > until:
                    return Listing(folder, _ordered(found), is_cut=True)
                found.append(Entry(entry.name, _is_folder(entry), entry.is_symlink()))
    except (OSError, ValueError) as error:
        return Listing(folder, _ordered(found), problem=_why(error))
    return Listing(folder, _ordered(found))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _ordered(entries: list[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: (not entry.is_folder, entry.name.casefold(), entry.name)))


def _why(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def is_local(text: str) -> bool:
    """Whether `text` can be looked up here: no address, no pattern of names."""
    return bool(text) and "://" not in text and not any(sign in text for sign in "*?[{\0")


def absolute(text: str, base: str) -> str:
    """Where `text` leads, from the folder `base` on; `~` is a home folder."""
    return os.path.normpath(os.path.join(base, os.path.expanduser(text)))


def completion(text: str, base: str, *, folders_only: bool = False) -> str:
    """`text` with its last name completed to the first that begins so; "" where there is none.

    Hidden names come up only where a dot was typed, and names that do not show or are no text never.
    """
    if not is_local(text) or text == "~":
        return ""
    lead, typed = os.path.split(text)
    lead = text[: len(text) - len(typed)]
    listing = read_folder(absolute(lead or ".", base), seconds=SECONDS)
    known = [
        entry
        for entry in listing.entries
        if (entry.is_folder or not folders_only)
        and entry.name.startswith(".") == typed.startswith(".")
        and entry.is_text
        and not fields.hides(entry.name)
    ]
    known.sort(key=lambda entry: (entry.name.casefold(), entry.name))
    exact = [entry for entry in known if entry.name.startswith(typed)]
    loose = [entry for entry in known if entry.name.casefold().startswith(typed.casefold())]
    for entry in (exact or loose)[:1]:
        return f"{lead}{entry.name}{os.sep if entry.is_folder else ''}"
    return ""


def about(text: str, base: str, *, folders_only: bool = False) -> str:
    """What is there, in a few words: a folder, a file's size, or that nothing is."""
    if not is_local(text):
        return ""
    place = absolute(text, base)
    try:
        found = os.stat(place)
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    except (OSError, ValueError) as error:
        return _why(error)
    if os.path.isdir(place):
        return "a folder"
    return "a file, not a folder" if folders_only else f"a file of {size_text(found.st_size)}"


def look(text: str, base: str, *, folders_only: bool = False) -> tuple[str, str]:
    """The completion of what is being typed, and what is said about it; a name half typed is not called wrong."""
    completed = completion(text, base, folders_only=folders_only)
    said = about(text, base, folders_only=folders_only)
    return completed, "" if completed and said == NOTHING else said


def size_text(size: int) -> str:
    """`12.3 kB`."""
    amount, unit = float(size), 0
    while amount >= 1000 and unit < len(UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f} {UNITS[unit]}" if unit else f"{size} B"


def as_typed(place: str, text: str, base: str) -> str:
    """The absolute `place` written in the way of `text`: from `~`, from `base` on, or in full."""
    if text.startswith("~"):
        home = os.path.expanduser("~")
        if place == home or place.startswith(home.rstrip(os.sep) + os.sep):
            return "~" + place[len(home.rstrip(os.sep)) :]
    if text and not os.path.isabs(text) and not text.startswith("~") and Path(place).is_relative_to(base):
        return os.path.relpath(place, base)
    return place
