"""What a new catalogue means in one line: what broke, what changed, what came and went. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.catalogue import Catalogue
from tui.cards import headline
from tui.keymap import Keymap
from tui.wording import amount

NAMED = 3
"""How many executors are named before they are counted."""


class News(NamedTuple):
    """One line; it holds foreign names and is cleaned by whoever draws it."""

    text: str
    bad: bool = False
    key: str = ""
    """The key that leads to what it tells of."""


def standing(catalogue: Catalogue, keymap: Keymap) -> News | None:
    """The problems that stand now, with the key that leads to them."""
    if not catalogue.problems:
        return None
    key = keymap.label("app.pane_catalogue")
    if len(catalogue.problems) == 1:
        return News(f"✗ {headline(catalogue.problems[0])}", bad=True, key=key)
    text = f"✗ {amount(len(catalogue.problems), 'problem')}: {headline(catalogue.problems[-1])}"
    return News(text, bad=True, key=key)


def news_of(old: Catalogue, new: Catalogue, keymap: Keymap) -> News | None:
    """What a person should hear of the step from `old` to `new`; None when nothing changed for them."""
    fresh = [problem for problem in new.problems if problem not in old.problems]
    if fresh:
        count = f"{amount(len(new.problems), 'problem')}: " if len(new.problems) > 1 else ""
        return News(f"✗ {count}{headline(fresh[-1])}", bad=True, key=keymap.label("app.pane_catalogue"))
    if old.epoch == 0:
        return None
    changed = changed_ids(old, new)
    before, after = old.entries, new.entries
    added = [id for id in after if id not in before and id not in changed]
    removed = [id for id in before if id not in after]
    said = [
        f"{_names(ids)} {word}" for ids, word in ((changed, "changed"), (added, "added"), (removed, "removed")) if ids
    ]
    if said and new.problems:
        said.append(f"✗ {amount(len(new.problems), 'problem')}")
    return News(" · ".join(said)) if said else None


def changed_ids(old: Catalogue, new: Catalogue) -> list[str]:
    """The executors and flows that are in both and differ, or whose file was mended."""
    before = old.entries
    mended = {problem.file for problem in old.problems} - {problem.file for problem in new.problems}
    return [
        spec.id
        for spec in new.entries.values()
        if spec.file in mended or (spec.id in before and before[spec.id].version != spec.version)
    ]


def _names(ids: Sequence[str]) -> str:
    if len(ids) > NAMED:
        return amount(len(ids), "executor")
    return ", ".join(ids)
