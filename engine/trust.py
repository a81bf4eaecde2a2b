"""Which executors are not run in the engine's own process any more, and why.

One that held up the whole process or crashed one has shown what it does; one that ran when an engine died may only have
been there, and is cleared by ending well in a process of its own. A new version starts trusted again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

from engine.catalogue import Catalogue, ExecutorSpec, Problem

META = "distrusted"
"""Under this name the store keeps it, so that a restart does not forget what ended the console before."""
DIED = "it was running when the console ended without a word"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a version of an executor is run apart. `is_proven`: it did it; else it was only there."""

    version: str
    why: str
    is_proven: bool


class Trust:
    """Used on the engine's loop."""

    def __init__(self) -> None:
        self.reasons: dict[str, Reason] = {}
        """By executor id."""
        self.on_change: Callable[[], None] = lambda: None
        """Called whenever what is known has changed."""

    def why(self, spec: ExecutorSpec) -> str:
        """Why attempts of that version run in a process of their own; "" where they need not, or cannot."""
        reason = self.reasons.get(spec.id)
        return reason.why if reason is not None and reason.version == spec.version and can_move(spec) else ""

    def lose(self, spec: ExecutorSpec, why: str) -> bool:
        """That version did it; False where it cannot be run apart."""
        if not can_move(spec):
            return False
        self.reasons[spec.id] = Reason(spec.version, why, True)
        self.on_change()
        return True

    def suspect(self, running: Iterable[tuple[str, str]]) -> None:
        """(executor id, version) of what ran when an engine died."""
        fresh = False
        for executor_id, version in running:
            known = self.reasons.get(executor_id)
            if known is None or known.version != version:
                self.reasons[executor_id] = Reason(version, DIED, False)
                fresh = True
        if fresh:
            self.on_change()

    def clear(self, spec: ExecutorSpec) -> None:
        """An attempt ended well by itself in a process of its own: it was only there."""
        reason = self.reasons.get(spec.id)
        if reason is not None and reason.version == spec.version and not reason.is_proven:
            del self.reasons[spec.id]
            self.on_change()

    def marked(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue with what it must say of the versions in force."""
        found = []
        for executor_id, reason in self.reasons.items():
            spec = catalogue.get(executor_id)
            if spec is None or not self.why(spec) or spec.policy.needs_process:
                continue
            until = "until it is changed" if reason.is_proven else "until it has ended well there"
            text = f"executor '{executor_id}' runs in a process of its own {until}: {reason.why}"
            found.append(Problem(spec.file or "", spec.line, text, executor_id=executor_id, is_apart=True))
        return replace(catalogue, problems=(*catalogue.problems, *found)) if found else catalogue

    def dump(self) -> str:
        """For the store; `load` reads it."""
        return json.dumps({executor_id: asdict(reason) for executor_id, reason in self.reasons.items()})

    def load(self, text: str) -> None:
        """Take over what `dump` gave; what is none is let be."""
        try:
            given = {executor_id: Reason(**fields) for executor_id, fields in json.loads(text or "{}").items()}
        except (ValueError, TypeError, AttributeError):
            return
        self.reasons = given | self.reasons


def can_move(spec: ExecutorSpec) -> bool:
    """What a script registered may live on what else that script did; a file of a folder is whole by itself."""
    return spec.origin != "script"
