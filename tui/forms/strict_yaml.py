"""YAML as JSON people mean it, with numbers that keep their text (forms.md 1.6); see `engine.yaml_text`."""

from __future__ import annotations

from typing import Any

from engine import yaml_text
from engine.yaml_text import YamlError
from tui.forms.strict_json import real, whole

__all__ = ["LARGEST", "YamlError", "parse"]

LARGEST = 128 * 1024
"""Characters; reading more takes longer than a key may."""


def parse(text: str) -> Any:
    """Read one document of plain YAML; raises `YamlError`. Numbers keep their text where JSON can write it."""
    if len(text) > LARGEST:
        raise YamlError(f"more than {LARGEST // 1024} kB are not read as YAML", 1, 1)
    return yaml_text.parse(text, whole=whole, real=real)
