"""The pure parts of the console load without Textual, which alone costs more than the rest of a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECK = """
import sys, {module}
heavy = sorted(name for name in sys.modules if name.split(".")[0] in {{"textual", "rich"}})
sys.exit(f"{module} imports {{heavy[:3]}}" if heavy else 0)
"""


@pytest.mark.parametrize(
    "module",
    [
        *("feed", "forest", "row", "row_filter", "actions", "keymap", "text", "fuzzy", "forms.model"),
        *("bulk", "columns", "export", "pins"),
        *("sgr", "search", "log_lines", "log_layout", "log_find", "log_intake", "log_text", "task_reader"),
        *("json_tree", "json_slices", "table", "result_shapes", "traceback_text", "outlet"),
        *("draft", "draft_check", "draft_desk", "draft_file", "draft_refs", "draft_secrets", "draft_steps"),
        *("history_filter", "history_words", "run_list", "run_stats", "saved_filters", "timeline"),
    ],
)
def test_loads_without_textual(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(module=f"tui.{module}")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
