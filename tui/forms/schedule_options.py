"""The launch option "schedule": when an executor is launched, instead of now. Pure; no Textual in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import TaskError
from engine.run import lost_secret
from engine.schedule import Schedule, When
from engine.secrets import mask
from engine.task import now

SCHEDULE: dict[str, Any] = {
    "type": "object",
    "title": "Schedule",
    "description": "Launch it at its times instead of now",
    "properties": {
        "name": {
            "type": "string",
            "title": "Name",
            "description": "How the schedule is called",
            "minLength": 1,
            "maxLength": 80,
        },
        "kind": {
            "title": "Kind",
            "oneOf": [
                {"const": "every", "title": "every"},
                {"const": "cron", "title": "cron"},
                {"const": "at", "title": "at, once"},
            ],
        },
        "rule": {
            "type": "string",
            "title": "When",
            "description": "every 15m or 1h30m; cron 30 3 * * MON-FRI; at 2030-01-02 18:30",
            "minLength": 1,
        },
        "zone": {
            "type": "string",
            "title": "Time zone",
            "description": "e.g. Europe/Berlin; left empty the system's",
        },
        "missed": {
            "title": "Missed times",
            "description": "Those that passed while no process kept the schedules",
            "oneOf": [
                {"const": "skip", "title": "run none"},
                {"const": "once", "title": "one for all"},
                {"const": "all", "title": "run each"},
            ],
            "default": "once",
        },
        "overlap": {
            "title": "While it runs",
            "description": "A time that comes while the run before goes on",
            "oneOf": [{"const": "skip", "title": "leave it out"}, {"const": "queue", "title": "run it after that"}],
            "default": "skip",
        },
    },
    "required": ["name", "kind", "rule"],
    "additionalProperties": False,
}
"""The schema of the option."""
NOT_SCHEDULED = {"idempotency_key": "once only", "dry_run": "a dry run"}
"""Launch options that mean nothing for a schedule."""


def rule_of(given: Mapping[str, Any]) -> When:
    """The rule that the option holds. Raises `TaskError` for one that is none."""
    return When.read(str(given["kind"]), str(given["rule"]), str(given.get("zone", "")), now())


def problem_of(
    given: Mapping[str, Any], options: Mapping[str, Any], schema: Any, inputs: Mapping[str, Any]
) -> tuple[str, str]:
    """Why it cannot be scheduled and which option is to be mended for it ("" for an input); no words when it can."""
    if wrong := next((name for name in NOT_SCHEDULED if options.get(name)), None):
        return f"{NOT_SCHEDULED[wrong]} cannot be scheduled: unset it, or the schedule", wrong
    if secret := lost_secret(mask(schema, dict(inputs))):
        return f"'{secret}' is a secret, and schedules are stored: give env:NAME or keyring:NAME", ""
    try:
        rule_of(given)
    except TaskError as refusal:
        return str(refusal), "rule"
    return "", ""


def words_of(given: Mapping[str, Any]) -> str:
    """`nightly: cron 30 3 * * *`."""
    return f"{given.get('name', '')}: {given.get('kind', '')} {given.get('rule', '')}"


def option_of(schedule: Schedule) -> dict[str, Any]:
    """What the option holds of a schedule that is to be changed."""
    when = schedule.when
    found = {"name": schedule.name, "kind": when.kind, "rule": when.rule, "zone": when.zone}
    return {**found, "missed": schedule.missed, "overlap": schedule.overlap}
