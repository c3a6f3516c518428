"""Mail on its way: inbox, held mail, outbox, the ledger of IMAP messages, and the trace."""
