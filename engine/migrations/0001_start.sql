-- Version 1. Times are epoch seconds (UTC). JSON columns hold compact JSON text; a large result is a zlib blob.
-- A row of `task` is the latest attempt; `attempt` holds the former ones, so that a first attempt costs no second row.

CREATE TABLE run (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,           -- the id of the root task
    owner      TEXT,                           -- the engine that runs it; NULL once it ended
    created_at REAL NOT NULL
);
CREATE INDEX run_owner ON run (owner) WHERE owner IS NOT NULL;

CREATE TABLE task (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    run_id           TEXT NOT NULL,
    parent_id        TEXT,
    user_id          TEXT,
    name             TEXT NOT NULL,
    status           TEXT NOT NULL DEFAULT 'pending',
    priority         INTEGER NOT NULL,
    inputs           TEXT NOT NULL,            -- as given, secrets masked
    params           TEXT NOT NULL,
    schemas          TEXT NOT NULL,
    dependencies     TEXT NOT NULL,
    effective_inputs TEXT,                     -- NULL where execute received the inputs as given
    result           BLOB,
    error            TEXT,
    error_type       TEXT,
    progress         REAL NOT NULL DEFAULT 0,
    progress_message TEXT NOT NULL DEFAULT '',
    attempt          INTEGER NOT NULL DEFAULT 0,
    created_at       REAL NOT NULL,
    started_at       REAL,
    updated_at       REAL,
    completed_at     REAL,
    original_task_id TEXT,
    executor_version TEXT
);
CREATE INDEX task_run ON task (run_id, seq);

CREATE TABLE attempt (
    task_id          TEXT NOT NULL,
    number           INTEGER NOT NULL,
    status           TEXT NOT NULL,
    inputs           TEXT NOT NULL,
    effective_inputs TEXT,
    result           BLOB,
    error            TEXT,
    error_type       TEXT,
    started_at       REAL,
    completed_at     REAL,
    executor_version TEXT,
    PRIMARY KEY (task_id, number)
) WITHOUT ROWID;

CREATE TABLE log (
    seq     INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at      REAL NOT NULL,
    stream  TEXT NOT NULL,
    text    TEXT NOT NULL
);
CREATE INDEX log_task ON log (task_id, attempt, seq);
