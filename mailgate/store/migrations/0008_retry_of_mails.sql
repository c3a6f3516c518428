-- A mail whose file cannot be read waits by itself.
ALTER TABLE inbox ADD COLUMN retry_at REAL;
CREATE INDEX inbox_retry ON inbox (retry_at) WHERE retry_at IS NOT NULL;
