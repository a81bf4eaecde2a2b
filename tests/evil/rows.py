"""The table: what each does, how it is ended, and what its row must say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["thread", "process"]


@dataclass(frozen=True)
class Row:
    """`says` and `logs` are patterns for the error and the log, by mode where they differ."""

    executor: str
    inputs: dict[str, Any] = field(default_factory=dict)
    status: str | dict[str, str] = "completed"
    says: str | dict[str, str] = ""
    logs: str | dict[str, str] = ""
    end: Literal["", "cancel", "timeout"] = ""
    modes: tuple[Mode, ...] = ("thread", "process")
    params: dict[str, Any] = field(default_factory=dict)
    returns: dict[str, Any] = field(default_factory=dict)
    """What its result holds, at least."""

    @property
    def name(self) -> str:
        return " ".join([self.executor, *map(str, self.inputs.values())]).strip()


def pattern(given: str | dict[str, str], mode: Mode) -> str:
    return given if isinstance(given, str) else given.get(mode, "")


STOPPED = {"thread": "code was stopped", "process": "process was killed"}
ABANDONED = {"thread": r"did not stop and was abandoned \(.*\.py:\d+ in execute", "process": "process was killed"}
ALONE: tuple[Mode, ...] = ("process",)
OVER = r"more memory than its limit of 100 MiB"
SMALL = {"memory_limit": 100 * 2**20}
ENDS = {
    "exit": r"called os\._exit\(3\), which would have ended the console",
    "abort": r"called os\.abort\(\), which would have ended the console",
    "timer": r"signal\.setitimer would hit the whole console",
    "raise": r"signal\.raise_signal would hit the whole console",
    "kill": r"signal 9 would hit the console or what it hangs on",
}

ROWS = (
    Row("sleeps", logs={"thread": r"blocks its loop at .*sleeps\.py:17 in execute"}),
    Row("spins", status="cancelled", end="cancel", says=STOPPED, logs={"thread": r"blocks its loop at .*spins\.py"}),
    Row("spins", status="failed", end="timeout", says={m: f"timed out .*{words}" for m, words in STOPPED.items()}),
    Row("spins_caught", status="cancelled", end="cancel", says=STOPPED),
    Row("spins_plain", status="cancelled", end="cancel", says=STOPPED),
    Row("spins_plain", status="failed", end="timeout", says="timed out after 0.6 s"),
    Row("deadlocks", status="cancelled", end="cancel", says=ABANDONED, logs={"thread": "blocks its loop at .*locks"}),
    Row("deadlocks_plain", status="cancelled", end="cancel", says=ABANDONED),
    Row(
        "deadlocks_plain", status="failed", end="timeout", says="timed out after 0.6 s",
        logs=r"left behind: thread 'executor deadlocks_plain' at .*deadlocks_plain\.py:\d+ in execute",
    ),
    Row("regex", status="cancelled", end="cancel", says="process was killed", modes=ALONE),
    Row("swallows_cancel", status="cancelled", end="cancel", says=ABANDONED),
    Row("hangs_in_cancel", status="cancelled", end="cancel", says="cancelled", logs=r"cancel\(\) did not return"),
    Row("exits", {"how": "exit"}, "failed", r"sys\.exit\(3\)"),
    Row("exits", {"how": "interrupt"}, "failed", "KeyboardInterrupt"),
    Row("exits", {"how": "in a task"}),
    Row("exits", {"how": "generator"}, "failed", "GeneratorExit"),
    Row("os_exit", {}, "failed", "exit code 3; its last output: last words|exit code 3", "last words", modes=ALONE),
    Row("segfault", {}, "failed", r"SIGSEGV \(segmentation fault\) at .*segfault\.py:\d+ in execute", modes=ALONE),
    Row("kills", {"whom": "itself"}, "failed", "killed by SIGTERM", modes=ALONE),
    Row("kills", {"whom": "its group"}, "failed", "killed by SIGKILL", modes=ALONE),
    Row("kills", {"whom": "its parent"}, "failed", "killed by SIGKILL", modes=ALONE),
    Row("kills", {"whom": "its parent's group"}, "failed", "killed by SIGKILL", modes=ALONE),
    Row("kills", {"whom": "itself, to stop"}, "failed", "timed out .*was killed", end="timeout", modes=ALONE),
    Row("forks"),
    Row("forks_async"),
    Row("leaves_threads", logs=r"left behind: thread 'forgotten'"),
    Row("leaves_children", logs=r"left behind: process \d+ \(sleep 37\)"),
    Row("closes_fds", {"fds": [1]}, logs={"thread": "descriptor 1 was closed; put back", "process": "still here"}),
    Row("closes_fds", {"fds": [0, 1, 2]}, logs="still here"),
    Row("writes_escapes", {"shy": True}, logs="printed"),
    Row("prints", logs="lines came too fast|lines left out|xxx"),
    Row("prints", {"lines": True}, logs="lines came too fast|lines left out"),
    Row("returns", {"what": "200 MB"}, "failed", r"too large: (over )?\d+\.\d MiB"),
    Row("returns", {"what": "many"}, "failed", r"too large: \d+\.\d MiB"),
    Row("returns", {"what": "cyclic"}, "failed", r"not JSON at \$\.ring\[0\]: contains itself"),
    Row("returns", {"what": "NaN"}, "failed", r"not JSON at \$\.number: nan"),
    Row("returns", {"what": "deep"}, "failed", "nested more than 900 deep"),
    Row("returns", {"what": "bytes"}, "failed", r"not JSON at \$\.raw: bytes"),
    Row("returns", {"what": "surrogates"}),
    Row("mutates_inputs", {"list": [1, 2, 3]}),
    Row("monkeypatches", logs=r"changed BaseEventLoop\.call_later; put back"),
    Row("moves_house", logs="changed the working folder: /; put back"),
    Row("eats_memory", {"how": "in Python"}, "failed", OVER, modes=ALONE, params=SMALL),
    Row("eats_memory", {"how": "in children"}, "failed", OVER, modes=ALONE, params=SMALL),
    Row("raises_odd", {"how": "raise"}, "failed", r"its message cannot be read"),
    Row("raises_odd", {"how": "return"}, "failed", "KeyboardInterrupt"),
    Row("raises_in_init", {"a": 1}, "failed", r"sys\.exit\(not today\)"),
    Row("raises_in_schema", {}, "failed", "schema of 'raises_in_schema' cannot be used.*no schema"),
    Row("reads_stdin"),
    *(
        Row("ends_all", {"how": how}, "failed", {"thread": says, "process": r"exit code|killed by"})
        for how, says in ENDS.items()
    ),
    Row(
        "ends_all", {"how": "alarm"}, {"thread": "failed", "process": "completed"},
        {"thread": r"signal\.alarm would hit the whole console"}, {"process": "changed the timer.*; put back"},
    ),
    Row("ends_all", {"how": "interrupt"}, "failed", {"thread": "would hit the whole", "process": "KeyboardInterrupt"}),
    Row("ends_all", {"how": "replace"}, "failed", {"thread": "os.execv.*would have ended", "process": "exit code 0"}),
    Row("ends_all", {"how": "watched"}, "failed", {"thread": "needs isolation", "process": "exit code 1"}),
    Row("ends_all", {"how": "group"}, "failed", "needs isolation|not permitted"),
    Row("ends_all", {"how": "limits"}, "failed", "needs isolation", modes=("thread",)),
    Row("upsets", {"what": "streams"}, logs={"thread": r"changed sys\.stdout; put back"}),
    Row("upsets", {"what": "logging"}, logs=r"changed logging\.disable: 50; put back"),
    Row("upsets", {"what": "gc"}, logs="garbage was not collected as it should; put back"),
    Row("upsets", {"what": "recursion"}),
    Row("upsets", {"what": "deep recursion"}, "failed", "recursion", modes=("thread",)),
    Row("upsets", {"what": "hooks"}, logs=r"changed sys\.meta_path; put back"),
    Row("upsets", {"what": "fault handler"}, "failed", "needs isolation", modes=("thread",)),
    Row("upsets", {"what": "signal"}, "failed", "main thread", modes=("thread",)),
    Row("upsets", {"what": "signal"}, logs="changed the handler of SIGTERM; put back", modes=ALONE),
    Row("upsets", {"what": "switching"}, "failed", "needs isolation", modes=("thread",)),
    Row("upsets", {"what": "loop"}),
    Row("upsets", {"what": "sleep, for a while"}),
    Row("closes_all", {"how": "one by one"}),
    Row("closes_all", {"how": "range"}, "failed", "are the console's own"),
    Row("closes_all", {"how": "write"}),
    Row("closes_all", {"how": "duplicate"}),
    Row("odd_objects", {"what": "dict"}, "failed", "KeyboardInterrupt|a trap"),
    Row("odd_objects", {"what": "list"}, "failed", "a trap"),
    Row("odd_objects", {"what": "status"}, "failed", "KeyboardInterrupt|a trap"),
    Row("odd_objects", {"what": "repr"}, "failed", r"not JSON at \$\.object: Equal"),
    Row("odd_objects", {"what": "error"}, "failed", "its message cannot be read|cannot be told"),
    Row("odd_objects", {"what": "class"}, "failed", "cannot be told"),
    Row("odd_objects", {"what": "huge int"}, "failed", "."),
    Row("odd_objects", {"what": "coroutine"}, "failed", r"not JSON at \$\.later: coroutine"),
    Row("odd_objects", {"what": "long error"}, "failed", r"… \(50000000 characters\)"),
    Row("odd_objects", {"what": "group"}, "failed", "several"),
    Row("odd_objects", {"what": "recursion"}, "failed", "maximum recursion depth"),
    Row("odd_objects", {"what": "stop"}, "failed", "StopIteration"),
    Row("odd_objects", {"what": "stop async"}, "failed", "odd|StopAsyncIteration"),
    Row("async_generator", {}, "failed", "not JSON at .*async_generator"),
    Row("spins_in_cancel", {"how": "spin"}, "cancelled", {"process": "process was killed"}, end="cancel"),
    Row("spins_in_cancel", {"how": "block"}, "cancelled", ".", end="cancel"),
    Row("spins_in_cancel", {"how": "exit"}, "cancelled", "cancelled", end="cancel"),
    Row("spins_in_cancel", {"how": "raise"}, "cancelled", "cancelled", end="cancel"),
    Row("spins_in_init", {"a": 1}, "cancelled", STOPPED, end="cancel"),
    Row("trouble_in_del", {"how": "sleep"}),
    Row("trouble_in_del", {"how": "exit"}, {"thread": "completed", "process": "failed"}, {"process": "exit code 6"}),
    Row("trouble_in_del", {"how": "raise"}),
    Row("leaves_tasks", logs=r"left behind: asyncio task 'forgotten' at .*leaves_tasks\.py"),
    Row("writes_oddly", {"how": "long"}, logs="yyyy"),
    Row("writes_oddly", {"how": "NUL"}),
    Row("writes_oddly", {"how": "bytes"}, logs="stdout: as bytes"),
    Row("writes_oddly", {"how": "standard"}, logs="stdout: to the standard one"),
    Row("odd_objects", {"what": "endless file"}, "failed", "never ends", modes=("thread",)),
    Row("harms_loop", {"how": "cancels all"}),
    Row("harms_loop", {"how": "breaks it"}),
    Row("harms_store", modes=("thread",), returns={"refused": True}),
    Row("takes_over", {"what": "the process"}, modes=("thread",), returns={"refused": [True] * 6}),
    Row(
        "takes_over", {"what": "what all share"}, {"thread": "completed", "process": "failed"},
        {"process": "its process ended by itself"},
        {"thread": r"(?s)changed sys\.modules: .* more; put back.*changed the environment"},
    ),
    Row("recurses", {}, "failed", "maximum recursion depth"),
)  # fmt: skip
CASES = [(row, mode) for row in ROWS for mode in row.modes]
