-- Messages that stay in their mailbox because they cannot be taken.
CREATE TABLE left_in_mailbox (
    mailbox TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('too-large', 'cannot-be-fetched')),
    size INTEGER NOT NULL,
    since REAL NOT NULL,
    from_email TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    message_id TEXT NOT NULL DEFAULT '',
    told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, uidvalidity, uid)
) STRICT, WITHOUT ROWID;
-- Which tickets became spam lately: their mails are moved in the mailbox too.
CREATE INDEX event_spam ON event (id) WHERE kind = 'spam-marked';
