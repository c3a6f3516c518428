-- How agents sign: what two of their mails end with, and what their mail programs mark as a signature.
CREATE TABLE signature (
    agent TEXT NOT NULL,
    text TEXT NOT NULL,
    at REAL NOT NULL,                         -- when it was last seen
    PRIMARY KEY (agent, text)
) STRICT, WITHOUT ROWID;

-- The last lines of agents' newest mails, as digests: nothing that they say is kept.
CREATE TABLE mail_ending (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    lines TEXT NOT NULL                       -- JSON list, the last line first
) STRICT;
CREATE INDEX mail_ending_agent ON mail_ending (agent, id);
