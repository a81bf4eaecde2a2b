"""From an exception in foreign code to a `Problem` that a person can act on: file, line, one line of words."""

from __future__ import annotations

import os
import re
import stat
import traceback
from pathlib import Path
from types import FrameType

from engine.catalogue import Problem

MAX_TEXT = 500
MAX_TRACEBACK = 20_000
MAX_FILE = 8 * 2**20
"""Bytes of a file whose lines a traceback shows."""
_ENGINE = str(Path(__file__).parent) + os.sep
_VERSIONED = re.compile(r"(\.py)@[0-9a-f]{10}(?![0-9a-f])")


def code_name(path: str, sha: str) -> str:
    """The file name that code compiled from `path` bears; it tells versions apart ("/x/hello.py@3f9a81bc22")."""
    return f"{path}@{sha[:10]}"


def plain_names(text: str) -> str:
    """`text` (a traceback, say) with the file names of `code_name` turned back into real ones."""
    return _VERSIONED.sub(r"\1", text)


def words(error: BaseException) -> str:
    """`error` as one line, "ValueError: what it says"; never raises."""
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException as fault:  # __str__ is foreign code
        message = f"(its text cannot be had: {type(fault).__name__})"
    first = next((line.strip() for line in plain_names(message).splitlines() if line.strip()), "")
    return (f"{type(error).__name__}: {first}" if first else type(error).__name__)[:MAX_TEXT]


def problem_of(
    error: BaseException,
    file: str,
    *,
    code_file: str | None = None,
    line: int | None = None,
    text: str | None = None,
    executor_id: str | None = None,
) -> Problem:
    """Say what `error` means for `file`, whose code bears the name `code_file`.

    The line is a SyntaxError's own, else that of the deepest frame inside the file, else `line`; the traceback has the
    frames of foreign code only.
    """
    found = _line_of(error, code_file or file)
    return Problem(file, found or line, text or words(error), foreign_traceback(error), executor_id)


def problem_at(frame: FrameType | None, file: str, code_file: str, text: str) -> Problem:
    """The same for code that is still running: `frame` is where its thread is now."""
    walked = traceback.walk_stack(frame) if frame else ()
    stack = traceback.StackSummary.extract(walked, lookup_lines=False)
    stack.reverse()
    start = next((index for index, entry in enumerate(stack) if entry.filename.startswith(_ENGINE)), 0)
    stack = traceback.StackSummary.from_list(stack[start:])  # what starts a thread tells nobody anything
    line = next((entry.lineno for entry in reversed(stack) if entry.filename == code_file), None)
    return Problem(file, line, text, plain_names("".join(_foreign(stack).format()))[:MAX_TRACEBACK])


def _line_of(error: BaseException, code_file: str) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == code_file:
        return error.lineno or None
    line = None
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == code_file:
            line = step.tb_lineno
        step = step.tb_next
    return line


def foreign_traceback(error: BaseException) -> str:
    """The traceback without the engine's own frames, at most `MAX_TRACEBACK` characters; never raises."""
    try:
        told = traceback.TracebackException.from_exception(error, lookup_lines=False)
        seen: set[int] = set()
        todo: list[traceback.TracebackException | None] = [told]
        while todo:
            part = todo.pop()
            if part is not None and id(part) not in seen:
                seen.add(id(part))
                part.stack = _foreign(part.stack)
                todo += [part.__cause__, part.__context__, *(part.exceptions or ())]
        text = plain_names("".join(told.format()))
    except BaseException as fault:  # formatting asks foreign objects for their text
        return f"(the traceback cannot be had: {type(fault).__name__})"
    return text if len(text) <= MAX_TRACEBACK else f"{text[: MAX_TRACEBACK // 2]}\n...\n{text[-MAX_TRACEBACK // 2 :]}"


def _foreign(stack: traceback.StackSummary) -> traceback.StackSummary:
    """`stack` without the engine's own frames and those of the import machinery, and without lines of what is no file.

    Code may bear any file's name: a line of /dev/zero or of a pipe would be looked for until the memory ends.
    """
    kept = []
    for entry in stack:
        if entry.filename.startswith((_ENGINE, "<frozen importlib")):
            continue
        if not _is_source(entry.filename):
            entry = traceback.FrameSummary(entry.filename, entry.lineno, entry.name, lookup_line=False, line="")
        kept.append(entry)
    return traceback.StackSummary.from_list(kept)


def _is_source(file: str) -> bool:
    """Whether lines of that name may be asked for: it is not there (versions of ours are not), or of moderate size."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return True
    return stat.S_ISREG(found.st_mode) and found.st_size <= MAX_FILE
