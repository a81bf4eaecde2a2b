-- Version 6: what one process asks of another that runs a task: cancel, rerun, skip, pause, resume (behaviour.md 7.2).

CREATE TABLE request (
    id     TEXT PRIMARY KEY,
    at     REAL NOT NULL,
    owner  TEXT NOT NULL,                      -- the engine that is asked
    what   TEXT NOT NULL,
    detail TEXT NOT NULL,                      -- a JSON object: its arguments; secrets never come here
    answer TEXT                                -- a JSON object once it is done; the asker removes the row
) WITHOUT ROWID;
CREATE INDEX request_open ON request (owner) WHERE answer IS NULL;
