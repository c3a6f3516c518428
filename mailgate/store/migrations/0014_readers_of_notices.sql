-- Whom an answer to a notice reaches, as the notice said it, and which tickets it names beside its own.
ALTER TABLE outbox ADD COLUMN readers TEXT;
ALTER TABLE outbox ADD COLUMN names TEXT NOT NULL DEFAULT '[]';
CREATE INDEX outbox_naming ON outbox (id) WHERE state IN ('queued', 'failed') AND names <> '[]';
