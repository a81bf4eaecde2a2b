"""What the console did with each of the table, as Markdown: `python -m tests.evil.table FILE`.

T is in a thread of the console's own process, P in a process apart.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from engine.leftovers import APART
from tests.evil.play import Played, play
from tests.evil.rows import CASES, Row

SHOWN = 150
MARKS = {"thread": "T", "process": "P"}
DID = ("blocks its loop", "put back", "left behind", "did not return", "came too fast", "left out", "in a process of")
"""What the engine's own lines of a log say of what it did."""


def main(target: str) -> None:
    """To a file: what they write is on the standard output."""
    with tempfile.TemporaryDirectory() as folder, open(target, "w", encoding="utf-8") as file:
        print("| executor | inputs | ended by | | row | what the console did |\n|---|---|---|---|---|---|", file=file)
        for number, (row, mode) in enumerate(CASES):
            played = asyncio.run(play(row, mode, Path(folder, f"{number}.db")))
            print(f"| {_given(row)} | {MARKS[mode]} | {played.evil.status} | {_did(played)} |", file=file, flush=True)


def _given(row: Row) -> str:
    given = ", ".join(f"{value}" for value in row.inputs.values())
    return f"{row.executor} | {_cell(given)} | {row.end}"


def _did(played: Played) -> str:
    told = [played.evil.error] if played.evil.error else []
    lines = [line.removeprefix("engine: ") for line in played.log.splitlines() if line.startswith("engine: ")]
    told += [line for line in lines if any(words in line for words in DID) and not line.startswith(APART)]
    others = [task for task in (played.beside, played.after) if task.status != "completed"]
    told += [f"THE GOOD TASK ENDED AS {task.status}" for task in others]
    return "; ".join(_cell(each) for each in told[:3]) or "ran to its end"


def _cell(text: str) -> str:
    folder = str(Path(__file__).parent)
    text = re.sub(r"[^ -~]+", " ", text.replace(f"{folder}/executors/", "").replace(sys.prefix, "")).replace("|", "\\|")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


if __name__ == "__main__":
    main(sys.argv[1])
