-- The whole schema. Times are seconds since 1970 UTC (real); JSON is text.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- How the database came to its schema.
CREATE TABLE migration (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    at REAL NOT NULL,
    compatible INTEGER NOT NULL DEFAULT 0     -- oldest schema whose programs may work on it; the highest row counts
) STRICT;

-- The daemons that work on the database. A row goes when its daemon stops, or when another one finds its lease over.
CREATE TABLE node (
    number INTEGER PRIMARY KEY,               -- greater with each start
    name TEXT NOT NULL UNIQUE,
    place TEXT NOT NULL,                      -- digest of the machine and the folder that it runs in
    version TEXT NOT NULL,
    config TEXT NOT NULL,                     -- digest of the configuration in force
    started_at REAL NOT NULL,                 -- by the database's clock, as the other times
    steady_since REAL NOT NULL,               -- since then no renewal was late
    ends_at REAL NOT NULL,                    -- of its lease
    schema INTEGER NOT NULL DEFAULT 0         -- of its program
) STRICT;

-- What only one node does at a time, and which one.
CREATE TABLE lease (
    resource TEXT PRIMARY KEY,                -- "clock", "mailbox NAME"
    node INTEGER NOT NULL REFERENCES node (number) ON DELETE CASCADE,
    since REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_node ON lease (node);

-- Bytes of incoming mail as they came, apart from the rows that are listed and scanned.
-- Those of a large one lie in a file beside the database.
CREATE TABLE raw (
    id INTEGER PRIMARY KEY,
    data BLOB,
    file TEXT,
    CHECK ((data IS NULL) <> (file IS NULL))
) STRICT;
CREATE UNIQUE INDEX raw_file ON raw (file) WHERE file IS NOT NULL;

-- Every mail that was taken. Its raw bytes are deleted after keep_raw, the row with its ticket.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL CHECK (source IN ('smtp', 'imap', 'pipe', 'cli')),
    source_key TEXT NOT NULL UNIQUE,
    raw_id INTEGER REFERENCES raw (id) ON DELETE SET NULL,
    size INTEGER NOT NULL,
    sender TEXT,                              -- envelope; NULL unknown, '' the null sender
    recipients TEXT NOT NULL,                 -- JSON list
    authserv_ids TEXT NOT NULL DEFAULT '[]',  -- JSON list
    quiet INTEGER NOT NULL DEFAULT 0,
    arrived_at REAL NOT NULL,
    received_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'new'
        CHECK (state IN ('new', 'working', 'done', 'held', 'quarantined', 'dropped')),
    tries INTEGER NOT NULL DEFAULT 0,         -- counted at the claim, before the work
    reason TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',           -- traceback of the last failure
    message_id TEXT NOT NULL DEFAULT '',
    from_email TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    ticket INTEGER,
    done_at REAL,
    way TEXT NOT NULL DEFAULT '[]',           -- JSON list: what was found on its way, "step: text"
    login TEXT NOT NULL DEFAULT '',           -- key of the agent who logged in to hand it over
    retry_at REAL,                            -- a file of it cannot be read: tried again then
    standing TEXT NOT NULL DEFAULT '',        -- 'proven' to be its author's, 'weak' where it has no effect, '' else
    node INTEGER NOT NULL DEFAULT 0,          -- number of the node that claimed it last
    mark TEXT NOT NULL DEFAULT ''             -- by which its mailbox marks it as spam
) STRICT;
CREATE INDEX inbox_waiting ON inbox (id) WHERE state IN ('new', 'working');
CREATE INDEX inbox_waiting_large ON inbox (id) WHERE state IN ('new', 'working') AND size > 1000000;
CREATE INDEX inbox_aside ON inbox (state, id) WHERE state IN ('held', 'quarantined');
CREATE INDEX inbox_message_id ON inbox (message_id) WHERE message_id <> '';
CREATE INDEX inbox_from ON inbox (from_email);
CREATE INDEX inbox_raw ON inbox (raw_id) WHERE raw_id IS NOT NULL;  -- else each forgotten raw scans the inbox
CREATE INDEX inbox_kept ON inbox (received_at) WHERE raw_id IS NOT NULL;
CREATE INDEX inbox_retry ON inbox (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX inbox_ticket ON inbox (ticket) WHERE ticket IS NOT NULL;

-- What was seen before: outlives the mail itself.
CREATE TABLE digest (
    digest TEXT PRIMARY KEY,
    inbox_id INTEGER NOT NULL,
    seen_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket (
    number INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'pending', 'resolved', 'closed')),
    requester_email TEXT NOT NULL,
    requester_name TEXT NOT NULL,
    department TEXT NOT NULL,
    topic TEXT NOT NULL,
    priority TEXT NOT NULL,
    sla TEXT NOT NULL,
    address TEXT NOT NULL,
    assignee_kind TEXT CHECK (assignee_kind IN ('agent', 'team')),
    assignee TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    due_at REAL,
    overdue INTEGER NOT NULL DEFAULT 0,
    resolved_at REAL,
    closed_at REAL,
    merged_into INTEGER REFERENCES ticket (number),
    rest TEXT NOT NULL,                       -- JSON: the fields nothing searches by
    anchor TEXT NOT NULL DEFAULT '',          -- nonce of its public anchor
    CHECK ((assignee_kind IS NULL) = (assignee IS NULL))
) STRICT;
CREATE INDEX ticket_active ON ticket (number) WHERE status IN ('open', 'pending');
CREATE INDEX ticket_unclosed ON ticket (number) WHERE status <> 'closed';
CREATE INDEX ticket_requester ON ticket (requester_email, status);
CREATE INDEX ticket_merged ON ticket (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ticket_department ON ticket (department, status);
CREATE INDEX ticket_closed ON ticket (closed_at) WHERE status = 'closed' AND merged_into IS NULL;

CREATE TABLE collaborator (
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (ticket, email)
) STRICT, WITHOUT ROWID;
CREATE INDEX collaborator_email ON collaborator (email);

CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    kind TEXT NOT NULL CHECK (kind IN ('message', 'reply', 'note')),
    by TEXT NOT NULL,
    author_email TEXT NOT NULL,
    author_name TEXT NOT NULL,
    at REAL NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL DEFAULT '',
    cut TEXT NOT NULL DEFAULT '',
    message_id TEXT NOT NULL DEFAULT '',
    attachments TEXT NOT NULL DEFAULT '[]',   -- JSON list
    inbox_id INTEGER REFERENCES inbox (id),
    came_for INTEGER REFERENCES ticket (number),  -- the merged ticket that it answered
    subject TEXT NOT NULL DEFAULT ''          -- of its mail, where it is another than the ticket's
) STRICT;
CREATE INDEX entry_ticket ON entry (ticket, id);
CREATE INDEX entry_came_for ON entry (came_for) WHERE came_for IS NOT NULL;
CREATE INDEX entry_files ON entry (id) WHERE attachments <> '[]';
CREATE INDEX entry_inbox ON entry (inbox_id) WHERE inbox_id IS NOT NULL;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    kind TEXT NOT NULL,
    by TEXT NOT NULL,
    at REAL NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    before TEXT,                              -- JSON
    after TEXT                                -- JSON
) STRICT;
CREATE INDEX event_ticket ON event (ticket, id);
CREATE INDEX event_at ON event (at);
CREATE INDEX event_spam ON event (id) WHERE kind = 'spam-marked';  -- their mails are moved in the mailbox too
CREATE INDEX event_handed_out ON event (reason, "after", id) WHERE "by" = 'rule:hand_out';  -- whose turn it is

