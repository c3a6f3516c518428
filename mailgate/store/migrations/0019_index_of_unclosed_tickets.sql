CREATE INDEX ticket_unclosed ON ticket (number) WHERE status <> 'closed';
