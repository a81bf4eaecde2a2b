"""The shapes that are measured, as numbers only: who depends on whom."""

from __future__ import annotations

import random
from collections.abc import Iterator

FAN_OUT = "fan-out"
CHAIN = "chain"
DAG = "dag"
SHAPES = (FAN_OUT, CHAIN, DAG)
SEED = 1


def dependencies(shape: str, count: int) -> Iterator[list[int]]:
    """For each of `count` tasks the earlier ones that it depends on; number 0 is the root, above all others.

    A chain's link waits for the one before it; a task of the random DAG for none, one or two earlier ones, so that
    there are as many dependencies as tasks. The same count gives the same DAG.
    """
    chance = random.Random(SEED)
    for number in range(count):
        if shape == CHAIN:
            yield [number - 1] if number else []
        elif shape == DAG and number > 1:
            yield chance.sample(range(number), chance.choice((0, 1, 2)))
        else:
            yield []
