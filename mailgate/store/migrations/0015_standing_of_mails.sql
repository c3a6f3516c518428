-- What a worked mail counts for beside others: 'proven' to be its author's, 'weak' where it has no effect, '' for the rest.
ALTER TABLE inbox ADD COLUMN standing TEXT NOT NULL DEFAULT '';
