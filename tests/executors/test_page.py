"""docs/executors.md says what the schemas say."""

from __future__ import annotations

from pathlib import Path

from executors.page import page, shipped

PAGE = Path(__file__).parents[2] / "docs" / "executors.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m executors.page > docs/executors.md"


def test_every_executor_and_input_stands_on_it() -> None:
    text = page()
    for executor in shipped():
        section = text.partition(f"\n## {executor.id}\n")[2].partition("\n## ")[0]
        assert section, executor.id
        assert all(f"`{name}`" in section for name in executor.inputs_schema["properties"]), executor.id
