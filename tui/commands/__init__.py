"""The commands beside the console: `new`, `check`, `test`, `doctor`... They open no screen and load no Textual.

What each takes stands in `options`; its module is imported when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tui.commands.exits import CANCELLED, FINE, REFUSED, WRONG_USE, complain, say_ending
from tui.commands.options import settings_of
from tui.interrupts import interruptible

if TYPE_CHECKING:
    from tui.commands.streams import Streams


def run(options: argparse.Namespace) -> int:
    """Run the command that `options` name; returns its exit code and says in one line why it could not run.

    With `--json` there is always JSON on stdout: where the command had none to say, how it ended and why.
    """
    from tui.commands.streams import Streams

    streams = Streams()
    try:
        with interruptible():
            code, error = _run(options, streams)
    except KeyboardInterrupt:
        code, error = CANCELLED, f"`{options.command}` was interrupted"
    if error:
        complain(error)
    if code != FINE and getattr(options, "json", False) and not streams.has_said:
        say_ending(code, "; ".join([*streams.notes, *([error] if error else ())]))
    return code


def _run(options: argparse.Namespace, streams: Streams) -> tuple[int, str]:
    """The exit code, and why it could not run, "" where the command said so itself."""
    from engine.errors import AccessError, TaskdeckError
    from engine.origin import origin

    given = getattr(options, "own_store", None) or options.store
    if given is not None and not hasattr(options, "own_store"):
        return WRONG_USE, f"--store is for the console; `{options.command}` keeps nothing"
    if {options.theme, options.ascii, options.mouse} != {None} and options.command != "settings":
        return WRONG_USE, f"--theme, --ascii and --no-mouse are for the console; `{options.command}` opens none"
    options.store_file = Path(given).expanduser().absolute() if given else None
    options.executors = [*options.executors, *getattr(options, "own_executors", ())]
    command = import_module(f"tui.commands.{getattr(options, 'module', options.command)}")
    try:
        settings = settings_of(options, None)
        origin()  # while our streams still tell of the terminal
        with streams:
            return command.run(options, settings, streams), ""
    except AccessError as error:
        return REFUSED, str(error)
    except TaskdeckError as error:
        return WRONG_USE, str(error)
