-- The agent who logged in at [submission] to hand a mail over; '' for all other mail.
ALTER TABLE inbox ADD COLUMN login TEXT NOT NULL DEFAULT '';
