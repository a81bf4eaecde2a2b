"""The flows of all folders as one catalogue lists them, each checked against its executors once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue, ExecutorSpec, Problem
from engine.flow_shelf import FlowShelf
from engine.verdicts import verdicts

if TYPE_CHECKING:
    from engine.flow import FlowProblem, FlowSpec
    from engine.plan import FindSpec

_CODE = frozenset({"factory", "pre_hook", "post_hook"})
"""What an executor is made of; its version stands for that."""
_Verdict = tuple[tuple[ExecutorSpec | None, ...], tuple["FlowProblem", ...]]


class FlowChecks:
    """Remembers what was checked: a new catalogue looks anew only at flows that changed, or whose executors did."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[str, str], _Verdict] = {}
        self._good: dict[str, FlowSpec] = {}
        """The latest flow of each file that nothing was wrong with."""

    def merge(
        self, shelves: Iterable[FlowShelf], executors: Mapping[str, ExecutorSpec], problems: list[Problem]
    ) -> tuple[dict[str, FlowSpec], dict[str, tuple[FlowProblem, ...]]]:
        """The flows by id, and what is wrong with those that cannot be launched; both end up in `problems` too.

        An earlier folder's flow replaces a later one's (1.4); inside one folder the first by path has the id, and an
        executor's id is no flow's.
        """
        flows: dict[str, FlowSpec] = {}
        for shelf in shelves:
            own: dict[str, FlowSpec] = {}
            for spec in shelf.claims():
                if (holder := executors.get(spec.id) or own.get(spec.id)) is not None:
                    kind = "executor" if isinstance(holder, ExecutorSpec) else "flow"
                    text = f"flow '{spec.id}': the id is taken by the {kind} of {holder.file}. Give it another `id:`"
                    problems.append(Problem(spec.file or "", spec.line, text, executor_id=spec.id))
                else:
                    own[spec.id] = spec
            for flow_id, spec in own.items():
                first = flows.setdefault(flow_id, spec)
                if first is not spec and first.replaces is None:
                    flows[flow_id] = replace(first, replaces=spec.origin)
        return flows, self._check(flows, executors, problems)

    def _check(
        self, flows: dict[str, FlowSpec], executors: Mapping[str, ExecutorSpec], problems: list[Problem]
    ) -> dict[str, tuple[FlowProblem, ...]]:
        if not flows:
            return {}
        from engine.flow import as_problem

        catalogue = Catalogue(executors, flows=flows)

        def find(executor_id: str) -> tuple[ExecutorSpec | None, str]:
            spec = executors.get(executor_id)
            return spec, "" if spec is not None else catalogue.unknown(executor_id)

        former, self._verdicts = self._verdicts, {}
        wrong: dict[str, tuple[FlowProblem, ...]] = {}
        for flow_id, spec in [*flows.items()]:
            used = tuple(executors.get(each) for each in spec.executors)
            key = (spec.file or "", spec.version)
            verdict = former.get(key)
            if verdict is None or any(was is not now for was, now in zip(verdict[0], used, strict=True)):
                verdict = used, _looked_at(spec, used, find)
            self._verdicts[key] = verdict
            if not verdict[1]:
                self._good[spec.file or ""] = spec
                continue
            problems += [as_problem(problem, spec.file or "", flow_id) for problem in verdict[1]]
            good = self._good.get(spec.file or "")
            if (
                good is not None
                and good.id == flow_id
                and not _looked_at(good, [executors.get(each) for each in good.executors], find)
            ):
                flows[flow_id] = good  # as with executors: what was good stays in use until the file is mended
            else:
                wrong[flow_id] = verdict[1]
                flows[flow_id] = replace(spec, schema_problem=_in_short(verdict[1]))
        return wrong


def _looked_at(spec: FlowSpec, used: Sequence[ExecutorSpec | None], find: FindSpec) -> tuple[FlowProblem, ...]:
    """What is wrong with the flow; nothing where it was good before, with executors that say the same as then."""
    said = [spec.file or "", spec.version, *(_said(each) for each in used)]
    if verdicts.knows("flow", *said):
        return ()
    from engine.flow_tree import check  # with the planner and jsonschema

    found = tuple(check(spec, find))
    if not found:
        verdicts.found_good("flow", *said)
    return found


def _said(spec: ExecutorSpec | None) -> str:
    """All that an executor says of itself; "" for one that is not there. Its schema may hang on what lies elsewhere."""
    if spec is None:
        return ""
    return repr([getattr(spec, each.name) for each in fields(spec) if each.repr and each.name not in _CODE])


def _in_short(problems: Sequence[FlowProblem]) -> str:
    """Why a flow cannot be launched, in a line."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"line {first.line}, {first}{more}"
