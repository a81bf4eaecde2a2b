"""`taskdeck completion SHELL`, and what the shell asks for at Tab: ids of executors and tasks, names of inputs.

argcomplete asks the program itself, so that what is offered is what is there: it knows every shell's ways, we know the
catalogue and the store. A completion that cannot be had is no completion, never an error between a person's words.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands.exits import FINE
from tui.commands.streams import Streams

if TYPE_CHECKING:
    from engine import Catalogue, Settings

RUNS = 20
"""Newest runs whose ids are offered."""
SAID = 60
"""Characters of a description beside what is offered."""

Offers = Mapping[str, str]
"""What may stand here, each with a few words about it."""
Find = Callable[[argparse.Namespace], Offers]


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Print the code that makes the shell ask."""
    from argcomplete.shell_integration import shellcode

    streams.say_raw(shellcode(["taskdeck"], shell=options.shell).strip())
    return FINE


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell, which asks by variables in the environment, and end the process."""
    import argcomplete

    for name, command in _commands(parser):
        for action in command._actions:
            if (find := _finder(name, action.dest)) is not None:
                action.completer = _completer(find)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options="long")


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _finder(command: str, name: str) -> Find | None:
    """What finds the values of an argument."""
    if name in ("task", "tasks"):
        return _task_ids
    if name == "executor" or (name == "id" and command in ("run", "test", "plan")):
        return _executor_ids
    if name == "inputs":
        return _assignments
    return None


def _completer(find: Find) -> Callable[..., Offers]:
    def offers(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Offers:
        try:
            with Streams():  # what executors print at import is no completion
                found = find(parsed_args)
        except Exception:  # no store, a broken settings file: `taskdeck doctor` tells, Tab must not
            return {}
        return {value: about for value, about in found.items() if value.startswith(prefix)}

    return offers


def _catalogue(options: argparse.Namespace) -> Catalogue:
    from engine import Loader, Settings
    from tui.commands.folders import folders_of

    settings = Settings.load()
    given = [*(options.executors or ()), *(getattr(options, "own_executors", None) or ())]
    loader = Loader(folders_of(given, settings), import_limit=settings.import_limit)
    return loader.reconcile() or loader.catalogue


def _executor_ids(options: argparse.Namespace) -> Offers:
    found = _catalogue(options).executors
    return {id: _short(spec.description or spec.name) for id, spec in found.items()}


def _assignments(options: argparse.Namespace) -> Offers:
    """`name=` for each input of the executor that was named before."""
    spec = _catalogue(options).executors[options.id]
    found = spec.schema.get("properties", {})
    return {
        f"{name}=": _short(str(about.get("description") or about.get("title") or "")) for name, about in found.items()
    }


def _task_ids(options: argparse.Namespace) -> Offers:
    return asyncio.run(_newest_runs(options))


async def _newest_runs(options: argparse.Namespace) -> Offers:
    from engine import Settings
    from tui.commands.desk import LATEST, SHORT_ID, open_store

    given = getattr(options, "own_store", None) or getattr(options, "store", None)
    options.store_file = Path(given).expanduser().absolute() if given else None
    async with open_store(options, Settings.load()) as engine:
        runs = await engine.runs(limit=RUNS)
    found = {LATEST: "the newest run"}
    return found | {run.root.id[:SHORT_ID]: f"{run.root.name}, {run.root.status.value}" for run in runs}


def _short(text: str) -> str:
    from tui.text import safe_text

    return safe_text(text, limit=SAID)
