"""One measurement in a process of its own: `python -m tests.bench.one engine chain 1000 --mode console`.

Prints one line of JSON, the fields of `Measured`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

from tests.bench.load import CeilingLoad, Load, Measured, parse


def measure(load: Load | CeilingLoad) -> Measured:
    """The engine is not imported where only the ceiling is asked for."""
    if isinstance(load, CeilingLoad):
        from tests.bench import ceiling

        return asyncio.run(ceiling.measure(load))
    from tests.bench import engine_bench

    return asyncio.run(engine_bench.measure(load))


if __name__ == "__main__":
    print(json.dumps(asdict(measure(parse(sys.argv[1:])))))
