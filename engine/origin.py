"""Whose acts the audit keeps, and where the person or script sits: the terminal and the address, or its name."""

from __future__ import annotations

import grp
import os
import pwd
import sys
from functools import cache


@cache
def login() -> str:
    """The name that the system knows this process's user by; the number where it has none."""
    return user_name(os.getuid())


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@cache
def own_groups() -> frozenset[str]:
    """The names of the groups of this process's user."""
    names = set()
    for gid in {os.getgid(), *os.getgroups()}:
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:  # it has none: no setting can name it
            continue
    return frozenset(names)


def known_user(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def known_group(name: str) -> bool:
    try:
        return bool(grp.getgrnam(name))
    except KeyError:
        return False


@cache
def origin() -> str:
    """E.g. "pts/3 from 10.0.0.7", "tty1", "nightly.py (pid 4711)"; read once, since it cannot change."""
    address = (os.environ.get("SSH_CONNECTION") or "").split(" ")[0]
    place = _terminal() or _script()
    return f"{place} from {address}" if address else place


def _terminal() -> str:
    for stream in (sys.__stdin__, 0, 1, 2):  # in the console only the first leads to the terminal
        try:
            if stream is None:
                continue
            return os.ttyname(stream if isinstance(stream, int) else stream.fileno()).removeprefix("/dev/")
        except (OSError, ValueError):
            continue
    return ""


def _script() -> str:
    script = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
    return f"{script} (pid {os.getpid()})"
