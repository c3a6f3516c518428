"""The machine: clock, file lock, durable files, the log and the watchdog. Knows no ticket.

    clock       the time now, and pauses that end with a stop event
    durable     files that survive a power cut
    lock        one daemon a database
    maillog     the operator's log: one function an event
    watchdog    notices a worker process that hangs

May import: the values.
"""
