-- The subject of an entry's mail, where it is another than the ticket's.
ALTER TABLE entry ADD COLUMN subject TEXT NOT NULL DEFAULT '';
