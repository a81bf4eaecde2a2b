-- Version 5: named presets of launch forms, and under the name "" the draft of one that was left. Their secrets are
-- masked before they come here.

CREATE TABLE preset (
    executor TEXT NOT NULL,
    name     TEXT NOT NULL,
    at       REAL NOT NULL,
    inputs   TEXT NOT NULL,                    -- a JSON object
    options  TEXT NOT NULL,                    -- a JSON object, what stands beside the inputs
    PRIMARY KEY (executor, name)
) WITHOUT ROWID;
