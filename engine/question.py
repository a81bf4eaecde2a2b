"""What is asked of a person before a task runs, and what was answered. Pure: no store, no clock, no loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from engine.errors import TaskError
from engine.secrets import is_secret

Verdict = Literal["approve", "reject"]
VERDICTS: tuple[Verdict, ...] = ("approve", "reject")
NOBODY = ""
"""Who answered where nobody did in time."""
LONGEST_WAIT = 366 * 86_400.0

INPUTS: dict[str, Any] = {
    "title": {
        "type": "string",
        "title": "Title",
        "description": "The question, in one line",
        "default": "Approve?",
        "minLength": 1,
        "maxLength": 200,
    },
    "text": {
        "type": "string",
        "title": "Text",
        "description": "What a person should know before answering",
        "contentMediaType": "text/plain",
    },
    "schema": {
        "type": "object",
        "title": "What is asked",
        "description": "JSON Schema of an object: the form of the answer. Without one only yes or no is asked",
    },
    "options": {
        "type": "array",
        "title": "Answers",
        "description": "Which answers there are; without reject it is a plain input step",
        "items": {"enum": list(VERDICTS)},
        "uniqueItems": True,
        "minItems": 1,
        "default": list(VERDICTS),
    },
    "users": {
        "type": "array",
        "title": "Who may answer",
        "description": "Names of users; empty for everybody",
        "items": {"type": "string", "minLength": 1},
        "uniqueItems": True,
    },
    "timeout": {
        "type": "number",
        "title": "Time to answer",
        "description": "Seconds after which the default answer is taken; without it the question stands for ever",
        "exclusiveMinimum": 0,
        "maximum": LONGEST_WAIT,
    },
    "on_timeout": {
        "enum": list(VERDICTS),
        "title": "Default answer",
        "description": "The answer once the time is over",
        "default": "reject",
    },
    "default_values": {
        "type": "object",
        "title": "Default values",
        "description": "What the form of a default approval holds, beside the defaults of the schema",
    },
}
"""Properties of the inputs of an executor that `asks`; what its own schema leaves out cannot be given."""
NO_FORM: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `at` is UTC. `timed_out` says that it is the default one."""

    approved: bool
    values: dict[str, Any]
    reason: str
    who: str
    at: datetime

    @property
    def timed_out(self) -> bool:
        return self.who == NOBODY

    def as_data(self) -> dict[str, Any]:
        """As JSON: approved, by ("" and `timed_out` where nobody did), at (ISO 8601), reason, values."""
        return {
            "approved": self.approved,
            "by": self.who,
            "timed_out": self.timed_out,
            "at": self.at.isoformat(timespec="seconds"),
            "reason": self.reason,
            "values": self.values,
        }

    def words(self) -> str:
        """`approved by ann`, `rejected by ann: too late`."""
        who = "because nobody answered in time" if self.timed_out else f"by {self.who}"
        return f"{'approved' if self.approved else 'rejected'} {who}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, slots=True)
class Question:
    """What a task asks. `timeout` is seconds from the asking on, None for no end; `users` empty lets all answer."""

    title: str
    text: str = ""
    schema: Mapping[str, Any] = field(default_factory=lambda: dict(NO_FORM))
    options: tuple[Verdict, ...] = VERDICTS
    users: tuple[str, ...] = ()
    timeout: float | None = None
    on_timeout: Verdict = "reject"
    default_values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Question:
        """From the effective inputs of a task. Raises `TaskError` for a question that cannot be asked."""
        given = {name: inputs[name] for name in INPUTS if inputs.get(name) is not None}
        question = cls(
            title=str(given.get("title", "Approve?")),
            text=str(given.get("text", "")),
            schema=_form(given.get("schema")),
            options=tuple(given.get("options", VERDICTS)),
            users=tuple(given.get("users", ())),
            timeout=given.get("timeout"),
            on_timeout=given.get("on_timeout", "reject"),
            default_values=given.get("default_values", {}),
        )
        question._check()
        return question

    def _check(self) -> None:
        from engine.schema import SchemaError, compile

        try:
            compile(self.schema)
        except SchemaError as error:
            raise TaskError(f"the schema of what is asked cannot be used: {error.message}", "Mend `schema`") from None
        if secret := _secret_in(self.schema):
            raise TaskError(
                f"'{secret}' is a secret, and answers are stored",
                "Ask under another name for where it is found: env:NAME or keyring:NAME",
            )
        if self.timeout is not None and self.on_timeout == "approve":
            problems = compile(self.schema).problems(self.filled(self.default_values))
            if problems:
                said = "; ".join(map(str, problems))
                raise TaskError(f"the default answer does not fit: {said}", "Mend `default_values`")

    @property
    def has_form(self) -> bool:
        """Whether more than yes or no is asked."""
        return self.schema != NO_FORM

    def deadline(self, asked: float) -> datetime | None:
        """When the default answer is taken of a question asked at that epoch second; None for never."""
        return None if self.timeout is None else datetime.fromtimestamp(asked, UTC) + timedelta(seconds=self.timeout)

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` with the defaults of the schema."""
        from engine.schema import compile

        found: dict[str, Any] = compile(self.schema).with_defaults(dict(values))
        return found

    def default(self, at: datetime) -> Answer:
        """The answer where nobody gives one."""
        approved = self.on_timeout == "approve"
        values = self.filled(self.default_values) if approved else {}
        return Answer(approved, values, "", NOBODY, at)

    def answered(self, approve: bool, values: Mapping[str, Any], reason: str, who: str, at: datetime) -> Answer:
        """That answer, checked. Raises `TaskError` for who may not answer, and for values that do not fit the form."""
        from engine.schema import compile

        if self.users and who not in self.users:
            raise TaskError(f"'{who}' may not answer this", f"It is asked of {', '.join(self.users)}")
        verdict: Verdict = "approve" if approve else "reject"
        if verdict not in self.options:
            raise TaskError(f"this question takes no {verdict}", f"It takes {' or '.join(self.options)}")
        if not approve:
            return Answer(False, {}, reason.strip(), who, at)
        filled = self.filled(values)
        if problems := compile(self.schema).problems(filled):
            raise TaskError(f"the answer does not fit: {'; '.join(map(str, problems))}", "Mend it and answer again")
        return Answer(True, filled, reason.strip(), who, at)


def _form(given: Any) -> Mapping[str, Any]:
    """The schema of the answer; whatever a person says to it is an object."""
    if not given:
        return dict(NO_FORM)
    return {"type": "object", **given}


def _secret_in(schema: Any) -> str:
    """The name of a property that is a secret, "" without one."""
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping):
            properties = node.get("properties")
            for name, inner in properties.items() if isinstance(properties, Mapping) else ():
                if is_secret(str(name), inner):
                    return str(name)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return ""
