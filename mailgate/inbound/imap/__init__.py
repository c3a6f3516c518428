"""IMAP mailboxes: a thread each that waits, plans, fetches, and moves what is stored."""
