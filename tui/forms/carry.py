"""What was typed for one schema and does not fit another one any more, in words. Pure."""

from __future__ import annotations

from tui.forms.instance import ABSENT, get
from tui.forms.model import Form
from tui.text import safe_text

NAMED = 3
"""How many inputs are named before they are counted."""


def unfit(old: Form, new: Form) -> str:
    """The names of inputs that `new`, made by `with_schema` from `old`, knows or takes no more; "" where all fit."""
    known = set(old.strangers())
    lost = {path: None for path in new.strangers() if path not in known}
    before = {problem.path for problem in old.problems}
    for problem in new.problems:
        if problem.path and problem.path not in before and get(new.instance, problem.path) is not ABSENT:
            lost.setdefault(problem.path)
    names = [safe_text(".".join(map(str, path))) for path in lost]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
