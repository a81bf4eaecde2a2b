"""What the engine says no with: a message for the operator and a hint what to do."""

from __future__ import annotations


class TaskdeckError(Exception):
    """A refusal in words for a person; `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class TaskError(TaskdeckError):
    """A task, tree or move that the rules refuse; names the task."""


class ExecutorError(TaskdeckError):
    """An executor class or catalogue entry that cannot be used; names class and file."""


class StoreError(TaskdeckError):
    """The store cannot be opened, read or written."""


class SettingsError(TaskdeckError):
    """A setting, option or folder that is wrong; names where it stands."""
