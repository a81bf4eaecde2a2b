"""The checker of a form's schema, compiled when it is first wanted, and why there may be none."""

from __future__ import annotations

from typing import Any

from engine.json_data import NotJson, encode
from engine.schema import Checker, SchemaError
from engine.schema import compile as compile_schema

LARGEST_SCHEMA = 1_500_000
"""Characters: 1 MB, with room for how it is written; a larger one is refused (forms.md 2.5)."""
SMALL_SCHEMA = 16_000
"""Characters; a larger schema is not compiled only to judge its defaults."""


class Judge:
    """`checker` is None until `prepare`, and after it where `problem` says why the schema cannot be used."""

    def __init__(self, schema: Any) -> None:
        self.checker: Checker | None = None
        self.problem: str | None = None
        self._schema = schema
        self._size: int | None = None

    def prepare(self) -> bool:
        """Compile the schema; whether that was done now. May take its time for a large one."""
        if self.checker is not None or self.problem is not None:
            return False
        try:
            self.problem = self.too_large or None
            self.checker = None if self.problem else compile_schema(self._schema)
        except SchemaError as error:
            self.problem = str(error)
        return True

    @property
    def is_cheap(self) -> bool:
        """Whether compiling costs little."""
        return self._length() <= SMALL_SCHEMA

    @property
    def too_large(self) -> str:
        """Words for a schema that is not taken, "" for one that is."""
        size = self._length()
        return f"the schema is larger than 1 MB ({size:,} characters)" if size > LARGEST_SCHEMA else ""

    def _length(self) -> int:
        """Characters of the schema; 0 where it is no JSON, which `compile` then says."""
        if self._size is None:
            try:
                self._size = len(encode(self._schema))
            except (NotJson, RecursionError, ValueError, TypeError):
                self._size = 0
        return self._size
