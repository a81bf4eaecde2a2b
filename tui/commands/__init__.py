"""The commands beside the console: `new`, `check`, `test`, `doctor`... They open no screen and load no Textual.

What each takes stands in `options`; its module is imported when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from tui.commands.exits import CANCELLED, REFUSED, complain
from tui.commands.options import settings_of


def run(options: argparse.Namespace) -> int:
    """Run the command that `options` name; returns its exit code and says in one line why it could not run."""
    from engine.errors import AccessError, TaskdeckError
    from engine.origin import origin
    from tui.commands.streams import Streams

    given = getattr(options, "own_store", None) or options.store
    if given is not None and not hasattr(options, "own_store"):
        return complain(f"--store is for the console; `{options.command}` keeps nothing")
    if {options.theme, options.ascii, options.mouse} != {None}:
        return complain(f"--theme, --ascii and --no-mouse are for the console; `{options.command}` opens none")
    options.store_file = Path(given).expanduser().absolute() if given else None
    options.executors = [*options.executors, *getattr(options, "own_executors", ())]
    command = import_module(f"tui.commands.{getattr(options, 'module', options.command)}")
    try:
        settings = settings_of(options, None)
        origin()  # while our streams still tell of the terminal
        with Streams() as streams:
            code: int = command.run(options, settings, streams)
            return code
    except AccessError as error:
        complain(str(error))
        return REFUSED
    except TaskdeckError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        complain(f"`{options.command}` was interrupted")
        return CANCELLED
