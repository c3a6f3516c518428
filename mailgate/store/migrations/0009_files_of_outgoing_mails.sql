-- Outgoing mail names its files; mail of before has them in its data.
ALTER TABLE outbox ADD COLUMN files TEXT NOT NULL DEFAULT '[]';
ALTER TABLE outbox ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET size = length(data);
CREATE INDEX outbox_due_large ON outbox (next_attempt_at, id) WHERE state = 'queued' AND size > 1000000;
