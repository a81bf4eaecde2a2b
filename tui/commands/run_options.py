"""What the commands about runs are called and take: `run`, `list`, `history`, `cancel`... Only argparse in it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

EXITS = "Exit code: 0 done, 1 failed, 2 wrong use, 3 cancelled, 4 refused."
FOLDERS = "a folder of executors, before your own and the shipped ones; may be given again"
RUN = f"""\
{EXITS}
The result goes to stdout, all else to stderr. Ctrl+C cancels properly. --input a.b=1 sets b in the object a, and
--input KEY=@FILE takes what is in a file (@@ begins a text with an @).

examples:
  taskdeck run greeting --input name=Ann
  taskdeck run deploy --inputs deploy.yaml --label nightly --json
  echo '{{"name": "Ann"}}' | taskdeck run greeting --inputs -
  taskdeck run nightly.flow.yaml --input day=monday
"""
PLAN = """\
Exit code: 0 it would run, 1 something would not, 2 wrong use. Nothing is stored and nothing runs.

examples:
  taskdeck plan morning_check --input language=fr
  taskdeck plan nightly.flow.yaml --json
"""
WHAT = "the id of an executor or a flow, or a flow's file; `taskdeck list` shows all"
RERUN = f"""\
{EXITS}
What depends on the task runs again too.

examples:
  taskdeck rerun 3f2a91c0 --set name=Bob
  taskdeck rerun latest --from upload     go on where the run failed
"""
HISTORY = """\
WORDs are searched for in names, inputs, results and errors; one with blanks as it stands. As in the console's history
they may also be status:failed executor:x user:x tag:x label:x id:3f2a since:2d until:14:30 duration:>10s, and !WORD for
the opposite.

examples:
  taskdeck history --status failed --limit 5
  taskdeck history connection reset --json
  taskdeck history since:2d executor:deploy '!user:ann' "timed out"
