"""The `taskdeck` command: reads the options, prepares terminal and environment, opens the console.

Textual, the engine and their libraries are imported only when the console opens, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from engine import Folder, Settings
    from tui.late_engine import LateEngine

WRONG_USE = 2
"""Exit code for options, folders or stores that cannot be used."""
STOP_LIMIT = 10.0
"""Seconds that the engine may take to cancel, write and close before the process ends without it."""

EXAMPLE_NAME = "hello_you.py"
EXAMPLE = '''\
"""An executor of your own: change it, save it, and the console has it at once. Delete it if you don't want it."""

from aipartnerupflow import BaseTask, executor_register


@executor_register()
class HelloYou(BaseTask):
    id = "hello_you"
    name = "Hello you"
    description = "Your first executor; its file lies in your own folder"
    tags = ("example",)

    async def execute(self, inputs):
        self.log(f"greeting {inputs['name']}")  # shown in the task's log
        return {"greeting": f"Hello, {inputs['name']}!"}

    def get_input_schema(self):  # JSON Schema: the console draws its form from this
        return {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "Who is greeted", "default": "you"}},
            "required": ["name"],
        }
'''


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USE, f"{self.prog}: {message} (see {self.prog} --help)\n")


class Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("taskdeck")
        except PackageNotFoundError:
            found = "of this folder, not installed"
        print(f"taskdeck {found}")  # noqa: T201 - what was asked for
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="taskdeck",
        description="A console for tasks: drop in executors, launch them, watch them live.",
        epilog="In the console ? lists the keys. A setting NAME is also read from the variable TASKDECK_NAME.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--executors",
        metavar="DIR",
        action="append",
        default=[],
        help="a folder of executor files, before your own and the shipped ones; may be given again",
    )
    parser.add_argument("--store", metavar="FILE", help="the file that keeps all runs (default: in your data folder)")
    parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    return parser


def complain(message: str) -> int:
    """Say `message` in one line on stderr; returns the exit code for wrong use."""
    from tui.text import safe_text

    sys.stderr.write(f"taskdeck: {safe_text(message)}\n")
    return WRONG_USE


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


def make_example(folder: Path) -> None:
    """On the very first start, make the user's folder with one executor to change."""
    if folder.exists():
        return
    try:
        folder.mkdir(parents=True)
        (folder / EXAMPLE_NAME).write_text(EXAMPLE, encoding="utf-8")
    except OSError:
        pass  # a home that can't be written is no reason not to start


def folders_of(given: Sequence[str], settings: Settings) -> list[Folder]:
    """The folders in the order of rule 1.4: given, the user's, shipped."""
    from engine import Folder

    folders = [Folder(Path(path).expanduser().resolve(), "given") for path in given]
    if settings.executors.is_dir():
        folders.append(Folder(settings.executors, "user"))
    shipped = importlib.util.find_spec("executors")
    places = shipped.submodule_search_locations if shipped else None
    return [*folders, *(Folder(Path(place), "shipped") for place in places or ())]


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Returns its exit code: 0, 2 for wrong use, 129 and 143 after a hang-up or SIGTERM."""
    options = make_parser().parse_args(argv)
    for given in options.executors:
        if wrong := check_folder(given):
            return complain(wrong)
    from engine.errors import SettingsError
    from engine.settings import Settings

    try:
        settings = Settings.load()
    except SettingsError as error:
        return complain(str(error))
    if options.store is not None:
        from dataclasses import replace

        settings = replace(settings, store=Path(options.store).expanduser().absolute())
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return complain("the console needs a terminal, and stdin or stdout is none")
    make_example(settings.executors)
    return end(open_console(settings, options.executors))


def open_console(settings: Settings, given: Sequence[str]) -> int:
    """Run the console until it is quit, then end the engine; returns the exit code."""
    gc.disable()  # until the first paint: nothing of what is imported now is ever garbage
    os.environ["TEXTUAL_ANIMATIONS"] = "none"  # Textual reads these when it is imported
    os.environ.setdefault("ESCDELAY", "25")
    from tui.terminal import OwnTerminal

    with OwnTerminal() as stray:
        from tui.app import ConsoleApp
        from tui.late_engine import LateEngine

        thread = LateEngine(settings, lambda: folders_of(given, settings))
        app = ConsoleApp(thread, stray=stray)
        app.run()
    stop(thread)
    if app.failure:
        return complain(app.failure)
    return app.return_code or 0


def stop(thread: LateEngine) -> None:
    """Cancel what still runs, write everything, close the store; not longer than `STOP_LIMIT`."""
    import asyncio

    async def stopping() -> None:
        await asyncio.wait_for(thread.stop(cancel=True), STOP_LIMIT)

    try:
        asyncio.run(stopping())
    except TimeoutError:
        complain(f"the engine did not end within {STOP_LIMIT:.0f} s; what ran is shown as interrupted next time")


def end(code: int) -> int:
    """Return `code`, unless threads that an executor left behind would keep the process alive: then end it here."""
    held = [thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()]
    if held:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
