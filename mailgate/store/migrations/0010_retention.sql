-- What is past its retention is found by index, however much else there is.
CREATE INDEX inbox_kept ON inbox (received_at) WHERE raw_id IS NOT NULL;
CREATE INDEX ticket_closed ON ticket (closed_at) WHERE status = 'closed' AND merged_into IS NULL;
CREATE INDEX known_id_ticket ON known_id (ticket);
CREATE INDEX ended_word_ticket ON ended_word (ticket);
CREATE INDEX similar_shown_similar ON similar_shown (similar);
CREATE INDEX entry_files ON entry (id) WHERE attachments <> '[]';
CREATE INDEX entry_inbox ON entry (inbox_id) WHERE inbox_id IS NOT NULL;
CREATE INDEX outbox_kept ON outbox (created_at) WHERE state IN ('sent', 'failed', 'dropped') AND data <> x'';
CREATE INDEX outbox_files ON outbox (id) WHERE files <> '[]';