-- The words by which a ticket is found; they follow its events some seconds behind (store/tickets/search.py).
CREATE TABLE document (
    ticket INTEGER PRIMARY KEY REFERENCES ticket (number),
    entry INTEGER NOT NULL,                   -- the newest entry that is in it
    words TEXT NOT NULL                       -- each once, with spaces between
) STRICT;
-- Which documents have a word: an index of SQLite's FTS5, which keeps no text of its own. (PostgreSQL: a GIN index.)
CREATE VIRTUAL TABLE document_index USING fts5 (
    words, content = 'document', content_rowid = 'ticket', detail = 'none', columnsize = 0,
    tokenize = "ascii tokenchars '@.+%-_'"
);
CREATE TRIGGER document_inserted AFTER INSERT ON document BEGIN
    INSERT INTO document_index (rowid, words) VALUES (new.ticket, new.words);
END;
CREATE TRIGGER document_deleted AFTER DELETE ON document BEGIN
    INSERT INTO document_index (document_index, rowid, words) VALUES ('delete', old.ticket, old.words);
END;
CREATE TRIGGER document_changed AFTER UPDATE OF words ON document WHEN old.words <> new.words BEGIN
    INSERT INTO document_index (document_index, rowid, words) VALUES ('delete', old.ticket, old.words);
    INSERT INTO document_index (rowid, words) VALUES (new.ticket, new.words);
