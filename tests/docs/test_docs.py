"""Every code block of the README and of docs/ does what its page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Sandbox, blocks

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_works(page: Path, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    for block in blocks(page.read_text(encoding="utf-8")):
        try:
            sandbox.try_out(block)
        except AssertionError as error:
            pytest.fail(f"{page.name}:{block.line}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_code_is_indented_where_the_test_above_would_not_see_it(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"^ {4}\S.*$", prose, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    assert not [target for target in targets if "://" not in target and not (page.parent / target).exists()]


def test_a_block_that_fails_is_noticed(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    for text in (
        "```python script\n1 / 0\n```",
        "```console\n$ taskdeck show nothing\n```",
        "```json\n{,}\n```",
        "```\n?\n```",
    ):
        (block,) = blocks(text)
        with pytest.raises((AssertionError, ValueError)):
            sandbox.try_out(block)
