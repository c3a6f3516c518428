"""Getting bytes safely in.

smtp/       the listener
imap/       the mailboxes
pipe        files and standard input, for `mailgate ingest`
envelope    the envelope of a mail that comes without one
accept      the one way into the inbox
refusals    what the listener refused, for `trace`
"""
