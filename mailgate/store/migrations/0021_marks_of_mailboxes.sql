-- older programs: may go on
-- What a mailbox itself says of a mail: the keyword of its spam filter.
ALTER TABLE inbox ADD COLUMN mark TEXT NOT NULL DEFAULT '';
