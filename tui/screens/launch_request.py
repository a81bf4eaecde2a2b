"""What a launch dialog answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tui.forms.options import LaunchOptions


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What to launch; `inputs` are as given, without the defaults, which the engine fills (behaviour.md 4.1).

    `drafted` says that there is a draft of it, which has served its purpose once this is launched; `schema` is the one
    that the inputs were typed for.
    """

    executor_id: str
    inputs: dict[str, Any]
    options: LaunchOptions = field(default_factory=LaunchOptions)
    drafted: bool = field(default=False, compare=False)
    schema: Any = field(default=None, compare=False)
