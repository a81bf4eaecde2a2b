"""What is asked for beside the inputs: priority, label, tags, key, timeout, retries, dry run, schedule.

They are a form of their own, with a schema like any other. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.forms import fields
from tui.forms.schedule_options import SCHEDULE, words_of

PRIORITIES = ("urgent", "high", "normal", "low")
"""Named by their numbers (2.4)."""
NORMAL = 2
IN_PARAMS = ("timeout", "retries", "tags", "dry_run")
"""The options that are kept in a task's `params`."""

_PROPERTIES: dict[str, Any] = {
    "priority": {
        "title": "Priority",
        "description": "Who goes first among what is ready",
        "oneOf": [{"const": at, "title": name} for at, name in enumerate(PRIORITIES)],
        "default": NORMAL,
    },
    "label": {
        "type": "string",
        "title": "Label",
        "description": "A few words by which the run is found again",
        "minLength": 1,
        "maxLength": 200,
    },
    "tags": {
        "type": "array",
        "title": "Tags",
        "description": "Words by which the history is filtered",
        "items": {"type": "string", "minLength": 1, "maxLength": 60},
        "uniqueItems": True,
    },
    "idempotency_key": {
        "type": "string",
        "title": "Once only",
        "description": "A key: a second launch with the same one gives the first one's task and runs nothing",
        "minLength": 1,
        "maxLength": 200,
    },
    "timeout": {
        "type": "number",
        "title": "Timeout",
        "description": "Seconds that one attempt may take, instead of the executor's own",
        "exclusiveMinimum": 0,
    },
    "retries": {
        "type": "integer",
        "title": "Retries",
        "description": "Further attempts after a failure, instead of the executor's own",
        "minimum": 0,
        "maximum": 1000,
    },
    "dry_run": {
        "type": "boolean",
        "title": "Dry run",
        "description": "Everything but the run itself: the result is the executor's demo result",
        "default": False,
    },
    "schedule": SCHEDULE,
}
ONCE = ("label", "idempotency_key", "schedule")
"""What is given when a run is made and stays with it: no rerun changes it."""


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """`given` is what the options form holds: only what a person set."""

    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def priority(self) -> int:
        given = self.given.get("priority", NORMAL)
        return int(given) if isinstance(given, int) else NORMAL

    @property
    def label(self) -> str | None:
        return self.given.get("label")

    @property
    def idempotency_key(self) -> str | None:
        return self.given.get("idempotency_key")

    @property
    def schedule(self) -> Mapping[str, Any] | None:
        """When it is launched instead of now, as `schedule_options.SCHEDULE` says; None for a launch."""
        given = self.given.get("schedule")
        return given if isinstance(given, Mapping) and given else None

    @property
    def dry_run(self) -> bool:
        return self.given.get("dry_run") is True

    def params(self, former: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A task's params with these options; what else `former` ones say stays."""
        kept = {name: value for name, value in (former or {}).items() if name not in IN_PARAMS}
        return kept | _set_ones(self.given)

    @property
    def words(self) -> str:
        """`urgent · tags a, b · dry run`; "" for the usual launch."""
        said: list[str] = []
        if self.dry_run:
            said.append("dry run")
        if self.schedule is not None:
            said.append(f"schedule {fields.brief(words_of(self.schedule), 40)}")
        if self.priority != NORMAL and 0 <= self.priority < len(PRIORITIES):
            said.append(f"priority {PRIORITIES[self.priority]}")
        if self.label:
            said.append(f"label {fields.brief(self.label, 30)}")
        tags = self.given.get("tags")
        if isinstance(tags, list) and tags:
            said.append("tags " + ", ".join(fields.brief(tag, 20) for tag in tags[:5]))
        if self.idempotency_key:
            said.append(f"once only {fields.brief(self.idempotency_key, 20)}")
        for name, unit in (("timeout", " s"), ("retries", "")):
            if self.given.get(name) is not None:
                said.append(f"{name} {fields.brief(self.given[name])}{unit}")
        return " · ".join(said)


def options_schema(*, again: bool = False) -> dict[str, Any]:
    """The schema of the options form; `again` for a rerun, which keeps its run's label and key."""
    named = {name: schema for name, schema in _PROPERTIES.items() if not (again and name in ONCE)}
    return {"type": "object", "properties": named, "additionalProperties": False}


def options_of(priority: int, params: Mapping[str, Any], label: str = "") -> LaunchOptions:
    """The options that a task was launched with."""
    given = _set_ones(params)
    tags = given.get("tags")
    if isinstance(tags, str):
        given["tags"] = [tags]
    if priority != NORMAL:
        given = {"priority": priority, **given}
    return LaunchOptions({**given, "label": label} if label else given)


def _set_ones(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `IN_PARAMS` that say something; no retries (0) does."""
    return {
        name: given[name]
        for name in IN_PARAMS
        if given.get(name) is not None and given[name] is not False and given[name] != []
    }
