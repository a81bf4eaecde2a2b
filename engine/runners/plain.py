"""The plain `execute` of a job, in its thread: where it is, and how a spin in it is ended."""

from __future__ import annotations

from engine.leftovers import thread_words
from engine.run import Job
from engine.threads import break_in


async def kill(job: Job) -> bool:
    """Break a spin; False where there is none, or the thread waits for something."""
    work = job.work
    thread = work.thread if work is not None else None
    if work is None or thread is None:
        return False
    return await break_in(thread, lambda: work.thread is thread)


def place(job: Job) -> str:
    """ "thread 'x' at file:line in function", "" where it runs in none."""
    thread = job.work.thread if job.work is not None else None
    return thread_words(thread) if thread is not None else ""
