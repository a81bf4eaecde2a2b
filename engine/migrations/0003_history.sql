-- Version 3: the history. All of it is kept per run: nothing here hangs on a task's row, whose writes are the hot path.

ALTER TABLE run ADD COLUMN status TEXT NOT NULL DEFAULT 'in_progress';
ALTER TABLE run ADD COLUMN ended_at REAL;                        -- NULL while it runs
ALTER TABLE run ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;   -- its tasks by status, set when it ends
ALTER TABLE run ADD COLUMN completed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN label TEXT;
ALTER TABLE run ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;   -- 1: `search` holds its tasks as they are
ALTER TABLE run ADD COLUMN deleting INTEGER NOT NULL DEFAULT 0;  -- 1: gone for everybody, its rows follow in slices

UPDATE run SET (status, pending, completed, failed, cancelled, ended_at) = (
    SELECT CASE WHEN failed > 0 THEN 'failed' WHEN cancelled > 0 THEN 'cancelled'
                WHEN size > completed THEN 'failed' ELSE 'completed' END,
           size - completed - failed - cancelled, completed, failed, cancelled,
           coalesce(ended, run.created_at)
    FROM (SELECT count(*) AS size,
                 count(*) FILTER (WHERE status = 'completed') AS completed,
                 count(*) FILTER (WHERE status = 'failed') AS failed,
                 count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
                 max(completed_at) AS ended
          FROM task WHERE run_id = run.id)
) WHERE owner IS NULL;

-- An index ends with the row's seq, so each of these gives pages in the order of seq.
CREATE INDEX run_status ON run (status) WHERE deleting = 0;
CREATE INDEX run_label ON run (label) WHERE label IS NOT NULL;
CREATE INDEX run_created ON run (created_at);
CREATE INDEX run_ended ON run (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX run_unindexed ON run (indexed) WHERE indexed = 0;
CREATE INDEX run_deleting ON run (deleting) WHERE deleting = 1;
CREATE INDEX link_task ON link (task_id);

CREATE TABLE facet (
    kind    TEXT NOT NULL,                     -- executor, tag, user
    value   TEXT NOT NULL,
    run_seq INTEGER NOT NULL,
    PRIMARY KEY (kind, value, run_seq)
) WITHOUT ROWID;
CREATE INDEX facet_run ON facet (run_seq);
INSERT INTO facet SELECT DISTINCT 'executor', task.name, run.seq FROM run JOIN task ON task.run_id = run.id;
INSERT INTO facet SELECT 'user', task.user_id, run.seq FROM run JOIN task ON task.id = run.id
    WHERE task.user_id IS NOT NULL;

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      REAL NOT NULL,
    who     TEXT NOT NULL,
    origin  TEXT NOT NULL,                     -- the terminal or address it came from
    what    TEXT NOT NULL,
    run_id  TEXT,
    task_id TEXT,
    detail  TEXT NOT NULL                      -- a JSON object, secrets masked
);
CREATE INDEX audit_run ON audit (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX audit_task ON audit (task_id) WHERE task_id IS NOT NULL;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit only grows');
END;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit only grows');
END;
CREATE TRIGGER audit_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq) BEGIN
    SELECT RAISE(ABORT, 'the audit only grows');
END;

-- Runs by their status, and the tasks of ended runs by theirs; what is being deleted counts no more.
CREATE TABLE total (
    status TEXT PRIMARY KEY,
    runs   INTEGER NOT NULL DEFAULT 0,
    tasks  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO total (status) VALUES ('pending'), ('in_progress'), ('completed'), ('failed'), ('cancelled');
UPDATE total SET
    runs = (SELECT count(*) FROM run WHERE run.status = total.status),
    tasks = (SELECT CASE total.status WHEN 'pending' THEN pending WHEN 'completed' THEN completed
                                      WHEN 'failed' THEN failed WHEN 'cancelled' THEN cancelled ELSE 0 END
             FROM (SELECT coalesce(sum(pending), 0) AS pending, coalesce(sum(completed), 0) AS completed,
                          coalesce(sum(failed), 0) AS failed, coalesce(sum(cancelled), 0) AS cancelled FROM run));
CREATE TRIGGER run_counted AFTER INSERT ON run WHEN NEW.deleting = 0 BEGIN
    UPDATE total SET runs = runs + 1 WHERE status = NEW.status;
    UPDATE total SET tasks = tasks + CASE status WHEN 'pending' THEN NEW.pending WHEN 'completed' THEN NEW.completed
                                                 WHEN 'failed' THEN NEW.failed ELSE NEW.cancelled END
        WHERE status != 'in_progress' AND NEW.pending + NEW.completed + NEW.failed + NEW.cancelled > 0;
END;
CREATE TRIGGER run_recounted AFTER UPDATE OF status, pending, completed, failed, cancelled, deleting ON run BEGIN
    UPDATE total SET runs = runs - 1 WHERE status = OLD.status AND OLD.deleting = 0;
    UPDATE total SET runs = runs + 1 WHERE status = NEW.status AND NEW.deleting = 0;
    UPDATE total SET tasks = tasks
        + (NEW.deleting = 0) * CASE status WHEN 'pending' THEN NEW.pending WHEN 'completed' THEN NEW.completed
                                           WHEN 'failed' THEN NEW.failed ELSE NEW.cancelled END
        - (OLD.deleting = 0) * CASE status WHEN 'pending' THEN OLD.pending WHEN 'completed' THEN OLD.completed
                                           WHEN 'failed' THEN OLD.failed ELSE OLD.cancelled END
        WHERE status != 'in_progress';
END;
CREATE TRIGGER run_uncounted AFTER DELETE ON run WHEN OLD.deleting = 0 BEGIN
    UPDATE total SET runs = runs - 1 WHERE status = OLD.status;
    UPDATE total SET tasks = tasks - CASE status WHEN 'pending' THEN OLD.pending WHEN 'completed' THEN OLD.completed
                                                 WHEN 'failed' THEN OLD.failed ELSE OLD.cancelled END
        WHERE status != 'in_progress';
END;

-- rowid = (the run's seq << 24) + n for its n-th task: matches come in the order of runs, so a page needs no sorting,
-- and a run's rows are one range. `task` is the task's seq.
CREATE VIRTUAL TABLE search USING fts5 (
    text, task UNINDEXED, tokenize = "unicode61 remove_diacritics 2", columnsize = 0
);
