"""Services of the machine, independent of tickets: clock, file lock, durable files, mail log, watchdog.

    clock           the current time; a pause that a stop event ends
    crash_points    durability boundaries announce themselves to tests
    durable         files that survive a power failure
    event_loop      asyncio's or uvloop's
    lock            one daemon per database
    maillog         the operator's log: one function per event
    streams         writing to a connection
    watchdog        detects a hung worker process

May import: the values.
"""
