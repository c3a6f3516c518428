"""The daemon: two processes on one database, connected by a socket pair.

    main            the daemon process: listeners, deliverer, signals, reload
    listeners       SMTP listener, IMAP watchers and the HTTP server
    http, metrics   /healthz, /readyz and /metrics
    status          the status file that `mailgate status` reads
    problems        what is wrong now, by name, and the mail about it. Pure
    alarms          the command or webhook for what mail cannot report
    leftovers       mail to the administrator about messages that stay in mailboxes
    active_config   the copy of the configuration in force, beside the database
    sign_ins        the OAuth 2.0 accounts
    database_tasks  background tasks on the database
    spawn           starts the worker process
    worker          the worker process: inbox to tickets to outbox, and the timers
    channel         the messages between the two processes

May import: every layer below.
"""