"""
LOG = "example:\n  taskdeck log -f latest\n"
JSON = {
    "log": "print a JSON list; with -f an object a line, as they come",
    "export": "change nothing: it prints a JSON object a line anyway",
}
STATUSES = ("completed", "failed", "cancelled", "in_progress")
TASK = "an id, the beginning of one, or `latest` for the newest run"

Add = Callable[..., argparse.ArgumentParser]
Read = Callable[[str], tuple[str, str]]


def declare_runs(commands: Any, add: Add, assignment: Read) -> None:
    """Add the commands to `commands`; `add` makes one, `assignment` reads KEY=VALUE."""
    own = [
        _run(add(commands, "run", "launch an executor or a flow and print its result", FOLDERS, RUN), assignment),
        _rerun(add(commands, "rerun", "run a task again", FOLDERS, RERUN), assignment),
        _history(add(commands, "history", "list the runs, newest first", "", HISTORY)),
        _log(
            add(
                commands,
                "log",
                "print what a task and those below it wrote",
                "",
                "example:\n  taskdeck log -f latest\n",
            )
        ),
        _show(add(commands, "show", "show a task, its tree, inputs and outcome", "", "")),
        *_steering(commands, add),
        *_transfers(commands, add),
    ]
    planned = add(commands, "plan", "show what a launch would do: levels, order, inputs, problems", FOLDERS, PLAN)
    planned.add_argument("id", metavar="EXECUTOR|FLOW", help=WHAT)
    _given(planned, assignment)
    listed = add(commands, "list", "list the executors and flows", FOLDERS, "example:\n  taskdeck list http\n")
    listed.set_defaults(module="catalogue")
    listed.add_argument("words", metavar="WORD", nargs="*", help="only those with all these words")
    for each in own:
        each.add_argument("--store", metavar="FILE", dest="own_store", help="another store than your own")
    for each in (*own, planned, listed):
        each.add_argument("--json", action="store_true", help=JSON.get(each.prog.rpartition(" ")[2], "print JSON"))


def _run(own: argparse.ArgumentParser, assignment: Read) -> argparse.ArgumentParser:
    own.add_argument("id", metavar="EXECUTOR|FLOW", help=WHAT)
    _given(own, assignment)
    own.add_argument("--label", help="a few words by which the run is found again")
    own.add_argument("--tag", dest="tags", action="append", default=[], help="a tag of the run; may be given again")
    own.add_argument("--priority", type=int, default=2, choices=range(4), help="0 urgent, 1 high, 2 normal, 3 low")
    own.add_argument("--key", help="an idempotency key: the same key runs once")
    own.add_argument("--timeout", type=float, metavar="SECONDS", help="instead of the executor's own")
    own.add_argument("--retries", type=int, metavar="N", help="instead of the executor's own")
    own.add_argument("--dry-run", action="store_true", help="everything but execute")
    own.add_argument("--detach", action="store_true", help="print the id and let it run in a process of its own")
    own.add_argument("--quiet", action="store_true", help="tell nothing while it runs")
    own.add_argument("--yes", action="store_true", help="run an executor that is marked as dangerous unasked")
    own.add_argument("--announce", action="store_true", help=argparse.SUPPRESS)  # for --detach: the id when stored
    own.set_defaults(module="launch")
    return own


def _given(own: argparse.ArgumentParser, assignment: Read) -> None:
    own.add_argument("--inputs", metavar="FILE", dest="inputs_file", help="a JSON or YAML file of inputs, - for stdin")
    _inputs(own, "--input", assignment, "set an input to JSON or plain text; may be given again")


def _rerun(own: argparse.ArgumentParser, assignment: Read) -> argparse.ArgumentParser:
    own.add_argument("task", metavar="TASK", help=TASK)
    own.add_argument(
        "--from", metavar="NODE", dest="node", help="from this task of that run: its id, or its name or id in the flow"
    )
    _inputs(own, "--set", assignment, "change an input; may be given again")
    own.add_argument("--quiet", action="store_true", help="tell nothing while it runs")
    own.add_argument("--yes", action="store_true", help="run an executor that is marked as dangerous unasked")
    return own


def _inputs(own: argparse.ArgumentParser, name: str, assignment: Read, about: str) -> None:
    own.add_argument(name, metavar="KEY=VALUE", action="append", default=[], type=assignment, dest="inputs", help=about)


def _history(own: argparse.ArgumentParser) -> argparse.ArgumentParser:
    own.add_argument("words", metavar="WORD", nargs="*", help="only runs with all these words; see below")
    own.add_argument("--status", action="append", choices=STATUSES, help="only runs of this status")
    for name in ("executor", "user", "tag"):
        own.add_argument(f"--{name}", help=f"only runs of this {name}")
    own.add_argument("--limit", type=int, default=20, metavar="N", help="so many at most (default: 20)")
    return own


def _log(own: argparse.ArgumentParser) -> argparse.ArgumentParser:
    own.add_argument("task", metavar="TASK", help=TASK)
    own.add_argument("-f", "--follow", action="store_true", help="go on until the task has ended")
    own.add_argument("--attempt", type=int, metavar="N", help="a former attempt")
    own.add_argument("--times", action="store_true", help="with the time of each line")
    return own


def _show(own: argparse.ArgumentParser) -> argparse.ArgumentParser:
    own.add_argument("task", metavar="TASK", help=TASK)
    return own


def _steering(commands: Any, add: Add) -> Sequence[argparse.ArgumentParser]:
    cancel = add(commands, "cancel", "cancel tasks and what stands under them", "", "")
    cancel.add_argument("tasks", metavar="TASK", nargs="+", help=TASK)
    cancel.add_argument("--only", action="store_true", help="not what stands under them")
    pause = add(commands, "pause", "start nothing new of a run, or of any", "", "")
    resume = add(commands, "resume", "go on with a paused run, or with the queue", "", "")
    for each in (pause, resume):
        each.add_argument("tasks", metavar="RUN", nargs="*", help="a run; without one the whole queue")
    for each in (cancel, pause, resume):
        each.set_defaults(module="steer")
    return cancel, pause, resume


def _transfers(commands: Any, add: Add) -> Sequence[argparse.ArgumentParser]:
    export = add(commands, "export", "print runs as JSON lines", "", "example:\n  taskdeck export latest > run.jsonl\n")
    export.add_argument("tasks", metavar="RUN", nargs="*", help="only these runs")
    export.add_argument("--words", action="append", metavar="WORD", help="only runs with these words")
    imported = add(commands, "import", "store runs that `export` printed", "", "")
    imported.add_argument("file", metavar="FILE", help="the JSON lines, - for stdin")
    prune = add(commands, "prune", "delete old runs", "", "example:\n  taskdeck prune --days 30\n")
    prune.add_argument("--days", type=float, metavar="N", help="keep runs of so many days")
    prune.add_argument("--runs", type=int, metavar="N", help="keep so many runs of each executor")
    for each in (export, imported, prune):
        each.set_defaults(module="transfer")
    return export, imported, prune