END;

-- Foreign Message-IDs that stand for a ticket (ours are signed and need no row).
CREATE TABLE known_id (
    message_id TEXT NOT NULL,
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    PRIMARY KEY (message_id, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_id_ticket ON known_id (ticket);

-- Words of resolved and closed tickets: a new ticket is shown with those that it is like.
CREATE TABLE ended_word (
    word TEXT NOT NULL,
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    PRIMARY KEY (word, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_word_ticket ON ended_word (ticket);

-- Which tickets agents were shown with a ticket: their words are internal to it.
CREATE TABLE similar_shown (
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    similar INTEGER NOT NULL,
    PRIMARY KEY (ticket, similar)
) STRICT, WITHOUT ROWID;
CREATE INDEX similar_shown_similar ON similar_shown (similar);

-- What the clock has to do and when; a ticket's rows are replaced with each change.
CREATE TABLE deadline (
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    step TEXT NOT NULL,                       -- "80%", "100%", "first_response", "next_response", "wake", "close"
    at REAL NOT NULL,
    PRIMARY KEY (ticket, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX deadline_at ON deadline (at);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    ticket INTEGER REFERENCES ticket (number),
    inbox_id INTEGER REFERENCES inbox (id),   -- the mail that caused it
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    recipient TEXT NOT NULL,
    agent TEXT NOT NULL DEFAULT '',
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'dropped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    next_attempt_at REAL NOT NULL,
    sent_at REAL,
    last_error TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT '',          -- the relay's own words
    size INTEGER NOT NULL DEFAULT 0,          -- bytes of the whole on the wire
    readers TEXT,                             -- JSON list: whom an answer reaches, as the mail says; NULL: it does not
    names TEXT NOT NULL DEFAULT '[]',         -- JSON list: tickets that it names beside its own
    node INTEGER NOT NULL DEFAULT 0,          -- number of the node that claimed it last
    UNIQUE (cause, kind, recipient)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX outbox_due_large ON outbox (next_attempt_at, id) WHERE state = 'queued' AND size > 1000000;
CREATE INDEX outbox_lane ON outbox (ticket, recipient, id) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_sending ON outbox (id) WHERE state = 'sending';
CREATE INDEX outbox_failed ON outbox (id) WHERE state = 'failed';
CREATE INDEX outbox_naming ON outbox (id) WHERE state IN ('queued', 'failed') AND names <> '[]';
CREATE INDEX outbox_message_id ON outbox (message_id);
CREATE INDEX outbox_recipient ON outbox (recipient, created_at);
CREATE INDEX outbox_ticket ON outbox (ticket, id);
CREATE INDEX outbox_inbox ON outbox (inbox_id) WHERE inbox_id IS NOT NULL;

-- The bytes of outgoing mail, until keep_sent is over.
CREATE TABLE outgoing (
    id INTEGER PRIMARY KEY REFERENCES outbox (id),
    at REAL NOT NULL,                         -- when it was written
    data BLOB NOT NULL,                       -- head and words
    files TEXT NOT NULL DEFAULT '[]'          -- JSON list of [offset in data, sha256, bytes]: files that belong there
) STRICT;
CREATE INDEX outgoing_at ON outgoing (at);
CREATE INDEX outgoing_files ON outgoing (id) WHERE files <> '[]';

-- What the relay refused for good, until its ticket and agent have been told.
CREATE TABLE refused (
    outbox_id INTEGER PRIMARY KEY REFERENCES outbox (id),
    answer TEXT NOT NULL,                     -- the relay's own words
    of_message INTEGER NOT NULL,              -- 1: it was the message that was refused, not its recipient
    dead INTEGER NOT NULL DEFAULT 0           -- 1: the address is no mailbox any more
) STRICT;

-- Addresses that take no mail any more; a mail that comes from one takes it out.
CREATE TABLE dead_address (
    email TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Reply keys that went to somebody outside the desk: they thread, but prove nothing.
CREATE TABLE burnt_key (
    key TEXT PRIMARY KEY,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Agent mail that waits for a #confirm: nothing proves it, or a colleague answered meanwhile (why: the reason token).
CREATE TABLE held (
    inbox_id INTEGER PRIMARY KEY REFERENCES inbox (id),
    agent TEXT NOT NULL,
    code TEXT NOT NULL UNIQUE,
    why TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
CREATE INDEX held_agent ON held (agent, at);
CREATE INDEX held_at ON held (at);

-- Agents who are away; one whose time has run out is closed by the clock.
CREATE TABLE absence (
    agent TEXT PRIMARY KEY,
    since REAL NOT NULL,
    until REAL,                               -- NULL: until they are back
    by TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Agents' digests: the last day, in the agent's own zone, that was done.
CREATE TABLE digest_day (
    agent TEXT PRIMARY KEY,
    day TEXT NOT NULL                         -- "2026-11-20"
) STRICT, WITHOUT ROWID;

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

-- Whose mail goes to quarantine: addresses, and @domains.
CREATE TABLE ban (
    pattern TEXT PRIMARY KEY,
    by TEXT NOT NULL,
    at REAL NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The IMAP ledger: what happened to each message of each folder.
CREATE TABLE ledger (
    mailbox TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('skipped', 'accepted', 'finished')),
    PRIMARY KEY (mailbox, uidvalidity, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_accepted ON ledger (mailbox, uidvalidity) WHERE state = 'accepted';

-- Messages that stay in their mailbox because they cannot be taken.
CREATE TABLE left_in_mailbox (
    mailbox TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('too-large', 'cannot-be-fetched')),
    size INTEGER NOT NULL,                    -- bytes; 0 unknown
    since REAL NOT NULL,
    from_email TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    message_id TEXT NOT NULL DEFAULT '',
    told INTEGER NOT NULL DEFAULT 0,          -- whether the administrator knows
    PRIMARY KEY (mailbox, uidvalidity, uid)
) STRICT, WITHOUT ROWID;

-- What happened to mail beside what its rows in inbox and outbox tell, a line each.
CREATE TABLE trace (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    inbox_id INTEGER,
    outbox_id INTEGER,
    ticket INTEGER,
    address TEXT NOT NULL DEFAULT '',         -- the other side
    message_id TEXT NOT NULL DEFAULT '',
    step TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX trace_address ON trace (address, id);
CREATE INDEX trace_message_id ON trace (message_id, id) WHERE message_id <> '';
CREATE INDEX trace_ticket ON trace (ticket, id) WHERE ticket IS NOT NULL;
CREATE INDEX trace_at ON trace (at);

-- First-time requesters that were answered automatically, for the limit on all of them together.
CREATE TABLE first_contact (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    email TEXT NOT NULL
) STRICT;
CREATE INDEX first_contact_at ON first_contact (at);

-- Addresses whose owner has shown that mail to them is read: by answering it, or by a DMARC pass.
CREATE TABLE proven (
    email TEXT PRIMARY KEY,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;
