"""What the commands are called and take; but for `settings_of` only argparse."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands.run_options import declare_runs
from tui.commands.schedule_options import declare_answer, declare_schedules

if TYPE_CHECKING:
    from engine.settings import Settings

TEMPLATES = {
    "basic": "counts words: inputs, defaults, examples, log, result",
    "http": "asks a web service: retries, a secret, examples without network",
    "command": "runs a program: its lines as they come, ended by a cancel",
    "long-running": "works in steps: progress, a cancel that keeps what is done, limits",
    "tree": "runs other executors as tasks of its own: spawn and map",
}
"""What `new` can begin with; `tui/templates/` has a file and its test for each, with _ for -."""
FLOW = "flow"
"""The template of a flow file; it has no test of its own: `taskdeck check` and `plan` look at it."""

SHELLS = ("bash", "zsh", "fish", "powershell")

NEW = """\
templates:
{templates}

example:
  taskdeck new backup --template command
"""
CHECK = """\
Exit code: 0 no problem, 1 problems, 2 a folder is missing or cannot be read, 3 interrupted.

examples:
  taskdeck check                    all that the console would load
  taskdeck check --strict ops/      one folder, for CI and pre-commit
  taskdeck check nightly.flow.yaml  one flow, beside the executors of your folders
"""
TEST = """\
Exit code: 0 all completed, 1 one failed, 2 there is nothing to run, 3 cancelled with Ctrl+C.

examples:
  taskdeck test hello
  taskdeck test hello --example 1 --input name=Bob --input times=2
"""


DOCTOR = """\
Exit code: 0 nothing is wrong, 1 something is.

examples:
  taskdeck doctor
  taskdeck doctor --thorough --json
"""
RESTORE = """\
Exit code: 0 done, 2 there is no such backup, or the store is open in a process.

examples:
  taskdeck restore                  list the backups, newest first
  taskdeck restore latest           put the newest one in the store's place
"""
BACKUP = """\
Exit code: 0 done, 2 there is nothing to copy, or no room.
"""
SERVE = """\
Needs the extra: pip install 'taskdeck[serve]'. The printed address holds a key; without it nobody gets in.
"""
SETTINGS = """\
Options before the command count as they would for the console.

examples:
  taskdeck settings
  taskdeck settings slots console.theme
  TASKDECK_SLOTS=4 taskdeck --read-only settings --json
"""
COMPLETION = """\
Put the line into your shell's start file, or what it prints into its folder of completions:
  bash   eval "$(taskdeck completion bash)"
  zsh    eval "$(taskdeck completion zsh)"
  fish   taskdeck completion fish | source
"""


def settings_of(options: argparse.Namespace, store: str | None) -> Settings:
    """The person's settings with what the options change of them. Raises `SettingsError`."""
    from engine.settings import Settings

    settings = Settings.load()
    if store is not None:
        settings = replace(settings, store=Path(store).expanduser().absolute())
    if options.group is not None:
        settings = replace(settings, group=options.group)
    return replace(settings, read_only=True) if options.read_only else settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `taskdeck`; `command` is None where none is given."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=type(parser))
    _declare_new(commands)
    _declare_check(commands)
    _declare_test(commands)
    _declare_store(commands)
    _declare_rest(commands)
    declare_runs(commands, _add, _assignment)
    declare_answer(commands, _add, _assignment)
    declare_schedules(commands, _add, _assignment)


def _add(commands: Any, name: str, does: str, executors: str, epilog: str) -> argparse.ArgumentParser:
    """A command; `executors` is the help of its `--executors`, "" for a command that takes none."""
    own: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    # under a name of its own: argparse would drop what stands before the command's name
    if executors:
        own.add_argument(
            "--executors", metavar="DIR", action="append", default=[], dest="own_executors", help=executors
        )
    return own


