"""sql: reading changes nothing whatever the statement; writing is whole or not at all; a cancel interrupts."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from executors.sql import Sql
from tests.executors.trial import Trial, until

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop ?#%.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL)")
        connection.executemany(
            "INSERT INTO items (name, price) VALUES (?, ?)", [("box", 2.5), ("ape", 40), ("é", None)]
        )
    connection.close()
    return path


async def sql(database: Path | str, query: str, **inputs: Any) -> dict[str, Any]:
    return await Trial(Sql, database=str(database), query=query, **inputs).result()


def count(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM items").fetchone()[0])
    finally:
        connection.close()


async def test_rows_are_objects(shop: Path) -> None:
    result = await sql(shop, "SELECT name, price, price AS price FROM items WHERE price > ?", parameters=[10])
    assert result["columns"] == ["name", "price", "price_2"]
    assert result["rows"] == [{"name": "ape", "price": 40.0, "price_2": 40.0}]
    assert (result["row_count"], result["truncated"], result["changed"]) == (1, False, 0)


async def test_odd_values_become_json() -> None:
    result = await sql(":memory:", "SELECT x'00ff' AS b, 9e999 AS inf, NULL AS n, 9223372036854775807 AS big")
    assert result["rows"] == [{"b": "AP8=", "inf": None, "n": None, "big": 2**63 - 1}]


async def test_parameters_are_bound_never_pasted(shop: Path) -> None:
    hostile = "x'); DROP TABLE items; --"
    assert (await sql(shop, "SELECT :v AS v", named={"v": hostile}))["rows"] == [{"v": hostile}]
    assert (await sql(shop, "SELECT name FROM items WHERE name = ?", parameters=[hostile]))["rows"] == []
    assert count(shop) == 3


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM items",
        "INSERT INTO items (name) VALUES ('x') RETURNING id",
        "WITH x AS (SELECT 1) INSERT INTO items (name) SELECT 'x' FROM x",
        "DROP TABLE items",
        "CREATE TEMP TABLE t (a)",
        "PRAGMA journal_mode = wal",
        "PRAGMA query_only = off",
        "PRAGMA writable_schema = on",
        "VACUUM",
        "BEGIN IMMEDIATE",
    ],
)
async def test_reading_changes_nothing(shop: Path, query: str) -> None:
    before = shop.read_bytes()
    result = await sql(shop, query)
    assert result["status"] == "failed" and result["error_type"] == "not_allowed" and "Allow writing" in result["error"]
    assert shop.read_bytes() == before


@pytest.mark.parametrize("write", [False, True])
async def test_no_other_file_is_reached(shop: Path, tmp_path: Path, write: bool) -> None:
    other = tmp_path / "other.db"
    for query in (f"ATTACH '{other}' AS o", f"ATTACH 'file:{other}?mode=rwc' AS o", f"VACUUM INTO '{other}'"):
        assert (await sql(shop, query, write=write))["error_type"] == "not_allowed"
    assert (await sql(shop, "SELECT load_extension('x')", write=write))["status"] == "failed"
    assert not other.exists()


async def test_writing_when_allowed(shop: Path) -> None:
    result = await sql(shop, "UPDATE items SET price = :p WHERE price IS NULL", named={"p": 1}, write=True)
    assert (result["status"], result["changed"]) == ("completed", 1)
    query = "INSERT INTO items (name) VALUES ('a'), ('b'), ('c') RETURNING id"
    inserted = await sql(shop, query, write=True, row_limit=1)
    assert (inserted["row_count"], inserted["truncated"]) == (1, True) and count(shop) == 6
    assert (await sql(shop, "VACUUM", write=True))["status"] == "completed"
    assert (await sql(shop, "COMMIT", write=True))["error_type"] == "not_allowed"


async def test_a_failed_statement_writes_nothing(shop: Path) -> None:
    result = await sql(shop, "INSERT INTO items (id) VALUES (10), (11), (1)", write=True)
    assert result["error_type"] == "sql_error" and count(shop) == 3


async def test_row_limit(shop: Path) -> None:
    result = await sql(shop, "SELECT id FROM items", row_limit=2)
    assert (len(result["rows"]), result["truncated"]) == (2, True)
    assert (await sql(shop, "SELECT id FROM items", row_limit=3))["truncated"] is False


async def test_large_values_end_the_rows() -> None:
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(zeroblob(500000)) AS v FROM n"
    result = await sql(":memory:", query)
    assert result["truncated"] and 1 <= result["row_count"] <= 4


@pytest.mark.parametrize("write", [False, True])
async def test_a_cancel_interrupts_it(shop: Path, write: bool) -> None:
    query = f"INSERT INTO items (id) SELECT ({ENDLESS})" if write else ENDLESS
    trial = Trial(Sql, database=str(shop), query=query, write=write)
    task = trial.start()
    await until(lambda: any(thread.name == "sql" for thread in threading.enumerate()))
    await trial.cancel()
    assert (await task)["status"] == "cancelled"
    await until(lambda: not any(thread.name == "sql" for thread in threading.enumerate()))
    assert count(shop) == 3


async def test_a_timeout_interrupts_it() -> None:
    result = await sql(":memory:", ENDLESS, timeout=0.3)
    assert (result["error_type"], result["field"]) == ("timeout_error", "timeout")


async def test_locked_by_someone_else(shop: Path) -> None:
    holder = sqlite3.connect(shop, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        result = await sql(shop, "DELETE FROM items", write=True, timeout=0.5)
    finally:
        holder.close()
    assert result["error_type"] == "locked" and count(shop) == 3


async def test_creating_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    query = "CREATE TABLE t (a)"
    missing = await sql(path, query, write=True)
    assert missing["error_type"] == "file_not_found" and "creating" in missing["error"] and not path.exists()
    assert (await sql(path, "SELECT 1", create=True))["status"] == "failed" and not path.exists()
    assert (await sql(path, query, write=True, create=True))["status"] == "completed"


@pytest.mark.parametrize(
    ("query", "inputs", "field"),
    [
        ("SELEC 1", {}, "query"),
        ("SELECT 1; SELECT 2", {}, "query"),
        ("SELECT nothing", {}, "query"),
        ("SELECT ?", {}, "parameters"),
        ("SELECT ?", {"parameters": [1, 2]}, "parameters"),
        ("SELECT :a", {"named": {"b": 1}}, "named"),
        ("SELECT ?", {"parameters": [2**70]}, "parameters"),
        ("SELECT ?", {"parameters": [1], "named": {"a": 1}}, "named"),
    ],
)
async def test_wrong_statements_are_told(query: str, inputs: dict[str, Any], field: str) -> None:
    result = await sql(":memory:", query, **inputs)
    assert result["status"] == "failed" and result["field"] == field, result


async def test_what_is_no_database(tmp_path: Path) -> None:
    text, pipe = tmp_path / "text", tmp_path / "pipe"
    text.write_text("no database at all, just text " * 100)
    os.mkfifo(pipe)
    for path in (text, pipe, tmp_path, "a\0b"):
        result = await sql(path, "SELECT * FROM sqlite_master")
        assert result["status"] == "failed" and result["field"] == "database", result
