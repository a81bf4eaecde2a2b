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


def no_runs(keymap: Keymap) -> list[Line]:
    """For a list without runs: the way from the catalogue to one."""
    find, choose, run = (keymap.label(name) for name in ("catalogue.filter", "catalogue.launch", "launch.run"))
    said = [f"{find} finds an executor"] if find else []
    said += [f"{choose} opens its form"] if choose else []
    lines = [", ".join(said), f"{run} in the form launches it" if run else ""]
    return [("no runs yet", "dim"), ("", ""), *((line, "dim") for line in lines if line)]


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
