"""What `import asyncio` gives to an executor file: a view of the module, in which names may be replaced for it alone.

A replaced `asyncio.sleep` or `json.dumps` in the module itself would hit every task and the engine at once.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

VIEWED = frozenset({"asyncio", "json", "threading", "time"})
"""What the engine stands on, and what people replace names in."""


class ModuleView(ModuleType):
    """Reads go to the module itself, writes stay here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        present = vars(sys.modules[name])
        vars(self).update({dunder: present[dunder] for dunder in _DUNDERS if dunder in present})

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules[self.__name__], name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(sys.modules[self.__name__]), *vars(self)})


_DUNDERS = ("__doc__", "__file__", "__spec__", "__loader__", "__package__", "__path__")