def _declare_new(commands: Any) -> None:
    templates = {**TEMPLATES, FLOW: "a tree of tasks as a file: a form, references, a condition"}
    told = "\n".join(f"  {name:14}{about}" for name, about in templates.items())
    own = _add(
        commands,
        "new",
        "write a commented executor and its test, or a flow, into your folder",
        "write into this folder instead of your own; it is made where missing",
        NEW.format(templates=told),
    )
    own.add_argument("id", metavar="ID", help="its id: letters, digits, _ - and .")
    own.add_argument(
        "--template", choices=[*TEMPLATES, FLOW], default="basic", help="what to begin with (default: basic)"
    )
    own.add_argument("--json", action="store_true", help="print JSON: id, files, replaces, next")


def _declare_check(commands: Any) -> None:
    own = _add(
        commands,
        "check",
        "load executors and flows without running them and print every problem as file:line: text",
        "a folder as the console takes it, before your own and the shipped ones; may be given again",
        CHECK,
    )
    own.add_argument("folders", metavar="DIR|FILE", nargs="*", help="check only these folders and flow files")
    own.add_argument("--strict", action="store_true", help="warnings count as problems")
    own.add_argument("--json", action="store_true", help="print a JSON list: file, line, executor, level, text")


def _declare_test(commands: Any) -> None:
    own = _add(
        commands,
        "test",
        "run the examples of an executor or flow and report; nothing is kept",
        "a folder of executors, before your own and the shipped ones; may be given again",
        TEST,
    )
    own.add_argument("id", metavar="ID", help="the id of an executor or a flow")
    own.add_argument("--example", metavar="N", type=int, help="only the Nth example; the first is 1")
    own.add_argument(
        "--input",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        type=_assignment,
        dest="inputs",
        help="set an input of each example, to JSON or plain text; may be given again. "
        "An executor without examples is run once with these",
    )
    own.add_argument("--json", action="store_true", help="print a JSON list of the runs, with whole results and logs")


def _declare_store(commands: Any) -> None:
    doctor = _add(
        commands,
        "doctor",
        "look at the store, the folders, the watcher and the terminal, and say what to mend",
        "a folder as the console takes it; may be given again",
        DOCTOR,
    )
    doctor.add_argument("--thorough", action="store_true", help="read every page and index of the store")
    backup = _add(commands, "backup", "copy the store now, beside the copies that the console makes", "", BACKUP)
    restore = _add(commands, "restore", "list the store's backups, or put one in its place", "", RESTORE)
    restore.add_argument("backup", metavar="BACKUP", nargs="?", help="its name, `latest`, or a file")
    for own in (doctor, backup, restore):
        own.add_argument("--store", metavar="FILE", dest="own_store", help="another store than your own")
    doctor.add_argument("--json", action="store_true", help="print a JSON list")
    restore.add_argument("--json", action="store_true", help="print a JSON list, or what was done")
    backup.add_argument("--json", action="store_true", help="print JSON: name, path, made_at, bytes")


def _declare_rest(commands: Any) -> None:
    serve = _add(
        commands,
        "serve",
        "open the console in a browser",
        "a folder as the console takes it; may be given again",
        SERVE,
    )
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
    serve.add_argument("--port", type=int, default=8000, help="the port to listen on (default: 8000)")
    serve.add_argument("--share", action="store_true", help="let other machines in, who know the key")
    serve.add_argument("--store", metavar="FILE", dest="own_store", help="another store than your own")
    shown = _add(commands, "settings", "show every setting, its value and who said it", "", SETTINGS)
    shown.add_argument("names", metavar="NAME", nargs="*", help="only these")
    shown.add_argument("--store", metavar="FILE", dest="own_store", help="another store than your own")
    shown.add_argument("--json", action="store_true", help="print a JSON list: name, value, default, source")
    completion = _add(commands, "completion", "print what completes `taskdeck` in your shell", "", COMPLETION)
    completion.add_argument("shell", choices=SHELLS, help="which shell")


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value
