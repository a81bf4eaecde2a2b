"""docs/flows.md says all that a flow file may say; that its blocks work, tests/docs shows."""

from __future__ import annotations

from pathlib import Path

from engine.flow_schema import TASK, flow_schema

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")


def test_the_page_names_every_key() -> None:
    for key in (*TASK, *flow_schema()["$defs"]["flow"]["properties"]):
        assert f"`{key}`" in PAGE, key
