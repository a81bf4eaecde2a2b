"""What the benchmark says must be true: shapes, verdicts, and the figures read from the peers' scripts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench import cases, peer_process, peers, report, targets
from tests.bench.child import Unmeasured, measure
from tests.bench.load import CONSOLE, CeilingLoad, Load, Memory, parse
from tests.bench.scaling import Scaled
from tests.bench.trees import CHAIN, DAG, FAN_OUT, dependencies

README = """
| script | what | install |
|---|---|---|
| `p_huey.py` | Huey on SQLite | huey==3.5.4 |
| `p_apflow.py` | the guide's package, or its successor | aipartnerupflow==0.9.0 greenlet, or apflow==0.24.0 greenlet |
"""


def test_random_dag_has_as_many_dependencies_as_tasks_and_is_the_same_each_time() -> None:
    dag = list(dependencies(DAG, 10_000))
    assert dag == list(dependencies(DAG, 10_000))
    assert sum(map(len, dag)) == pytest.approx(10_000, rel=0.03)
    assert all(earlier < number for number, needs in enumerate(dag) for earlier in needs)
    assert all(len(set(needs)) == len(needs) for needs in dag)


def test_chain_waits_for_the_one_before_and_fan_out_for_nothing() -> None:
    assert list(dependencies(CHAIN, 4)) == [[], [0], [1], [2]]
    assert list(dependencies(FAN_OUT, 3)) == [[], [], []]


@pytest.mark.parametrize(
    "load",
    [
        Load(DAG, 30, CONSOLE, "NORMAL", retry_safe=True, repeat=2, memory=True),
        Load(FAN_OUT, 1),
        CeilingLoad(CHAIN, 30, "NORMAL", pipelined=True, repeat=2),
        CeilingLoad(FAN_OUT, 1),
    ],
)
def test_a_load_survives_the_way_to_its_process(load: Load | CeilingLoad) -> None:
    assert parse(load.arguments()) == load


@pytest.mark.parametrize("mode", ["library", "console"])
def test_the_engine_is_measured_in_a_process_of_its_own(mode: str) -> None:
    measured = measure(Load(DAG, 20, mode, repeat=2, memory=True))
    assert len(measured.rates) == len(measured.whole) == len(measured.cpu) == 2
    assert all(whole < rate for whole, rate in zip(measured.whole, measured.rates, strict=True))
    assert isinstance(measured.memory, Memory)


@pytest.mark.parametrize("pipelined", [False, True])
def test_the_ceiling_is_measured_without_an_engine(pipelined: bool) -> None:
    assert len(measure(CeilingLoad(CHAIN, 20, pipelined=pipelined, repeat=3)).rates) == 3


def test_a_failed_measurement_says_why() -> None:
    with pytest.raises(Unmeasured, match="invalid choice: 'spiral'"):
        measure(Load("spiral", 20))


def test_targets_are_shares_of_the_ceiling_with_the_absolute_beside() -> None:
    case = cases.CASES[0]
    ceiling = cases.Series([20_000.0, 30_000.0, 25_000.0])
    share, rate = targets.of_case(case, cases.Series([9_000.0, 8_000.0, 9_500.0]), ceiling)
    assert (share.value, share.met, rate.value, rate.met) == (pytest.approx(0.36), True, 9_000.0, False)
    assert report.verdict(share, rate) == "tasks/s MISSED"
    share, rate = targets.of_case(case, cases.Series(trouble="it broke"), ceiling)
    assert (share.verdict, rate.verdict) == ("not measured", "not measured")


def test_scaling_compares_100_000_with_1_000_and_bounds_the_memory() -> None:
    scaled = Scaled(DAG, CONSOLE, {1_000: 5_000.0, 10_000: 5_000.0, 100_000: 3_500.0})
    scaled.memory = Memory(live=2_400.0, held=1_499.0, dropped=300.0)
    ratio, memory = targets.of_scaled(scaled)
    assert memory is not None
    assert (ratio.verdict, memory.verdict) == ("MISSED", "met")
    line = next(line for line in report.scaling_table([scaled]) if line.startswith("dag"))
    assert "70%" in line and line.endswith("100,000 by 1,000 MISSED")
    scaled.rates.pop(100_000)  # what was read in a smaller tree is not held against the bound
    ratio, memory = targets.of_scaled(scaled)
    assert (ratio.verdict, memory) == ("not measured", None)


def test_every_target_missed_is_told_plainly() -> None:
    missed = targets.Target("a", 1.0, 2.0)
    assert report.verdict(missed, missed, None) == "MISSED"
    assert report.verdict(targets.Target("a", 2.0, 2.0), None) == "met"
    assert targets.Target("bytes", 1_501.0, 1_500.0, at_most=True).verdict == "MISSED"
    told = [missed, missed, targets.Target("a", 2.0, 2.0), targets.Target("a", None, 2.0)]
    assert report.summary(told) == "Of 4 targets 1 met, 2 MISSED, 1 not measured"


def test_pins_come_from_the_readme_beside_the_scripts() -> None:
    assert peers.pins_of(README, "huey") == ["huey==3.5.4"]
    assert peers.pins_of(README, "apflow") == ["apflow==0.24.0", "greenlet"]
    assert peers.pins_of(README, "aipartnerupflow") == ["aipartnerupflow==0.9.0", "greenlet"]
    with pytest.raises(Unmeasured, match="dbos"):
        peers.pins_of(README, "dbos")


def test_the_run_goes_on_where_peers_cannot_be_measured(tmp_path: Path) -> None:
    tmp_path.joinpath("README.md").write_text("nothing", encoding="utf-8")
    found = peers.run(lambda text: None, tmp_path)
    assert [beside.peer for beside in found] == list(peers.PEERS)
    assert all("does not say how to install" in beside.trouble for beside in found)
    line = next(line for line in report.peers_table(found) if line.startswith("Huey"))
    assert "not measured" in line


def test_of_a_peers_figures_the_fastest_of_each_count_is_taken() -> None:
    told = {
        "import_s": 0.3,
        "fan-out 20": {"tasks_per_s_run": 14.0, "completed": 19},
        "fan-out 100": {"tasks_per_s_run": 4.0},
        "fan-out threads": {"tasks_per_s": 3.0, "tasks": 100},
        "fan-out broken": "TimeoutError()",
        "chain 20": {"tasks_per_s_run": 1.7},
    }
    assert list(peers.figures(told, "fan-out", 100).items()) == [(100, 4.0), (20, 14.0)]
    beside = peers.Beside(peers.PEERS[0], theirs={FAN_OUT: peers.figures(told, "fan-out", 100)}, ours={FAN_OUT: 8_000})
    assert beside.ratio(FAN_OUT) == 2_000
    assert beside.ratio(CHAIN) is None


def test_a_machine_that_changed_under_a_peer_is_told() -> None:
    assert peers.unsteady({FAN_OUT: 5_000, CHAIN: 900}, {FAN_OUT: 4_500, CHAIN: 1_000}) == ""
    words = peers.unsteady({FAN_OUT: 5_000, CHAIN: 900}, {FAN_OUT: 2_000, CHAIN: 1_000})
    assert words == "UNSTEADY machine: our fan-out 5,000 before, 2,000 after"


def test_printed_figures_count_when_a_script_was_ended() -> None:
    printed = "noise\nfan-out 20 {'tasks_per_s_run': 14.2}\nchain: 5 steps #0 {'s': 1, 'ok': True}\nbad {'a': }\n"
    assert peer_process.printed_figures(printed) == {
        "fan-out 20": {"tasks_per_s_run": 14.2},
        "chain: 5 steps #0": {"s": 1, "ok": True},
    }


def test_a_peer_that_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path, **kwargs: bool) -> None:
        python = folder / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\necho 'ERROR: No matching distribution found for huey' >&2\nexit 1\n")
        python.chmod(0o755)

    monkeypatch.setattr(peer_process, "CACHE", tmp_path)
    monkeypatch.setattr(peer_process.venv, "create", broken)
    with pytest.raises(Unmeasured, match="could not be installed: No matching distribution found for huey"):
        peer_process.environment("huey", ["huey==3.5.4"])


def test_a_script_tells_by_its_file_or_else_by_what_it_printed(tmp_path: Path) -> None:
    script = tmp_path / "p_peer.py"
    script.write_text(
        "import json, os, sys\n"
        "print('fan-out 20', {'tasks_per_s': 3.0})\n"
        "if sys.argv[1] == 'bad':\n"
        "    sys.exit(3)\n"
        "os.makedirs(os.environ['RESULTS'])\n"
        "open(os.environ['RESULTS'] + '/p_peer.json', 'w').write(json.dumps({'res': {'chain': {'tasks_per_s': 2}}}))\n"
    )
    python = Path(sys.executable)
    assert peer_process.run_script(python, script, ("good",)) == ({"chain": {"tasks_per_s": 2}}, "")
    printed = {"fan-out 20": {"tasks_per_s": 3.0}}
    assert peer_process.run_script(python, script, ("bad",)) == (printed, "its script ended with 3")


def test_columns_stand_under_their_heads() -> None:
    lines = list(report.table(("case", "tasks/s", ""), [("a", "1,000", "met"), ("longer", "2", "MISSED")]))
    assert lines == ["case    tasks/s", "a         1,000  met", "longer        2  MISSED"]
