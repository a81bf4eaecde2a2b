"""system_info: figures of this machine, by section."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from executors.system_info import SystemInfo


async def test_tells_all_sections_as_json() -> None:
    result = await SystemInfo().execute({})
    assert result["status"] == "completed"
    assert set(result) == {"status", "host", "os", "cpu", "memory", "swap", "disks", "uptime", "python"}
    json.dumps(result, allow_nan=False)
    assert result["cpu"]["count"] >= 1
    assert 0 <= result["cpu"]["percent"] <= 100
    assert len(result["cpu"]["load"]) == 3
    assert result["memory"]["total"] > result["memory"]["available"] > 0
    assert result["uptime"]["seconds"] > 0
    assert result["python"]["version"] == platform.python_version()
    assert [disk["path"] for disk in result["disks"]] == ["/"]


async def test_sections_choose() -> None:
    assert set(await SystemInfo().execute({"sections": ["memory", "host"]})) == {"status", "memory", "host"}


async def test_disks_by_path_and_a_bad_one_spoils_no_other(tmp_path: Path) -> None:
    paths = [str(tmp_path), str(tmp_path / "absent")]
    good, bad = (await SystemInfo().execute({"sections": ["disks"], "paths": paths}))["disks"]
    assert good["path"] == paths[0] and good["total"] > 0
    assert bad == {"path": paths[1], "error": "No such file or directory"}


async def test_unknown_section_fails_at_its_field() -> None:
    """Rule 4.4."""
    result = await SystemInfo().execute({"sections": ["gpu"]})
    assert (result["status"], result["error_type"], result["field"]) == ("failed", "validation_error", "sections")
    assert "gpu" in result["error"]
