"""A draft stays a sound tree whatever is done to it, undo restores exactly, and its file says the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.arrays import Problems, read_array
from tui.draft import Draft, DraftError, of_data
from tui.draft_steps import Edits


def sound(draft: Draft) -> None:
    """Parents first, children right behind them, needs lead to tasks that are there, no key twice."""
    keys = [item.key for item in draft.items]
    assert len(set(keys)) == len(keys)
    seen: set[int] = set()
    for item in draft.items:
        assert item.up is None or item.up in seen
        seen.add(item.key)
        targets = [need.to for need in item.needs if need.to is not None]
        assert item.key not in targets and len(set(targets)) == len(targets)
        assert set(targets) <= set(keys)
    for item in draft.items:
        block = draft.below(item.key)
        at = draft.place(item.key)
        assert at is not None and [each.key for each in block] == keys[at : at + len(block)]


def same_tree(draft: Draft) -> None:
    """What the engine reads in the file is the draft's tree."""
    data = draft.data()
    entries = data if isinstance(data, list) else data["tasks"]
    read = read_array(entries, Problems())
    place = {item.key: at for at, item in enumerate(draft.items)}
    for item, entry in zip(draft.items, read, strict=True):
        assert entry.up == (place[item.up] if item.up is not None else None)
        wanted = [(place[need.to], need.required, need.type) for need in item.needs if need.to is not None]
        assert list(entry.edges) == wanted


Act = Callable[[Draft, random.Random], Draft]


def pick(draft: Draft, chance: random.Random) -> int:
    return chance.choice(draft.items).key if draft.items else -1


ACTS: list[Act] = [
    lambda draft, chance: draft.add(
        chance.choice([{"id": draft.free_id("a"), "executor": "hello"}, {"executor": "hello"}, {"name": "x y"}]),
        beside=pick(draft, chance) if draft.items and chance.random() < 0.8 else None,
        inside=chance.random() < 0.4,
    )[0],
    lambda draft, chance: draft.remove(pick(draft, chance)),
    lambda draft, chance: draft.duplicate(pick(draft, chance))[0],
    lambda draft, chance: draft.rename(pick(draft, chance), chance.choice(["a", "b", "c", "hello", "no id!"])),
    lambda draft, chance: draft.move(pick(draft, chance), chance.choice([-1, 1])),
    lambda draft, chance: draft.indent(pick(draft, chance)),
    lambda draft, chance: draft.outdent(pick(draft, chance)),
    lambda draft, chance: draft.group(pick(draft, chance), "group")[0],
    lambda draft, chance: draft.ungroup(pick(draft, chance)),
    lambda draft, chance: draft.link(pick(draft, chance), pick(draft, chance)),
    lambda draft, chance: draft.optional(pick(draft, chance), pick(draft, chance)),
    lambda draft, chance: draft.cut(pick(draft, chance), 0),
    lambda draft, chance: draft.set_fields(pick(draft, chance), {"id": draft.free_id("z"), "executor": "other"}),
]


@given(st.lists(st.integers(0, len(ACTS) - 1), max_size=60), st.randoms(use_true_random=False))
def test_any_edits_keep_it_sound_and_undo_restores_exactly(acts: list[int], chance: random.Random) -> None:
    edits = Edits()
    states = [edits.now]
    for act in acts:
        try:
            draft = ACTS[act](edits.now, chance)
        except (DraftError, IndexError):
            continue
        sound(draft)
        same_tree(draft)
        if edits.take(draft, None, "act"):
            states.append(draft)
    for state in reversed(states):
        assert edits.now == state
        edits.back()
    assert edits.back() is None
    for state in states:
        assert edits.now == state
        edits.forth()
    assert edits.forth() is None


ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b", "c", 3]),
        "name": st.sampled_from(["a", "hello", "x y"]),
        "executor": st.sampled_from(["hello", "sum"]),
        "parent": st.sampled_from(["a", "b", "c", "hello", 7]),
        "dependencies": st.lists(
            st.one_of(
                st.sampled_from(["a", "b", "c", "hello", "nowhere", "", 4]),
                st.fixed_dictionaries({"id": st.sampled_from(["a", "b"])}, optional={"required": st.booleans()}),
                st.fixed_dictionaries({"name": st.sampled_from(["a", "hello"])}),
            ),
            max_size=3,
        ),
        "inputs": st.fixed_dictionaries({"n": st.integers(0, 3)}),
    },
)


