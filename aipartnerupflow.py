"""The name under which the guide's executors import this engine; it only re-exports `engine`'s public names."""

from __future__ import annotations

from engine import *  # noqa: F403
from engine import __all__ as __all__
