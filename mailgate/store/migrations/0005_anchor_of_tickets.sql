-- Tickets opened from now on have a nonce in their public anchor; those of before keep the one without.
ALTER TABLE ticket ADD COLUMN anchor TEXT NOT NULL DEFAULT '';
