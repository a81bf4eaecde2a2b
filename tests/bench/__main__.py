"""`make bench`: ours beside the ceiling, in growing trees, on the screen, with PEERS=1 beside the peers.

`bench-results.json` has every figure. ARGS=quick is a look of two minutes; ARGS=full leaves no size out, however long
it takes.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict

from tests.bench import cases, form, peers, reload, report, scaling, screen, screen_report, targets
from tests.bench.child import ROOT

RESULTS = ROOT / "bench-results.json"
RELOAD_EXECUTORS = 500
RELOAD_SAVES = {"quick": 10, "usual": 40, "full": 100}
FORM_ROUNDS = {"quick": 2, "usual": 5, "full": 9}
ROUNDS = {"quick": 2, "usual": 5, "full": 5}
BUSY = 0.5
"""Load above which the figures are not the machine's best."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("extent", nargs="?", choices=tuple(ROUNDS), default="usual")
    extent = parser.parse_args().extent
    for package in ("engine", "tui", "executors"):  # compiled like the libraries that a start is compared with
        compileall.compile_dir(ROOT / package, quiet=1)
    began = time.perf_counter()
    about = {
        "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        "extent": extent,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg(),
    }
    print(f"Python {about['python']}, SQLite {about['sqlite']}, {about['cores']} cores, load {os.getloadavg()[0]:.1f}")
    if os.getloadavg()[0] > BUSY:
        print("Other programs keep the machine busy: trust the ratios more than the figures.")
    found, ceilings = cases.run(ROUNDS[extent], _say)
    _show(report.cases_table(found, ceilings))
    scaled = scaling.run(quick=extent == "quick", everything=extent == "full", say=_say)
    _show(report.scaling_table(scaled))
    besides: list[peers.Beside] = []
    if os.environ.get("PEERS", "0") not in {"", "0"}:
        if (peers.SCRIPTS / "README.md").exists():
            besides = peers.run(_say)
            _show(report.peers_table(besides))
        else:
            print(f"\nno peers: their scripts are not at {os.path.relpath(peers.SCRIPTS, ROOT)}")
    _say("saves to catalogue")
    reloads = list(reload.rows(RELOAD_EXECUTORS, RELOAD_SAVES[extent]))
    _show(map(str, reloads))
    _say("launch forms")
    forms = list(form.rows(FORM_ROUNDS[extent]))
    _show(map(str, forms))
    seen = screen.run(extent, _say)
    _show(screen_report.lines(seen))
    reached = [*targets.every(found, ceilings, scaled, besides), *screen_report.targets(seen)]
    about |= {"load_after": os.getloadavg(), "seconds": round(time.perf_counter() - began)}
    told = report.as_json(about, found, ceilings, scaled, besides, reached)
    told["reload"] = [asdict(row) for row in reloads]
    told["form"] = [asdict(row) for row in forms]
    told["screen"] = asdict(seen)
    RESULTS.write_text(json.dumps(told, indent=1), encoding="utf-8")
    print(f"\n{report.summary(reached)}; {about['seconds']} s; {RESULTS.name} has every figure")


def _say(text: str) -> None:
    """What is under way, on the standard error so that the tables can be kept apart."""
    print(f"… {text}", file=sys.stderr, flush=True)


def _show(lines: Iterable[str]) -> None:
    print()
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
