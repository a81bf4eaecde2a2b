"""Every rule of the engine's behaviour has a test that names it, and no test names a rule that is none."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.engine.rules import RULES

TESTS = Path(__file__).parents[1]
BEHAVIOUR = TESTS.parents[1] / "shared" / "design" / "behaviour.md"
NAMED = re.compile(r"test_(\d)_(\d)_")


def places_by_rule() -> dict[str, list[str]]:
    """The places of all test functions that a rule's number stands in the name of, as "file:line"."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (named := NAMED.match(node.name)):
                found[".".join(named.groups())].append(f"{file.relative_to(TESTS)}:{node.lineno}")
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    return places_by_rule()


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_a_test_that_names_it(rule: str, found: dict[str, list[str]]) -> None:
    assert rule in found, f"no test is named test_{rule.replace('.', '_')}_...: {RULES[rule]}"


def test_no_test_names_a_rule_that_is_none(found: dict[str, list[str]]) -> None:
    unknown = {rule: places for rule, places in found.items() if rule not in RULES}
    assert not unknown


def test_the_table_has_exactly_the_rules_of_the_design() -> None:
    if not BEHAVIOUR.exists():
        pytest.skip("the design lies outside of the repository")
    written = re.findall(r"^(\d\.\d) ", BEHAVIOUR.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(RULES) == written
