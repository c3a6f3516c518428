-- older programs: must stop
-- The oldest schema whose programs may work on the database since then; the highest of all rows counts.
ALTER TABLE migration ADD COLUMN compatible INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN schema INTEGER NOT NULL DEFAULT 0;
