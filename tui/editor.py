"""The person's editor: which one, how it is told the line, and the terminal handed over to it and taken back."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from engine.errors import TaskdeckError

if sys.platform != "win32":
    import termios

if TYPE_CHECKING:
    from textual.app import App

VARIABLES = ("VISUAL", "EDITOR")
PLUS = frozenset({
    "vi", "vim", "nvim", "view", "gvim", "vim.basic", "vim.tiny", "nvi", "elvis", "nano", "pico", "rnano", "emacs",
    "emacsclient", "emacs-nox", "mg", "jed", "joe", "jmacs", "jstar", "ne", "micro", "kak", "mcedit",
    "gedit", "editor", "busybox",
})  # fmt: skip
"""Editors that take `+LINE FILE`."""
COLON = frozenset({"hx", "helix", "subl", "sublime_text", "zed", "zeditor", "lapce"})
"""Editors that take `FILE:LINE`."""
GOTO = frozenset({"code", "code-insiders", "code-oss", "codium", "vscodium", "cursor", "windsurf"})
"""Editors that take `--goto FILE:LINE`."""
GRACE = 1.0
"""Seconds that an editor gets to end when the console ends."""
STOPPED = 0.05
"""Seconds between two looks at an editor that stopped itself (ctrl+z)."""


class EditorError(TaskdeckError):
    """There is no editor to open, or nothing to open in it."""


def editor(environment: Mapping[str, str]) -> list[str]:
    """The words of $VISUAL, else of $EDITOR. Raises `EditorError` where none is set or it cannot be started."""
    name = next((name for name in VARIABLES if environment.get(name, "").strip()), None)
    if name is None:
        raise EditorError("no editor is set", "Set VISUAL or EDITOR before the console starts: export EDITOR=vi")
    try:
        words = shlex.split(environment[name])
    except ValueError as error:
        raise EditorError(f"${name} cannot be read: {error}", f"It is: {environment[name]}") from error
    program = os.path.expanduser(words[0])
    if shutil.which(program) is None:
        raise EditorError(f"${name} names '{words[0]}', which cannot be started", "Install it, or name another editor")
    return [program, *words[1:]]


def arguments(words: Sequence[str], file: str, line: int | None) -> list[str]:
    """The command that opens `file` at `line` (from 1), as the editor that `words` start understands it."""
    name = Path(words[0]).name
    if not line:
        return [*words, file]
    if name in PLUS:
        return [*words, f"+{line}", file]
    if name in COLON:
        return [*words, f"{file}:{line}"]
    if name in GOTO:
        return [*words, "--goto", f"{file}:{line}"]
    return [*words, file]


async def edit(app: App[Any], command: Sequence[str]) -> int:
    """Give the terminal to `command` until it ends; the loop goes on, nothing is painted. Returns its exit code.

    Raises `EditorError` where the terminal cannot be given or the command not be started.
    """
    try:
        # Textual gives Python's own streams back meanwhile; what tasks print goes on into their logs
        out, err = sys.stdout, sys.stderr
        with app.batch_update(), app.suspend(), redirect_stdout(out), redirect_stderr(err):
            # Textual takes the terminal back only when nothing is raised here: not where the console itself ends
            outcome = await _run(command)
    except SuspendNotSupported as error:
        raise EditorError("this terminal cannot be given to an editor", "Edit the file elsewhere") from error
    if isinstance(outcome, OSError):
        raise EditorError(f"'{command[0]}' cannot be started: {outcome.strerror}", "Name another editor in $EDITOR")
    return outcome


def keys() -> int:
    """The descriptor that keys are read from: to what runs in the console fd 0 leads nowhere."""
    return sys.__stdin__.fileno() if sys.__stdin__ is not None else 0


async def _run(command: Sequence[str]) -> int | OSError:
    screen = sys.__stdout__.fileno() if sys.__stdout__ is not None else None  # what is written to fd 1 is caught
    try:
        if sys.platform == "win32":
            return await asyncio.to_thread(subprocess.call, command, stdin=keys(), stdout=screen, stderr=screen)
        return await _run_job(command, screen)
    except OSError as error:
        return error


if sys.platform != "win32":

    async def _run_job(command: Sequence[str], screen: int | None) -> int:
        """Run it as a shell runs a job: in the foreground alone, so that its ctrl+c and ctrl+z reach nobody else."""
        modes = _modes()
        process = _start(command, screen)
        _hand_over(process.pid)
        _signal(process.pid, signal.SIGCONT)  # it may have asked for the terminal before it had it
        waiting = asyncio.ensure_future(asyncio.to_thread(_wait, process))
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            for last in (signal.SIGTERM, signal.SIGKILL):
                _signal(process.pid, last)
                if (await asyncio.wait([waiting], timeout=GRACE))[0]:
                    break
            raise
        finally:
            _hand_over(os.getpgrp())
            if modes is not None:
                _restore(modes)

    def _start(command: Sequence[str], screen: int | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=keys(), stdout=screen, stderr=screen, process_group=0)

    def _wait(process: subprocess.Popen[bytes]) -> int:
        """Wait for the end; an editor that stops itself goes on, as there is no shell here to go back to."""
        while True:
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode
            time.sleep(STOPPED)
            _signal(process.pid, signal.SIGCONT)

    def _signal(group: int, number: signal.Signals) -> None:
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            pass

    def _modes() -> list[Any] | None:
        """How the terminal is set; an editor that dies leaves it otherwise. None where there is no terminal."""
        try:
            return termios.tcgetattr(keys())
        except termios.error:
            return None

    def _restore(modes: list[Any]) -> None:
        try:
            termios.tcsetattr(keys(), termios.TCSADRAIN, modes)
        except termios.error:  # it hung up
            pass

    def _hand_over(group: int) -> None:
        """Make `group` the one that reads the terminal, where there is one; taking it back must not stop us."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            os.tcsetpgrp(keys(), group)
        except OSError:
            pass
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