@given(st.lists(ENTRY, max_size=6), st.booleans())
def test_any_file_is_opened_and_written_back_as_the_same(entries: list[dict[str, Any]], is_array: bool) -> None:
    data: Any = entries if is_array else {"name": "flow", "tasks": entries}
    draft = of_data(data)
    again = of_data(draft.data())
    ours = [(item.fields, item.needs) for item in draft.items]
    if all(isinstance(each.get("id"), str) for each in entries) and len({e["id"] for e in entries}) == len(entries):
        keys = {item.key: at for at, item in enumerate(draft.items, 1)}
        theirs = [(item.fields, item.needs) for item in again.items]
        assert [fields for fields, _ in ours] == [fields for fields, _ in theirs]
        for (_, mine), (_, others) in zip(ours, theirs, strict=True):
            assert [(keys.get(n.to or 0), n.required) for n in mine] == [(n.to, n.required) for n in others]
        assert again.data() == of_data(again.data()).data()
    else:  # which entry is meant where several have the name is for a person to say
        assert len(again.items) == len(entries)


def tree(*entries: dict[str, Any]) -> Draft:
    return of_data({"tasks": list(entries)})


def key(draft: Draft, id: str) -> int:
    return next(item.key for item in draft.items if item.id == id)


def test_a_rename_goes_along_in_the_expressions_of_what_waits_for_it() -> None:
    draft = tree(
        {"id": "load", "executor": "x"},
        {
            "id": "use", "executor": "y", "dependencies": ["load"], "when": "tasks.load.status == 'completed'",
            "inputs": {"a": "{{ tasks.load.result.n }} of tasks.load", "b": ["{{ tasks.\"load\".result }}"]},
        },
    )  # fmt: skip
    renamed = draft.rename(key(draft, "load"), "my-load").data()["tasks"][1]
    assert renamed["dependencies"] == ["my-load"]
    assert renamed["when"] == "tasks.\"my-load\".status == 'completed'"
    assert renamed["inputs"] == {
        "a": '{{ tasks."my-load".result.n }} of tasks.load',
        "b": ['{{ tasks."my-load".result }}'],
    }


def test_a_copy_of_a_branch_refers_to_itself() -> None:
    draft = tree(
        {"id": "g", "name": "both"},
        {"id": "a", "executor": "x", "parent": "g"},
        {"id": "b", "executor": "y", "parent": "g", "dependencies": ["a"], "inputs": {"n": "{{ tasks.a.result }}"}},
    )
    copied, made = draft.duplicate(key(draft, "g"))
    entries = copied.data()["tasks"]
    assert [each["id"] for each in entries] == ["g", "a", "b", "g_2", "a_2", "b_2"]
    assert entries[5] == {
        "id": "b_2", "executor": "y", "parent": "g_2", "dependencies": ["a_2"],
        "inputs": {"n": "{{ tasks.a_2.result }}"},
    }  # fmt: skip
    assert copied.item(made) is not None


@pytest.mark.parametrize("data", [None, 3, {}, {"tasks": 3}, {"tasks": ["x"]}, ["x"]])
def test_what_is_no_list_of_tasks_is_refused_in_words(data: Any) -> None:
    with pytest.raises(DraftError):
        of_data(data)


def test_a_list_stays_a_list_and_keeps_how_it_names_parents() -> None:
    data = [
        {"id": "1", "name": "Fetch", "schemas": {"method": "x"}},
        {"name": "sum", "parent_id": "1", "dependencies": [{"id": "1", "required": False}], "inputs": {"data": [1]}},
    ]
    assert of_data(data).data() == data
