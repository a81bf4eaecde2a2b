"""The `taskdeck` command: reads the options, prepares terminal and environment, opens the console or runs a command.

Textual, the engine and their libraries are imported only when they are used, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui import commands
from tui.commands.exits import WRONG_USE, complain, leave, say_ending
from tui.commands.folders import check_folder, folders_of
from tui.commands.options import declare, settings_of
from tui.interrupts import end_at_once
from tui.no_core import no_core_file

if TYPE_CHECKING:
    from engine import Settings
    from tui.console_settings import Resolved
    from tui.state_file import Kept

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
        if "--json" in sys.argv:  # what is read by a program is JSON, whatever is wrong
            say_ending(WRONG_USE, message)
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
        description="A console for tasks: drop in executors, launch them, watch them live. Without a command it opens.",
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
    parser.add_argument("--group", metavar="NAME", help="share the store with this group of users")
    parser.add_argument("--read-only", action="store_true", help="look only: nothing is launched, cancelled or changed")
    parser.add_argument("--theme", metavar="NAME", help="auto, dark, light, contrast, ansi (the terminal's own), plain")
    parser.add_argument(
        "--ascii", action=argparse.BooleanOptionalAction, default=None, help="draw with ASCII only, or never so"
    )
    parser.add_argument(
        "--no-mouse", dest="mouse", action="store_false", default=None, help="leave the mouse to the terminal"
    )
    parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    declare(parser)
    return parser


def unknown_option(words: Sequence[str]) -> str | None:
    """The first option before the command's name that is none; argparse would complain of the word after it."""
    left = iter(words)
    for word in left:
        name, equals, _ = word.partition("=")
        if name in ("--executors", "--store", "--group", "--theme"):
            if not equals:
                next(left, None)
        elif not word.startswith("-"):
            return None
        elif name not in ("-h", "--help", "--version", "--read-only", "--ascii", "--no-ascii", "--no-mouse"):
            return word
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


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Returns its exit code: 0, 2 for wrong use, 128 and its number after a signal.

    Those of the commands are in `tui.commands.exits`.
    """
    no_core_file()
    parser = make_parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what may follow
        from tui.commands.completion import complete

        complete(parser)
    words = list(sys.argv[1:] if argv is None else argv)
    if (unknown := unknown_option(words)) is not None:
        parser.error(f"unrecognized arguments: {unknown}")
    options = parser.parse_args(words)
    if options.command is not None:
        return end(commands.run(options))
    for given in options.executors:
        if wrong := check_folder(given):
            return complain(wrong)
    from engine.errors import SettingsError
    from engine.settings import config_folder
    from tui import console_settings, look
    from tui.state_file import Kept

    given = {name: getattr(options, name) for name in ("theme", "ascii", "mouse")}
    try:
        settings = settings_of(options, options.store)
        kept = Kept.load()
        looks = console_settings.resolve(given, os.environ, config_folder() / "settings.toml", kept.settings())
    except SettingsError as error:
        return complain(str(error))
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and not is_served():
        return complain("the console needs a terminal, and stdin or stdout is none")
    if look.is_dumb(os.environ):
        term = os.environ["TERM"]
        return complain(f"the console draws on the whole screen, and TERM={term} says that this terminal can't")
    make_example(settings.executors)
    return end(open_console(settings, options.executors, looks, kept))


def is_served() -> bool:
    """Whether a server of ours, or textual-web, shows this console in a browser."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def open_console(settings: Settings, given: Sequence[str], looks: Resolved, kept: Kept) -> int:
    """Run the console until it is quit, then end the engine; returns the exit code."""
    gc.disable()  # until the first paint: nothing of what is imported now is ever garbage
    os.environ["TEXTUAL_ANIMATIONS"] = "none"  # Textual reads these when it is imported
    os.environ.setdefault("TEXTUAL_FPS", "120")  # a key soon after a repaint waits 8 ms at most for its own, not 17
    os.environ.setdefault("ESCDELAY", "25")
    from tui.end_signals import EarlySignals
    from tui.terminal import OwnTerminal

    early = EarlySignals()
    with OwnTerminal(always=is_served()) as stray:
        from tui import look
        from tui.app import ConsoleApp
        from tui.driver import rescue
        from tui.end_signals import HANG_UP
        from tui.ending import Deadline, end_engine
        from tui.late_engine import LateEngine

        thread = LateEngine(settings, lambda: folders_of(given, settings))
        chosen = looks.settings
        theme = look.theme(chosen.theme, os.environ, told="theme" in looks.told)
        worn = look.Look(theme, look.is_ascii(chosen.ascii, os.environ), look.has_utf8(os.environ))
        app = ConsoleApp(thread, stray=stray, look=worn, settings=chosen, fixed=looks.fixed, kept=kept)

        def finish() -> int:
            kept.save()
            code = HANG_UP if app.return_code is None else app.return_code  # nobody's exit: the browser's tab closed
            end_engine(thread, settings, code, goes_on=app.goes_on)
            return complain(app.failure) if app.failure else code

        deadline = Deadline(lambda: rescue(app), lambda: leave(finish()))
        app.early, app.ends = early, deadline.begin
        app.run(mouse=chosen.mouse)
        deadline.met()
    return finish()


def end(code: int) -> int:
    """Return `code`, unless threads that an executor left behind would keep the process alive: then end it here."""
    held = [thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()]
    if held:
        leave(code)
    return code


if __name__ == "__main__":
    end_at_once()
    sys.exit(main())
