"""What is wrong with a line that was typed after `:`."""

from __future__ import annotations


class CommandError(ValueError):
    """Says what is wrong with a command, for the person; it may hold foreign text."""
