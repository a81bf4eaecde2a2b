-- Version 7: when a run was begun the last time, which a rerun moves; NULL means when it was made.

ALTER TABLE run ADD COLUMN began_at REAL;
