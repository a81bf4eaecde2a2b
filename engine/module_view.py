"""What `import asyncio` gives to an executor file: a view of the module, in which names may be replaced for it alone.

A replaced `asyncio.sleep` or `json.dumps` in the module itself would hit every task and the engine at once.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

VIEWED = frozenset(
    {
        *("asyncio", "builtins", "datetime", "json", "logging", "os", "random", "sqlite3", "subprocess", "threading"),
        *("time", "uuid"),
    }
)
"""What the engine stands on, and what people replace names in."""


class ModuleView(ModuleType):
    """Reads go to the module itself, writes stay here."""

    _behind: ModuleType

    def __init__(self, name: str) -> None:
        super().__init__(name)
        module = sys.modules[name]  # kept: somebody may take it out of there
        present = vars(module)
        vars(self).update({dunder: present[dunder] for dunder in _DUNDERS if dunder in present}, _behind=module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._behind), *vars(self)})


_DUNDERS = ("__doc__", "__file__", "__spec__", "__loader__", "__package__", "__path__")
