"""What `answer` and `schedule` are called and take. Only argparse in it."""

from __future__ import annotations

import argparse
from typing import Any

from tui.commands.run_options import FOLDERS, TASK, Add, Read

ANSWER = """\
Without TASK it lists what waits. The first answer counts; who runs the task goes on with it at once.
Exit code: 0 answered, 2 wrong use, 4 refused.

examples:
  taskdeck answer
  taskdeck answer 3f2a91c0 --approve --input host=web-1
  taskdeck answer 3f2a91c0 --reject --reason "not before Monday"
"""
SCHEDULE = """\
Schedules are kept in the store. An open console launches what is due, or `taskdeck schedule run`; one process
of all does, and another goes on when it ends.

examples:
  taskdeck schedule add nightly backup --cron "30 3 * * *" --tz Europe/Berlin --input target=db1
  taskdeck schedule list
  taskdeck schedule next --cron "0 9 * * MON-FRI"
"""
ADD = """\
One of --every, --cron and --at says when. A secret is given as env:NAME or keyring:NAME; schedules are stored.

examples:
  taskdeck schedule add ping http_request --every 15m --input url=https://example.org/health
  taskdeck schedule add nightly backup --cron "30 3 * * *" --tz Europe/Berlin --missed once
  taskdeck schedule add move migrate --at "2030-01-02 18:30" --label "the big one" --yes
"""
RUN = """\
Launches what is due, without a screen, until SIGTERM or Ctrl+C: nothing new is begun then, what runs has --wait
seconds to end. --once launches what is due now, waits for it, and ends: for cron and systemd timers. --json prints an
object a line as runs begin and end, with --once one list.
"""
NAME = "its name, its id or the beginning of that"


def declare_answer(commands: Any, add: Add, assignment: Read) -> None:
    """Add `answer` to `commands`; `add` makes a command, `assignment` reads KEY=VALUE."""
    own = add(commands, "answer", "answer what a task asks, or list what waits for an answer", "", ANSWER)
    own.add_argument("task", metavar="TASK", nargs="?", help=TASK)
    verdict = own.add_mutually_exclusive_group()
    verdict.add_argument("--approve", action="store_true", help="the task completes, with the values of the form")
    verdict.add_argument("--reject", action="store_true", help="the task fails with the reason")
    _inputs(own, assignment, "a value of the form")
    own.add_argument("--reason", default="", help="a few words that are kept with the answer")
    _store(own)


def declare_schedules(commands: Any, add: Add, assignment: Read) -> None:
    """Add `schedule` and what stands below it."""
    top = add(commands, "schedule", "launch executors at their times", "", SCHEDULE)
    acts = top.add_subparsers(dest="act", metavar="ACT", title="acts", required=True, parser_class=type(top))
    _declare_add(acts, add, assignment)
    listed = add(acts, "list", "list the schedules with their next times", "", "")
    show = add(acts, "show", "show a schedule with what became of its times", "", "")
    show.add_argument("--limit", type=int, default=10, metavar="N", help="so many times at most (default: 10)")
    pause = add(acts, "pause", "launch nothing of these until they are resumed", "", "")
    resume = add(acts, "resume", "go on with the next times of these", "", "")
    remove = add(acts, "remove", "take schedules away; what they launched stays in the history", "", "")
    for own in (pause, resume, remove):
        own.add_argument("names", metavar="NAME", nargs="+", help=NAME)
    show.add_argument("names", metavar="NAME", nargs=1, help=NAME)
    upcoming = add(acts, "next", "tell the next times of a schedule, or of a rule", "", "")
    upcoming.add_argument("names", metavar="NAME", nargs="?", help=NAME)
    upcoming.add_argument("-n", "--number", type=int, default=5, metavar="N", help="so many (default: 5)")
    _rule(upcoming)
    run = add(acts, "run", "launch what is due, without a screen", FOLDERS, RUN)
    run.add_argument("--once", action="store_true", help="what is due now, then end")
    run.add_argument(
        "--wait", type=float, default=10.0, metavar="SECONDS", help="for what runs at the end (default: 10)"
    )
    for own in (listed, show, pause, resume, remove, upcoming, run):
        _store(own)


def _declare_add(acts: Any, add: Add, assignment: Read) -> None:
    own = add(acts, "add", "launch an executor at its times from now on", FOLDERS, ADD)
    own.add_argument("name", metavar="NAME", help="how the schedule is called")
    own.add_argument("target", metavar="EXECUTOR", help="its id; `taskdeck list` shows all")
    _rule(own)
    _inputs(own, assignment, "an input of the launches")
    own.add_argument("--label", help="a few words by which its runs are found (default: its name)")
    own.add_argument("--tag", dest="tags", action="append", default=[], help="a tag of its runs; may be given again")
    own.add_argument("--priority", type=int, choices=range(4), help="0 urgent, 1 high, 2 normal, 3 low")
    own.add_argument("--timeout", type=float, metavar="SECONDS", help="instead of the executor's own")
    own.add_argument("--retries", type=int, metavar="N", help="instead of the executor's own")
    own.add_argument(
        "--missed", choices=("skip", "once", "all"), default="once",
        help="times that passed while no process kept the schedules: run none, one for all (default), or each",
    )  # fmt: skip
    own.add_argument(
        "--overlap", choices=("skip", "queue"), default="skip",
        help="while the run before goes on: leave a time out (default), or run it after that",
    )  # fmt: skip
    own.add_argument("--paused", action="store_true", help="do not begin before it is resumed")
    own.add_argument("--replace", action="store_true", help="in the place of a schedule of that name")
    own.add_argument("--yes", action="store_true", help="schedule an executor that is marked as dangerous unasked")
    _store(own)


def _rule(own: argparse.ArgumentParser) -> None:
    rule = own.add_mutually_exclusive_group()
    rule.add_argument("--every", metavar="TIME", help="e.g. 15m, 1h30m, 2d: elapsed time from now on")
    rule.add_argument("--cron", metavar="RULE", help="minute hour day month weekday, or @hourly, @daily ...")
    rule.add_argument("--at", metavar="MOMENT", help="once, e.g. '2030-01-02 18:30'")
    own.add_argument("--tz", metavar="ZONE", default="", help="e.g. Europe/Berlin (default: the system's)")


def _inputs(own: argparse.ArgumentParser, assignment: Read, about: str) -> None:
    own.add_argument("--inputs", metavar="FILE", dest="inputs_file", help="a JSON or YAML file of them, - for stdin")
    own.add_argument(
        "--input", metavar="KEY=VALUE", action="append", default=[], type=assignment, dest="inputs",
        help=f"{about}, JSON or plain text; may be given again",
    )  # fmt: skip


def _store(own: argparse.ArgumentParser) -> None:
    own.add_argument("--store", metavar="FILE", dest="own_store", help="another store than your own")
    own.add_argument("--json", action="store_true", help="print JSON")
