-- A daemon from before has left its mark here: it is refused from its next transaction.
DELETE FROM meta WHERE key = 'daemon';
CREATE TABLE node (
    number INTEGER PRIMARY KEY,               -- greater with each start
    name TEXT NOT NULL UNIQUE,
    place TEXT NOT NULL,                      -- digest of the machine and the folder that it runs in
    version TEXT NOT NULL,
    config TEXT NOT NULL,                     -- digest of the configuration in force
    started_at REAL NOT NULL,                 -- by the database's clock, as the other times
    steady_since REAL NOT NULL,               -- since then no renewal was late
    ends_at REAL NOT NULL                     -- of its lease
) STRICT;
CREATE TABLE lease (
    resource TEXT PRIMARY KEY,                -- "clock", "mailbox NAME"
    node INTEGER NOT NULL REFERENCES node (number) ON DELETE CASCADE,
    since REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_node ON lease (node);
ALTER TABLE inbox ADD COLUMN node INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN node INTEGER NOT NULL DEFAULT 0;
