"""Mail on its way: inbox, held mail, outbox, the ledger of IMAP messages, and the trace.

inbox        mail that waits for its one transaction
claims       the same among several nodes
arrivals     when mail came: for alarms about a silent desk
copies       digests by which a mail that came before is known
held         mail that waits for a `#confirm`
quarantine   mail that a person has to look at
ledger       messages of IMAP folders that were taken
left_behind  what stays in mailboxes, or is to be moved there
outbox       mail that waits for the relay
unsent       what of it may still be stopped, or was given up
sent         what the desk remembers of its own mail
trace        the way of each mail, a line a step
nodes        the daemons on one database, and their leases
"""
