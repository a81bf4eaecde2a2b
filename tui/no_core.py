"""No core file: when the process crashes, what is in its memory (secrets of running tasks among it) is not written."""

from __future__ import annotations


def no_core_file() -> None:
    """Has the system write none of this process and of what it starts, unless that asks for one.

    A limit of one byte, since 0 does not hold where dumps are piped to a program (core(5)).
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (1 if most == resource.RLIM_INFINITY or most >= 1 else 0, most))
    except (OSError, ValueError):  # it was forbidden to change it
        pass
