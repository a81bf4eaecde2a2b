"""How a process ended, in words for a person."""

from __future__ import annotations

import re
import signal

from engine import memory
from engine.leftovers import is_ours
from engine.problems import plain_names

_DUMPED = re.compile(r'File "(.+)", line (\d+) in (.+)')


def death(code: int, kills: int | None) -> str:
    """An exit code in words; `kills` were the kernel's, for want of memory, when the process began."""
    if code >= 0:
        return f"its process ended by itself, with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    words = f"its process was killed by {name}"
    if description := signal.strsignal(-code):
        words += f" ({description.lower()})"
    now = memory.kernel_kills()
    if code == -signal.SIGKILL and kills is not None and now is not None and now > kills:
        words += ", by the kernel: the machine had no memory left"
    return words


def last_place(words: str) -> str:
    """ " at file:line in function" of foreign code, from the dump that Python writes as it crashes; "" without one."""
    for file, line, function in _DUMPED.findall(words):
        if not is_ours(file):
            return f" at {plain_names(file)}:{line} in {function}"
    return ""


def last_line(words: str) -> str:
    """The last line of its output, to go on with; "" where there is none."""
    last = next((line.strip() for line in reversed(words.splitlines()) if line.strip()), "")
    return f"; its last output: {last[:200]}" if last else ""
