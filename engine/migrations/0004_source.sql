-- Version 4: the source of every version that ever ran, once by its hash.

CREATE TABLE source (
    version TEXT PRIMARY KEY,                  -- as in task.executor_version
    at      REAL NOT NULL,                     -- when it first ran
    files   BLOB NOT NULL                      -- see engine/version_source.py
) WITHOUT ROWID;
