"""Edges between nodes: who waits for whom, and whose outcome matters (behaviour.md 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from engine.graph import Node
    from engine.task import Dependency

T = TypeVar("T")


def grown(sequence: Sequence[T], item: T) -> Sequence[T]:
    """`sequence` with `item` at its end: a tuple of one, which takes half of a list, or the list itself."""
    if not sequence:
        return (item,)
    if isinstance(sequence, list):
        sequence.append(item)
        return sequence
    return [*sequence, item]


def set_dependencies(node: Node, targets: Sequence[Node], edges: Sequence[Dependency]) -> None:
    """`targets` are the nodes that `edges` lead to; `link` them next.

    A task that stands in there twice matters where one of the two says so.
    """
    node.dependencies = tuple(targets)
    if not all(edge.required for edge in edges):
        needed = {target for target, edge in zip(targets, edges, strict=True) if edge.required}
        node.optional = frozenset(targets) - needed


def link(node: Node) -> None:
    """Let those that `node` depends on know of it."""
    for target in node.dependencies:
        target.dependents = grown(target.dependents, node)
