"""`taskdeck new`: a commented executor and its test, into the user's folder or a given one."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.commands.exits import FINE
from tui.commands.folders import shipped_folders
from tui.commands.naming import Names, names_of
from tui.commands.options import FLOW
from tui.commands.streams import Streams

if TYPE_CHECKING:
    from engine import Settings

FOLDER = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True, slots=True)
class Made:
    """The text of an executor file and of its test, and every id that the file registers."""

    executor: str
    test: str
    ids: tuple[str, ...]


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Raises `SettingsError` for an id that is none or taken, and a folder that cannot be written; then nothing is
    written.
    """
    from engine import SettingsError
    from engine.access import refuse_read_only

    refuse_read_only(settings)
    if len(options.executors) > 1:
        raise SettingsError("--executors was given more than once", "Name the one folder to write into")
    try:
        names = names_of(options.id)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    folder = Path(*options.executors).expanduser().absolute() if options.executors else settings.executors.absolute()
    if options.template == FLOW:
        return _new_flow(options, names, folder, settings, streams)
    made = make(options.template, names)
    replaced = _refuse_taken(
        folder, (f"{names.module}.py", f"test_{names.module}.py", names.module), made.ids, settings
    )
    files = [(folder / f"test_{names.module}.py", made.test), (folder / f"{names.module}.py", made.executor)]
    _write(folder, files)
    where = _where(options)
    commands = [f"taskdeck check{where}", f"taskdeck test {names.id}{where}", f"pytest {shlex.quote(str(files[0][0]))}"]
    _say_done(options, names, [path for path, _ in files], replaced, commands, streams)
    return FINE


def _new_flow(options: argparse.Namespace, names: Names, folder: Path, settings: Settings, streams: Streams) -> int:
    """Write a flow file; it is checked by what reads it, so it has no test beside it."""
    path = folder / f"{names.id}.flow.yaml"
    replaced = _refuse_taken(folder, (path.name,), (names.id,), settings)
    _write(folder, [(path, _filled("flow.yaml.tmpl", names))])
    commands = [f"taskdeck {act}{_where(options)}" for act in ("check", f"plan {names.id}", f"run {names.id}")]
    _say_done(options, names, [path], replaced, commands, streams)
    return FINE


def _filled(file: str, names: Names) -> str:
    """A template filled in; its marks are `@ID@`, `@MODULE@`, `@CLASS@` and `@NAME@`."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    marks = {"@ID@": names.id, "@MODULE@": names.module, "@CLASS@": names.cls, "@NAME@": names.title}
    return re.sub("@[A-Z]+@", lambda mark: marks[mark.group()], text)


def make(template: str, names: Names) -> Made:
    """The files of an executor's template."""
    base = template.replace("-", "_")
    executor = _filled(f"{base}.py.tmpl", names)
    ids = re.findall(r'^(?:    id = |@function_executor\()"([^"]+)"', executor, re.MULTILINE)
    return Made(executor, _filled(f"test_{base}.py.tmpl", names), tuple(ids))


def _refuse_taken(folder: Path, files: Sequence[str], ids: Sequence[str], settings: Settings) -> list[str]:
    """Raise `SettingsError` where a file or id is there already; the ids of other folders that ours will replace."""
    from engine import Folder, Loader, SettingsError

    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is not a folder")
    for name in files:
        if os.path.lexists(folder / name):
            raise SettingsError(f"{folder / name} exists already", "Choose another id, or remove it")
    loader = Loader([Folder(folder, "given"), *shipped_folders()], import_limit=settings.import_limit)
    loader.reconcile()
    found = [spec for executor_id in ids if (spec := loader.catalogue.entry(executor_id)) is not None]
    for spec in found:
        if spec.origin == "given":
            line = f", line {spec.line}" if spec.line else ""
            raise SettingsError(f"'{spec.id}' is taken by {spec.file}{line}", "Choose another id")
    return [spec.id for spec in found]


def _write(folder: Path, files: Sequence[tuple[Path, str]]) -> None:
    """Write all or nothing: under hidden names first, which no loader reads, then given theirs in this order."""
    from engine import SettingsError

    hidden = [path.with_name(f".{path.name}.{os.getpid()}") for path, _ in files]
    named: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, (_, text) in zip(hidden, files, strict=True):
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
        for path, (final, _) in zip(hidden, files, strict=True):
            _name(path, final)
            named.append(final)
    except BaseException as error:
        _remove(named)
        if isinstance(error, OSError):
            raise SettingsError(f"cannot write into {folder}: {error.strerror or error}") from error
        raise
    finally:
        _remove(hidden)


def _name(path: Path, final: Path) -> None:
    """Give the file its name; raises FileExistsError where someone else has just made one of that name."""
    try:
        os.link(path, final)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        path.rename(final)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _where(options: argparse.Namespace) -> str:
    return f" --executors {shlex.quote(options.executors[0])}" if options.executors else ""


def _say_done(
    options: argparse.Namespace,
    names: Names,
    files: Sequence[Path],
    replaced: Sequence[str],
    commands: Sequence[str],
    streams: Streams,
) -> None:
    """What was written, and the commands that come next."""
    for executor_id in replaced:
        streams.note(f"note: it replaces the shipped '{executor_id}'")
    if options.json:
        data = {"id": names.id, "files": [str(path) for path in files], "replaces": list(replaced)}
        streams.say(json.dumps({**data, "next": list(commands)}))
        return
    for path in files:
        streams.say(f"wrote {path}")
    streams.say(f"A console open on this folder has '{names.id}' already. Next:")
    for command in commands:
        streams.say(f"  {command}")
