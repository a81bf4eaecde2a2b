"""Where the person or script sits whose acts the audit keeps: the terminal and the address, or the script's name."""

from __future__ import annotations

import os
import sys
from functools import cache


@cache
def origin() -> str:
    """E.g. "pts/3 from 10.0.0.7", "tty1", "nightly.py (pid 4711)"; read once, since it cannot change."""
    address = (os.environ.get("SSH_CONNECTION") or "").split(" ")[0]
    for stream in (sys.__stdin__, 0, 1, 2):  # in the console only the first leads to the terminal
        try:
            if stream is None:
                continue
            terminal = os.ttyname(stream if isinstance(stream, int) else stream.fileno()).removeprefix("/dev/")
        except (OSError, ValueError):
            continue
        return f"{terminal} from {address}" if address else terminal
    script = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
    return f"{script} (pid {os.getpid()})"
