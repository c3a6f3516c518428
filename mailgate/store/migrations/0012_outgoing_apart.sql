-- The bytes of outgoing mail lie apart from its rows: where they are deleted, whole pages become free.
CREATE TABLE outgoing (
    id INTEGER PRIMARY KEY REFERENCES outbox (id),
    at REAL NOT NULL,
    data BLOB NOT NULL,
    files TEXT NOT NULL DEFAULT '[]'
) STRICT;
INSERT INTO outgoing (id, at, data, files) SELECT id, created_at, data, files FROM outbox WHERE data <> x'';
DROP INDEX outbox_kept;
DROP INDEX outbox_files;
ALTER TABLE outbox DROP COLUMN data;
ALTER TABLE outbox DROP COLUMN files;
CREATE INDEX outgoing_at ON outgoing (at);
CREATE INDEX outgoing_files ON outgoing (id) WHERE files <> '[]';
