"""A draft on the disk: as a flow file, and as what is kept of it from one start of the console to the next."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import flow_file
from engine.errors import TaskdeckError
from engine.flow_text import yaml_of
from tui.draft import Draft, DraftError, of_data

SUFFIXES = (".yaml", ".yml", ".json")
LARGEST = 1 << 20
"""Bytes of a flow file that is opened."""
VERSION = 1


class DraftFileError(TaskdeckError):
    """A flow file that cannot be opened or written; what it says may be foreign."""


class FileIsThere(DraftFileError):
    """There is a file already that may not be overwritten without being asked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a draft came from or was written to, and the SHA-256 of what stood in it; "" for none.

    `has_comments` says that the file has some, which are lost when a draft is written over it.
    """

    path: str = ""
    sha: str = ""
    has_comments: bool = False


def text_of(draft: Draft, path: str) -> str:
    """The text of its flow file: JSON where the path ends in .json, else YAML."""
    data = draft.data()
    if path.endswith(".json"):
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return yaml_of(data)


def read(path: str) -> tuple[Draft, Source]:
    """Open a flow file. Raises `DraftFileError` that says where it stands. Blocks."""
    place = os.path.realpath(os.path.expanduser(path))
    try:
        with open(place, "rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise DraftFileError(f"{path} cannot be read: {_why(error)}", "Give the path of a flow file") from None
    if len(content) > LARGEST:
        raise DraftFileError(f"{path} is larger than 1 MiB", "That is no flow file")
    name = os.path.basename(place)
    try:
        draft = of_data(flow_file.read(content, name))
    except flow_file.FlowFileError as error:
        raise DraftFileError(f"{path}, line {error.line}: {error.reason}", "Mend it in an editor first") from None
    except DraftError as error:
        raise DraftFileError(f"{path}: {error}", "Give the path of a flow file") from None
    is_json = name.endswith(".json")
    has_comments = not is_json and any(line.lstrip().startswith(b"#") for line in content.splitlines())
    return draft, Source(place, hashlib.sha256(content).hexdigest(), has_comments)


def place_of(path: str) -> str:
    """The file that a typed path means. Raises `DraftFileError` for a name that is no flow file's."""
    place = os.path.realpath(os.path.expanduser(path.strip()))
    if not place.endswith(SUFFIXES) or os.path.basename(place) in SUFFIXES:
        raise DraftFileError(f"{path} is no name of a flow file", "Let it end in .flow.yaml, .yaml or .json")
    return place


def write(draft: Draft, path: str, known: Source, *, overwrite: bool = False) -> Source:
    """Write the draft as a flow file, whole or not at all. Blocks.

    A file that is there is only replaced where it still is what `known` says, or with `overwrite`; else raises
    `FileIsThere`. Raises `DraftFileError` for what cannot be written.
    """
    place = place_of(path)
    content = text_of(draft, place).encode()
    beside = os.path.join(os.path.dirname(place), f".{os.path.basename(place)}.{os.getpid()}")
    try:
        there = _sha(place)
        if there is not None and not overwrite and (place, there) != (known.path, known.sha):
            changed = place == known.path
            said = f"{path} was changed by someone else since it was opened" if changed else f"{path} is there already"
            raise FileIsThere(said, "Give another name, or overwrite it")
        mode = os.stat(place).st_mode & 0o777 if there is not None else 0o644
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if there is None:
                _put_new(beside, place)
            else:
                os.replace(beside, place)
        finally:
            Path(beside).unlink(missing_ok=True)
    except FileExistsError:
        raise FileIsThere(f"{path} is there already", "Give another name, or overwrite it") from None
    except OSError as error:
        raise DraftFileError(f"{path} cannot be written: {_why(error)}", "Give another path") from None
    return Source(place, hashlib.sha256(content).hexdigest())


def _put_new(beside: str, place: str) -> None:
    """Have the file `beside` at `place`, where nothing may stand: unlike a rename a link replaces nothing."""
    try:
        os.link(beside, place)
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        if os.path.lexists(place):
            raise FileExistsError(place) from None
        os.replace(beside, place)


def _sha(place: str) -> str | None:
    try:
        with open(place, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _why(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft as it was left; `is_saved` says that its file has all of it."""

    draft: Draft
    source: Source
    is_saved: bool


class DraftShelf:
    """The one draft that is kept, in a file of the state folder; without a folder it lasts as long as the console.

    Several consoles may keep theirs: the last one stands. It holds no secrets: they are no part of a draft.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "draft.json" if folder is not None else None
        self._lock = threading.Lock()
        self._number = 0

    def load(self) -> KeptDraft | None:
        """What was left; None for nothing, and for what is none. Blocks, never raises."""
        if self._path is None:
            return None
        try:
            given = json.loads(self._path.read_bytes())
            if given["version"] != VERSION:
                return None
            source = Source(str(given["source"]["path"]), str(given["source"]["sha"]))
            return KeptDraft(of_data(given["flow"]), source, given["is_saved"] is True)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def save(self, kept: KeptDraft, number: int) -> None:
        """Keep the state of that number, unless a newer one is on the disk. Blocks; a full disk is no fault."""
        if self._path is None:
            return
        source: dict[str, Any] = {"path": kept.source.path, "sha": kept.source.sha}
        content = {"version": VERSION, "is_saved": kept.is_saved, "source": source, "flow": kept.draft.data()}
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with self._lock:
            if number != self._number:
                return
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                    json.dump(content, file)
                os.replace(beside, self._path)
            except (OSError, ValueError):
                beside.unlink(missing_ok=True)
