-- Version 2: retries and schedules, tasks spawned at run time, skipped tasks, idempotency keys, pause, links of trees.

ALTER TABLE task ADD COLUMN not_before REAL;                     -- a retry or a scheduled task starts no earlier
ALTER TABLE task ADD COLUMN resumable INTEGER NOT NULL DEFAULT 0; -- 1: the attempt under way may run twice (4.7)
ALTER TABLE task ADD COLUMN spawned INTEGER;                     -- the attempt of its parent that spawned it (8.1)
ALTER TABLE task ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;  -- 1: completed because a person said so (8.4)
ALTER TABLE task ADD COLUMN idempotency_key TEXT;
CREATE UNIQUE INDEX task_key ON task (idempotency_key) WHERE idempotency_key IS NOT NULL;

ALTER TABLE run ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;

CREATE TABLE link (                                              -- dependencies on tasks of other runs
    task_id TEXT NOT NULL,
    on_id   TEXT NOT NULL,
    PRIMARY KEY (on_id, task_id)
) WITHOUT ROWID;

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
