"""Asks an SQLite database, without changing it unless told to; parameters are bound, never pasted into the text."""

from __future__ import annotations

import base64
import math
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from engine import executor_register
from executors.refused import Refused
from executors.stoppable import Stoppable, Stopped, in_own_thread

if TYPE_CHECKING:
    import sqlite3

MOST_ROWS = 100_000
MOST_BYTES = 4 * 1024 * 1024
"""Characters and bytes of a result's values; the rows after that are left out, and the result says so."""
STEPS = 10_000
"""Steps of SQLite's machine between two looks at the clock, some tenths of a millisecond."""
LOCK_SECONDS = 5.0
"""How long another's lock is waited for."""
REPORT = 1000
"""Rows between two reports of progress."""


@executor_register()
class Sql(Stoppable):
    """One statement a run. Reading opens the file read-only; other files cannot be attached, nor extensions loaded."""

    id = "sql"
    name = "SQL"
    description = "Asks an SQLite database; it changes it only when writing is allowed"
    tags = ("data", "database", "sqlite")
    examples = (
        {"database": ":memory:", "query": "SELECT 6 * 7 AS answer"},
        {"database": "shop.db", "query": "SELECT name, price FROM items WHERE price > ?", "parameters": [100]},
        {
            "database": "shop.db",
            "query": "UPDATE items SET price = :price WHERE id = :id",
            "named": {"id": 7, "price": 9.5},
            "write": True,
        },
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "database": {
                "type": "string",
                "title": "Database",
                "description": "An SQLite file on the machine of the console, or :memory: for an empty one",
                "format": "file-path",
                "minLength": 1,
            },
            "query": {
                "type": "string",
                "title": "Statement",
                "description": "One SQL statement; put ? or :name where a parameter goes",
                "contentMediaType": "application/sql",
                "minLength": 1,
                "maxLength": 100_000,
                "examples": ["SELECT name FROM sqlite_master"],
            },
            "parameters": {
                "type": "array",
                "title": "Parameters",
                "description": "What stands for each ?, in order",
                "items": {"type": ["string", "number", "boolean", "null"]},
                "maxItems": 1000,
            },
            "named": {
                "type": "object",
                "title": "Named parameters",
                "description": "What stands for each :name",
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
            },
            "write": {
                "type": "boolean",
                "title": "Allow writing",
                "description": "Let the statement change the database; else it is opened read-only",
                "default": False,
            },
            "create": {
                "type": "boolean",
                "title": "Create it",
                "description": "Make the file where it is missing; only with writing allowed",
                "default": False,
            },
            "row_limit": {
                "type": "integer",
                "title": "At most (rows)",
                "description": "Take no more rows; the result says when there are more",
                "minimum": 1,
                "maximum": MOST_ROWS,
                "default": 1000,
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds until the statement is interrupted",
                "exclusiveMinimum": 0,
                "maximum": 86_400,
                "default": 60,
            },
        },
        "required": ["database", "query"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"columns", "rows", "row_count", "truncated", "changed", "duration"}`.

        `rows` are objects by column (a second column of a name is `name_2`); bytes are base64, infinite numbers null.
        `changed` counts the rows that were written. Failures have `error_type` validation_error, file_not_found,
        not_allowed, locked, sql_error or timeout_error; what a failed or cancelled statement wrote is undone.
        """
        statement = Statement(inputs, self)
        try:
            return await self.unless_stopped(in_own_thread("sql", statement.run, statement.interrupt))
        except Stopped:
            words = "the statement was interrupted" if statement.interrupt() else "but the statement was done already"
            return {"status": "cancelled", "message": f"cancelled; {words}"}
        except Refused as refusal:
            return refusal.result

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        told = {"columns": [], "rows": [], "row_count": 0, "truncated": False, "changed": 0, "duration": 0.0}
        return {"status": "completed", "demo": True, **told}


class Statement:
    """One statement on a connection of its own. `run` blocks; `interrupt` may be called from any thread."""

    def __init__(self, inputs: dict[str, Any], owner: Stoppable) -> None:
        self._inputs = inputs
        self._owner = owner
        self._writes = bool(inputs.get("write"))
        self._is_whole = self._writes and not inputs["query"].lstrip().upper().startswith(_ALONE)
        self._lock = threading.Lock()
        self._interrupted = False
        self._is_settled = False
        self._deadline = math.inf

    def interrupt(self) -> bool:
        """True when it will write nothing; it notices within `STEPS`."""
        with self._lock:
            self._interrupted = True
            return not self._is_settled

    def run(self) -> dict[str, Any]:
        """Raises `Refused`, also for what SQLite says."""
        import sqlite3

        began = time.monotonic()
        timeout = self._inputs.get("timeout", 60)
        self._deadline = began + timeout
        query, parameters = self._inputs["query"], self._parameters()
        connection = self._connect(min(timeout, LOCK_SECONDS))
        try:
            if self._is_whole:
                connection.execute("BEGIN IMMEDIATE")
            connection.set_progress_handler(self._is_over, STEPS)
            connection.set_authorizer(self._allow)
            result = self._rows(connection, connection.execute(query, parameters))
            self._settle()
            connection.set_progress_handler(None, 0)
            connection.set_authorizer(None)
            if self._is_whole:
                connection.execute("COMMIT")
        except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as error:
            raise self._refusal(error, timeout) from error
        finally:
            connection.close()  # rolls back what was not committed
        return {"status": "completed", **result, "duration": round(time.monotonic() - began, 3)}

    def _settle(self) -> None:
        """From here on it is written, whatever comes."""
        import sqlite3

        with self._lock:
            if self._is_over():
                raise sqlite3.OperationalError("interrupted")
            self._is_settled = True

    def _connect(self, patience: float) -> sqlite3.Connection:
        import sqlite3

        given = self._inputs["database"]
        if given == ":memory:":
            return sqlite3.connect(given, timeout=patience, isolation_level=None)
        mode = "rwc" if self._writes and self._inputs.get("create") else "rw" if self._writes else "ro"
        try:
            path = Path(given).expanduser().absolute()
            if not path.exists():
                if mode != "rwc":
                    advice = "" if self._inputs.get("create") else "; to make it, allow writing and creating"
                    raise Refused(f"File not found: {given}{advice}", "database", "file_not_found")
            elif not path.is_file():  # a pipe would be waited for
                raise Refused(f"{given} is no regular file", "database")
            return sqlite3.connect(
                f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=patience, isolation_level=None
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise Refused(f"{given!r:.200} is no usable path: {error}", "database") from error
        except sqlite3.Error as error:
            raise Refused(f"cannot open {given}: {error}", "database", "sql_error") from error

    def _parameters(self) -> list[Any] | dict[str, Any]:
        ordered, named = self._inputs.get("parameters"), self._inputs.get("named")
        if ordered and named:
            raise Refused("give parameters in order or by name, not both", "named")
        return named or ordered or []

    def _allow(self, action: int, first: str | None, second: str | None, *names: str | None) -> int:
        """What a statement may do: other files are never opened, and reading only reads."""
        import sqlite3

        if action == sqlite3.SQLITE_ATTACH:
            return sqlite3.SQLITE_OK if self._writes and first == "" else sqlite3.SQLITE_DENY  # "" is VACUUM's own
        if action in (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT):  # each statement is one of its own
            return sqlite3.SQLITE_OK if self._writes and not self._is_whole else sqlite3.SQLITE_DENY
        if self._writes:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA:
            return sqlite3.SQLITE_OK if second is None or first in _ASKING else sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK if action in _reading() else sqlite3.SQLITE_DENY

    def _is_over(self) -> bool:
        return self._interrupted or self._owner.is_stopped or time.monotonic() > self._deadline

    def _rows(self, connection: sqlite3.Connection, cursor: sqlite3.Cursor) -> dict[str, Any]:
        columns = _names(cursor)
        limit = self._inputs.get("row_limit", 1000)
        rows: list[dict[str, Any]] = []
        size = 0
        truncated = False
        for row in cursor:
            size += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
            if len(rows) == limit or size > MOST_BYTES:
                truncated = True
                break
            rows.append(dict(zip(columns, map(_json, row), strict=True)))
            if len(rows) % REPORT == 0:
                self._owner.report_progress(len(rows) / limit, f"{len(rows)} rows")
        if truncated and self._writes:
            for _ in cursor:  # RETURNING: what is not read may not be written either
                pass
        changed = connection.total_changes
        self._owner.log(f"{len(rows)} rows{' and more' if truncated else ''}, {changed} changed")
        return {
            "columns": columns,
            "rows": rows,
            "row_count": len(rows),
            "truncated": truncated,
            "changed": changed,
        }

    def _refusal(self, error: Exception, timeout: float) -> Refused:
        import sqlite3

        words = str(error)
        if isinstance(error, sqlite3.OperationalError) and words == "interrupted":
            return Refused(f"did not end within {timeout:g} s; nothing was written", "timeout", "timeout_error")
        if (
            "not authorized" in words
            or "authorization denied" in words
            or "prohibited" in words
            or "readonly database" in words
        ):
            advice = "only this one database may be used" if self._writes else 'it only reads; see "Allow writing"'
            return Refused(f"not allowed here: {words}; {advice}", "query" if self._writes else "write", "not_allowed")
        if "locked" in words or "busy" in words:
            return Refused(f"{words} by someone else; try again", "database", "locked")
        if "one statement" in words:
            return Refused("give one statement; several make several tasks", "query")
        if isinstance(error, sqlite3.ProgrammingError | OverflowError):
            return Refused(words, "named" if self._inputs.get("named") else "parameters")
        field = (
            "database" if "not a database" in words or "malformed" in words or "unable to open" in words else "query"
        )
        return Refused(words, field, "sql_error")


_ALONE = ("VACUUM", "PRAGMA")
"""Statements that stand in no transaction."""
_ASKING = frozenset(
    {
        *("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"),
        *("foreign_key_check", "integrity_check", "quick_check"),
    }
)
"""Pragmas whose argument names what is asked about and sets nothing."""


def _reading() -> frozenset[int]:
    import sqlite3

    return frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})


def _names(cursor: sqlite3.Cursor) -> list[str]:
    """The columns' names, each once."""
    names: list[str] = []
    for name, *_ in cursor.description or ():
        unique, number = name, 2
        while unique in names:
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
    return names


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
