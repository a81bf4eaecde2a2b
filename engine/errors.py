"""What the engine says no with: a message for the operator and a hint what to do."""

from __future__ import annotations


class TaskdeckError(Exception):
    """A refusal in words for a person; `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        stop = "" if self.message.endswith(("?", "!", ".")) else "."
        return f"{self.message}{stop} {self.hint}" if self.hint else self.message


class TaskError(TaskdeckError):
    """A task, tree or move that the rules refuse; names the task."""


class ExecutorError(TaskdeckError):
    """An executor class or catalogue entry that cannot be used; names class and file."""


class StoreError(TaskdeckError):
    """The store cannot be opened, read or written."""


class SettingsError(TaskdeckError):
    """A setting, option or folder that is wrong; names where it stands."""


class AccessError(TaskdeckError):
    """What the settings, or read-only mode, keep this user from doing."""


class ChildFailed(TaskdeckError):
    """Raised inside `spawn` and `map` when the child did not complete (behaviour.md 8.1).

    `status` is failed or cancelled; `error`, `error_type` and `result` are the child's.
    """

    def __init__(
        self, task_id: str, name: str, status: str, error: str | None, error_type: str | None, result: object
    ) -> None:
        super().__init__(f"child '{name}' ({task_id[:8]}) {status}: {error or status}")
        self.task_id = task_id
        self.status = status
        self.error = error
        self.error_type = error_type
        self.result = result
