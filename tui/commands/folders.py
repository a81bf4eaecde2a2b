"""Which folders of executors there are, and whether they can be read."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine import Folder, Settings


def check_folder(given: str) -> str | None:
    """What is wrong with a folder of executors; None if nothing is."""
    path = Path(given).expanduser()
    if not path.exists():
        return f"no folder {given}"
    if not path.is_dir():
        return f"{given} is not a folder"
    if not os.access(path, os.R_OK | os.X_OK):
        return f"cannot read the folder {given}"
    return None


def require(given: Sequence[str]) -> None:
    """Raise `SettingsError` for the first of these folders that cannot be read."""
    from engine.errors import SettingsError

    for path in given:
        if wrong := check_folder(path):
            raise SettingsError(wrong)


def given_folders(given: Sequence[str]) -> list[Folder]:
    """The folders that were named, in their order."""
    from engine import Folder

    return [Folder(Path(path).expanduser().absolute(), "given") for path in given]


def shipped_folders() -> list[Folder]:
    """The folder of the executors that ship with taskdeck."""
    from engine import Folder

    found = importlib.util.find_spec("executors")
    return [Folder(Path(place), "shipped") for place in (found.submodule_search_locations if found else None) or ()]


def folders_of(given: Sequence[str], settings: Settings) -> list[Folder]:
    """The folders in the order of rule 1.4: given, the user's, shipped."""
    from engine import Folder

    own = [Folder(settings.executors, "user")] if settings.executors.is_dir() else []
    return [*given_folders(given), *own, *shipped_folders()]
