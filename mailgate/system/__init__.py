"""Services of the machine, independent of tickets: clock, file lock, durable files, mail log, watchdog.

    clock            the current time; a pause that a stop event ends
    event_loop       asyncio's or uvloop's
    streams          writing to a connection
    durable          files that survive a power failure
    lock             one daemon per database
    storage          trouble of a disk or database, as a state
    maillog          the operator's log: one function per event
    log_format       its form, and its way to standard error
    watchdog         detects a hung worker process
    service_manager  systemd
    memory           returns memory to the operating system
    budget           what reading one mail may cost
    passwords        password hashes of agents
    crash_points     durability boundaries announce themselves to tests

May import: the values.
"""
