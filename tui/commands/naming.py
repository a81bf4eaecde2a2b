"""From an executor's id to the names of its file, its class and its title."""

from __future__ import annotations

import keyword
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ALLOWED = "letters (a-z, A-Z), digits, _ - and ., not beginning with - or ., at most 80"
_ID = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_OURS = frozenset({"engine", "tui", "executors", "aipartnerupflow", "conftest"})


@dataclass(frozen=True, slots=True)
class Names:
    """`module` is the file's name without .py, `cls` the class's."""

    id: str
    module: str
    cls: str
    title: str


def names_of(executor_id: str) -> Names:
    """Raises ValueError, saying what is allowed, for an id from which no names can be made."""
    if not _ID.fullmatch(executor_id):
        raise ValueError(f"{executor_id!r} is no id for an executor: it may have {ALLOWED}")
    words = [word for word in re.split(r"[^A-Za-z0-9]+", executor_id) if word]
    title = " ".join(words)
    camel = "".join(word[0].upper() + word[1:] for word in words).removesuffix("Executor")
    if not camel[:1].isalpha() or camel.startswith("Test"):  # pytest would take it for a class of tests
        camel = f"My{camel}"
    return Names(executor_id, file_name(executor_id), f"{camel}Executor", title[0].upper() + title[1:])


def file_name(executor_id: str) -> str:
    """The name of the executor's module: one that can be imported, that the loader does not skip as a test, and that
    hides no module of Python, of ours or of an installed package from its neighbours.
    """
    name = re.sub(r"[^A-Za-z0-9_]", "_", executor_id)
    return f"my_{name}" if _is_taken(name) else name


def _is_taken(name: str) -> bool:
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith(("__", "test_")):
        return True
    if name in sys.stdlib_module_names or name in _OURS:
        return True
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return any((Path(place) / name).is_dir() or (Path(place) / f"{name}.py").is_file() for place in places)
