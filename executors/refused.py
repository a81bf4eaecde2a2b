"""Failures in words: what is wrong, of which kind, and at which field of the form it is shown."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Work that cannot be done as asked, found anywhere below `execute`; `result` is what execute returns then."""

    def __init__(self, words: str, field: str, error_type: str = "validation_error") -> None:
        super().__init__(words)
        self.field = field
        self.error_type = error_type

    @property
    def result(self) -> dict[str, Any]:
        return failed(str(self), self.error_type, self.field)


def failed(error: str, error_type: str, field: str | None = None) -> dict[str, Any]:
    """A failed result (4.4); the form of a rerun shows `error` at `field`."""
    told = {"status": "failed", "error": error, "error_type": error_type}
    return told if field is None else {**told, "field": field}
