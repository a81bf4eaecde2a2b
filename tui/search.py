"""What one searches a log or a result for: plain text, or a pattern after `re:`. No Textual in here.

Small letters match both cases, one capital makes the case count. A pattern that runs away is stopped by its time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

PATTERN = "re:"
"""What stands before a regular expression."""
LONGEST_LINE = 0.2
"""Seconds that a pattern may take over one line."""
MOST_SPANS = 200
"""Matches in one line that are marked."""


class BadPattern(ValueError):
    """A pattern that is none, or that takes too long; the text says which."""


class Pattern:
    """`text` as it was typed. Raises `BadPattern` where it cannot be understood."""

    def __init__(self, text: str) -> None:
        self.text = text
        body = text.removeprefix(PATTERN)
        self._exact = any(letter.isupper() for letter in body)
        self._plain = body if self._exact else body.lower()
        self._compiled: Any = None
        if text.startswith(PATTERN):
            import regex

            bare = re.sub(r"\\.", "", body)  # \S and \D are no capitals
            self._exact = bare.lower() != bare
            try:
                self._compiled = regex.compile(body, 0 if self._exact else regex.IGNORECASE)
            except (regex.error, RecursionError, OverflowError) as error:
                raise BadPattern(f"no pattern: {error}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def is_empty(self) -> bool:
        return self.text in ("", PATTERN)

    def matches(self, text: str) -> bool:
        """Whether it is found in `text`. Raises `BadPattern` when that takes too long."""
        if self._compiled is None:
            return self._plain in (text if self._exact else text.lower())
        try:
            return self._compiled.search(text, timeout=LONGEST_LINE) is not None
        except TimeoutError:
            raise BadPattern("the pattern takes too long") from None

    def indexes(self, texts: Sequence[str]) -> list[int]:
        """Where in `texts` it is found. Raises `BadPattern` when that takes too long."""
        if self._compiled is not None:
            return [index for index, text in enumerate(texts) if self.matches(text)]
        plain = self._plain
        if self._exact:
            return [index for index, text in enumerate(texts) if plain in text]
        return [index for index, text in enumerate(texts) if plain in text.lower()]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` it stands, from left to right, for marking; nothing where that takes too long."""
        if self.is_empty:
            return []
        if self._compiled is not None:
            try:
                found = self._compiled.finditer(text, timeout=LONGEST_LINE)
                return [match.span() for match, _ in zip(found, range(MOST_SPANS), strict=False) if match.group()]
            except TimeoutError:
                return []
        within = text if self._exact else text.lower()
        if len(within) != len(text):  # lower() made a letter two: then letter by letter
            within = "".join(letter.lower()[:1] for letter in text)
        spans: list[tuple[int, int]] = []
        start = within.find(self._plain)
        while start >= 0 and len(spans) < MOST_SPANS:
            spans.append((start, start + len(self._plain)))
            start = within.find(self._plain, start + len(self._plain))
        return spans
