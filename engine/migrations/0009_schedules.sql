-- Version 9: questions to people and their answers; schedules and what they launched.

ALTER TABLE task ADD COLUMN asked_at REAL;     -- since when its question stands; while it is pending it waits for it
CREATE INDEX task_asked ON task (asked_at) WHERE asked_at IS NOT NULL;

CREATE TABLE answer (                          -- written by whoever answers, carried out by who runs the task
    task_id  TEXT NOT NULL,
    asked_at REAL NOT NULL,                    -- of the question: a rerun asks another one
    at       REAL NOT NULL,
    who      TEXT NOT NULL,
    answer   TEXT NOT NULL,                    -- a JSON object: approved, values, reason
    PRIMARY KEY (task_id, asked_at)
) WITHOUT ROWID;

CREATE TABLE schedule (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    target     TEXT NOT NULL,                  -- what is launched
    inputs     TEXT NOT NULL,                  -- a JSON object; secrets only as references
    options    TEXT NOT NULL,                  -- a JSON object: priority, label, tags, timeout, retries
    kind       TEXT NOT NULL,                  -- every, cron, at
    rule       TEXT NOT NULL,                  -- as it was typed
    zone       TEXT NOT NULL,                  -- an IANA name
    since      REAL NOT NULL,                  -- what `every` counts from
    missed     TEXT NOT NULL,                  -- skip, once, all
    overlap    TEXT NOT NULL,                  -- skip, queue
    paused     INTEGER NOT NULL DEFAULT 0,
    who        TEXT NOT NULL,
    created_at REAL NOT NULL,
    next_at    REAL                            -- NULL: it will not run again
) WITHOUT ROWID;
CREATE INDEX schedule_next ON schedule (next_at) WHERE next_at IS NOT NULL AND paused = 0;

CREATE TABLE schedule_run (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule_id TEXT NOT NULL,
    due_at      REAL NOT NULL,
    at          REAL NOT NULL,                 -- when the outcome was written
    outcome     TEXT NOT NULL,                 -- queued, launched, skipped, missed, refused
    waits       INTEGER NOT NULL DEFAULT 0,    -- 1: while queued it waits for the run before it to end
    run_id      TEXT,
    note        TEXT NOT NULL DEFAULT '',
    UNIQUE (schedule_id, due_at)
);
CREATE INDEX schedule_queued ON schedule_run (schedule_id, seq) WHERE outcome = 'queued';
