"""What can be typed after `:`: commands with words, and every action by its id or name. Pure; no Textual in here."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tui.actions import ACTIONS, PANES, Action, Scope
from tui.command_error import CommandError
from tui.console_settings import CHOICES

SHOWN = 40
"""Completions that are offered at most."""


class Command(NamedTuple):
    """One that takes words; `takes` says which. The screen does it with `command_<name>`."""

    name: str
    takes: str
    help: str
    aliases: tuple[str, ...] = ()


COMMANDS: tuple[Command, ...] = (
    Command("quit", "", "Quit; asks first while tasks run.", ("q", "exit")),
    Command("help", "", "Show all keys and commands.", ("h", "?")),
    Command("launch", "ID [NAME=VALUE …]", "Open the form of an executor or flow with these inputs.", ("run", "l")),
    Command("go", "ID", "Go to a run or task by its id, or by how it begins.", ("goto",)),
    Command("filter", "[WORDS]", "Filter this pane; without words the filter ends.", ("f",)),
    Command("cancel", "[tree]", "Cancel the selected task, or its whole tree; asks first."),
    Command("pause", "[queue]", "Pause the run of the selected task, or the whole queue."),
    Command("resume", "[queue]", "Resume the run of the selected task, or the whole queue."),
    Command("export", "PATH", "Write the selected run, with results and logs, to a file of JSON lines."),
    Command("theme", "NAME", "Take other colours.", ("colours", "colors")),
    Command("set", "[NAME VALUE]", "Change a setting of the console; without words they are shown."),
)
_BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}


@dataclass(frozen=True, slots=True)
class Known:
    """What words can be completed to: executors with their schemas, and ids of runs and tasks."""

    executors: Mapping[str, Any] = field(default_factory=dict)
    ids: Sequence[str] = ()


class Line(NamedTuple):
    """What was typed: a command or an action, and the words after it as they were typed."""

    command: Command | None
    action: Action | None
    words: str


def parse(text: str, pane: Scope) -> Line | None:
    """Read one line; None for an empty one. `pane` decides between actions of the same name.

    Raises CommandError with the nearest name for an unknown one, and for words after an action.
    """
    text = text.strip().removeprefix(":").strip()
    if not text:
        return None
    name, _, words = text.partition(" ")
    words = words.strip()
    if command := _BY_NAME.get(name.lower()):
        _check_words(command, words)
        return Line(command, None, words)
    action = find(name, pane)
    if action is None:
        raise CommandError(_unknown("command", name, [*_BY_NAME, *_names(pane)]))
    return Line(None, action, words)


def _check_words(command: Command, words: str) -> None:
    if words and not command.takes:
        raise CommandError(f"{command.name} takes no words")
    if not words and command.takes and not command.takes.startswith("["):
        raise CommandError(f"say {command.name} {command.takes}")


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    wanted = name.lower()
    begins = {each.lower()[: len(wanted) + 1]: each for each in known}  # a long name is known by how it begins
    near = get_close_matches(wanted, whole := {each.lower(): each for each in known}, 1)
    found = whole[near[0]] if near else next((begins[each] for each in get_close_matches(wanted, begins, 1, 0.7)), "")
    return f"there is no {what} '{name}'" + (f": did you mean {found}?" if found else "")


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _calls(action: Action) -> tuple[str, ...]:
    """The names that call an action: its id, the id without the pane, and its name."""
    return action.id, action.id.partition(".")[2], _plain(action.name)


def find(name: str, pane: Scope) -> Action | None:
    """The action called `name`: that of the pane, else one that works everywhere, else another pane's or a dialog's."""
    name = _plain(name)
    found = [action for action in ACTIONS if name in _calls(action)]
    order = (pane, "app", *PANES)
    found.sort(key=lambda action: order.index(action.scope) if action.scope in order else len(order))
    return found[0] if found else None


def _names(pane: Scope) -> list[str]:
    """The short names of what can be done on the console's screen; moving and the dialog's keys are left out."""
    names = {
        _calls(action)[1]: None
        for action in ACTIONS
        if action.scope in ("app", *PANES) and action.group != "Moving" and action.method != "command_line"
    }
    return list(names)


# --- the words of commands ---------------------------------------------------------------------------------------


def nearest(what: str, name: str, known: Collection[str]) -> CommandError:
    """The error for a `name` that is none of `known`."""
    return CommandError(_unknown(what, name, known))


def assignments(words: str) -> tuple[str, str]:
    """`ID [NAME=VALUE …]` as the id, and the inputs as lines that the form's paste understands.

    Values may be quoted as in a shell. Raises CommandError for a word that assigns nothing.
    """
    try:
        first, *pairs = shlex.split(words)
    except ValueError as error:
        raise CommandError(f"{str(error).lower()}: quotes come in pairs") from None
    lines = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise CommandError(f"'{pair}' is not NAME=VALUE")
        lines.append(f"{name}={_quoted(value)}")
    return first, "\n".join(lines)


def _quoted(value: str) -> str:
    """A value as it stands in a line of its own; what the line would not keep as it is gets quotes."""
    if value and not any(each in value for each in "\"'\\#\n") and value == value.strip():
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def setting(words: str) -> tuple[str, str]:
    """`NAME VALUE` or `NAME=VALUE`. Raises CommandError where one is missing."""
    name, _, value = words.replace("=", " ", 1).partition(" ")
    if not value.strip():
        told = CHOICES.get(name)
        if told is None:
            raise nearest("setting", name, CHOICES)
        raise CommandError(f"say set {name} {'|'.join(told) or 'SECONDS'}")
    return name, value.strip()


def complete(text: str, pane: Scope, known: Known) -> list[str]:
    """The lines that `text` can go on to, the shortest names first; the last word is what is completed."""
    text = text.lstrip()
    name, space, words = text.partition(" ")
    if not space:
        names = sorted({*(command.name for command in COMMANDS), *_names(pane)}, key=lambda each: (len(each), each))
        return [each + (" " if _takes(each) else "") for each in names if each.startswith(name.lower())][:SHOWN]
    command = _BY_NAME.get(name.lower())
    before, _, last = words.rpartition(" ")
    head = f"{name} {before} " if before else f"{name} "
    offered = _offers(command.name, before.split(), last, known) if command is not None else []
    return [head + each for each in offered if each.startswith(last) and each.rstrip() != last][:SHOWN]


def _takes(name: str) -> bool:
    command = _BY_NAME.get(name)
    return command is not None and bool(command.takes)


def _offers(command: str, before: list[str], last: str, known: Known) -> list[str]:
    if command == "launch":
        return _inputs(before, last, known) if before else [f"{each} " for each in sorted(known.executors)]
    if command == "set":
        return list(CHOICES.get(before[0], ())) if before else [f"{each} " for each in CHOICES]
    if before:
        return []
    return {
        "theme": list(CHOICES["theme"]),
        "go": list(known.ids),
        "cancel": ["tree"],
        "pause": ["queue"],
        "resume": ["queue"],
    }.get(command, [])


def _inputs(before: list[str], last: str, known: Known) -> list[str]:
    """`name=` for each input that was not given yet, and its values where the schema lists them."""
    schema = known.executors.get(before[0])
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return []
    name, equals, _ = last.partition("=")
    if equals:
        part = properties.get(name)
        values: Any = part.get("enum", ()) if isinstance(part, Mapping) else ()
        if isinstance(part, Mapping) and part.get("type") == "boolean":
            values = ("true", "false")
        return [f"{name}={shlex.quote(str(value))}" for value in values] if isinstance(values, list | tuple) else []
    given = {word.partition("=")[0] for word in before[1:]}
    return [f"{each}=" for each in properties if isinstance(each, str) and each not in given]
