"""Who may do what: nothing may be changed in read-only mode, and the settings may limit who runs which executor.

It is decided by who the process belongs to, never by a name in the environment, and refused by the engine itself, so
that no screen, script or spawned task goes around it. It guards against mistakes: who may write the store's file and
the executors' folders can do without the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue, ExecutorSpec
from engine.errors import AccessError
from engine.origin import login, own_groups
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.flow import FlowSpec

ALL = ("*",)
READ_ONLY = "this is read-only mode: nothing is changed"
READ_ONLY_HINT = "Start without --read-only, or with read_only = false in the settings"
BARRED_HINT = "Whoever keeps the settings can allow it"
SHOWN = 4
"""Of long lists so many names are told."""


def refuse_read_only(settings: Settings) -> None:
    """Raises `AccessError` in read-only mode; for what changes something without an engine."""
    if settings.read_only:
        raise AccessError(READ_ONLY, READ_ONLY_HINT)


class Access:
    """What the settings say about who may do what, for the user of this process."""

    def __init__(self, settings: Settings) -> None:
        self.read_only = settings.read_only
        self._allow = settings.allow
        self._users, self._groups = settings.destructive_users, settings.destructive_groups
        self.is_limited = tuple(self._allow) != ALL or bool(self._users or self._groups)

    def barred(self, spec: ExecutorSpec) -> str:
        """Why this user may not run an executor here, "" where nothing stands against it."""
        if not any(fnmatchcase(spec.id, pattern) for pattern in self._allow):
            listed = _listed(self._allow) or "none"
            return f"'{spec.id}' is not among the executors that are allowed here ({listed})"
        if not spec.is_dangerous or not (self._users or self._groups):
            return ""
        if login() in self._users or own_groups() & set(self._groups):
            return ""
        who = [_listed(self._users), f"the group {_listed(self._groups)}" if self._groups else ""]
        said = " and ".join(part for part in who if part)
        return f"'{spec.id}' is marked as dangerous, and only {said} may run it, not {login()}"

    def mark(self, spec: ExecutorSpec) -> ExecutorSpec:
        """The executor with why it may not run here."""
        why = self.barred(spec) if self.is_limited else ""
        return replace(spec, barred=why) if why != spec.barred else spec

    def marked(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue with its executors marked; the same object where nothing is limited."""
        if not self.is_limited:
            return catalogue
        executors = {executor_id: self.mark(spec) for executor_id, spec in catalogue.executors.items()}
        flows = {flow_id: self._mark_flow(flow, executors) for flow_id, flow in catalogue.flows.items()}
        return replace(catalogue, executors=MappingProxyType(executors), flows=MappingProxyType(flows))

    def _mark_flow(self, flow: FlowSpec, executors: Mapping[str, ExecutorSpec]) -> FlowSpec:
        """A flow may run where all its executors may."""
        named = (executors.get(executor_id) for executor_id in flow.executors)
        why = next((spec.barred for spec in named if spec is not None and spec.barred), "")
        return replace(flow, barred=why) if why != flow.barred else flow


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
