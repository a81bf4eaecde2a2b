"""What docs/flows.md shows is so: its flows are right, its commands are known, its Python runs."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, Folder, Loader, Settings, read_flow
from engine.flow_schema import TASK, flow_schema
from engine.flow_tree import check
from tui.cli import make_parser

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHIPPED = Folder(ROOT / "executors", "shipped")


@pytest.mark.parametrize(("kind", "text"), [block for block in BLOCKS if block[0] in ("yaml", "json")])
def test_each_flow_of_the_page_is_right(kind: str, text: str) -> None:
    loader = Loader([SHIPPED])
    catalogue = loader.reconcile() or loader.catalogue
    spec, problems = read_flow(text.encode(), f"/x/shown.flow.{kind}")
    assert spec is not None, problems
    assert check(spec, lambda id: (catalogue.get(id), "" if catalogue.get(id) else f"no executor '{id}'")) == []


def test_the_commands_of_the_page_are_known() -> None:
    lines = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert lines
    for line in lines:
        assert make_parser().parse_args(shlex.split(line)[1:]).command


async def test_the_python_of_the_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = (text for kind, text in BLOCKS if kind == "python")
    flow = next(text for kind, text in BLOCKS if kind == "yaml")
    path = tmp_path / "greet_sum.flow.yaml"
    path.write_text(flow)
    room: dict[str, Any] = {}
    exec(compile(code, "docs/flows.md", "exec", dont_inherit=True), room)
    engine = Engine(Settings(), [SHIPPED], store=tmp_path / "store.db")
    await engine.start()
    try:
        async with asyncio.timeout(20):
            while not engine.catalogue.epoch or engine.catalogue.is_loading:
                await asyncio.sleep(0.01)
        await room["nightly"](engine, str(path))
    finally:
        await engine.stop()
    assert "executor: data_processor" in capsys.readouterr().out


def test_the_page_names_every_key() -> None:
    for key in (*TASK, *flow_schema()["$defs"]["flow"]["properties"]):
        assert f"`{key}`" in PAGE, key
