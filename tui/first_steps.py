"""What an empty console says: the way to the first run, where executors lie, what to do about a filter. Pure."""

from __future__ import annotations

from pathlib import Path

from tui.keymap import Keymap

Line = tuple[str, str]


def first_run(keymap: Keymap) -> list[Line]:
    """Three keys from an executor to its result; for above the card of one."""
    choose, run = keymap.label("catalogue.launch"), keymap.label("launch.run")
    if not choose or not run:
        return []
    down, help = keymap.label("catalogue.down"), keymap.label("app.help")
    return [
        ("Your first run", "head"),
        (f"{down} chooses an executor, {choose} opens its form, {run} launches it", "live"),
        (f"{help} lists all keys, {keymap.label('app.command_line')} takes commands", "dim"),
        ("", ""),
    ]


def no_executors(folder: Path | None) -> list[Line]:
    """For a catalogue without executors."""
    where = str(folder) if folder is not None else "your folder of executors"
    return [
        ("No executors yet", "head"),
        ("", ""),
        ("An executor is a Python file that lies in", ""),
        (f"  {where}", "key"),
        ("", ""),
        ("Have one written there, in another terminal, and it is here at once:", ""),
        ("  taskdeck new backup", "key"),
        ("", ""),
        ("Another folder:  taskdeck --executors DIR", "dim"),
    ]


def no_match(text: str, clear: str) -> list[Line]:
    """For a filter that lets no executor through; `text` is as it was typed."""
    return [
        ("no executor matches", "head"),
        (f"  {text}", ""),
        ("", ""),
        ("the letters are looked for in ids, names, tags and descriptions", "dim"),
        *([(f"{clear} clears the filter", "dim")] if clear else []),
    ]
