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
