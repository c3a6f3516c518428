"""From a mail that was read to what becomes of it. Nothing here writes to the database.

A mail goes through four steps, which `mailgate.worker.pipeline` calls in order:

    - prepare     bytes -> Prepared            no database
    - gather      Prepared -> Situation        the reads, once
    - decide      Situation -> Outcome         pure: no function takes the database
    - complete    Outcome -> Outcome           the reads that depend on the decision (notify/announce.py)

`gather` finds out what the mail is (`Matter`), its author and the ticket it belongs to, and reads what such
a mail needs: the ticket with its thread, events and notices, the tickets that an agent's commands name, who is
away, what is known of the requester. `decide` sees nothing else. Its outcome holds announcements: changes whose
readers are still to be found. `complete` hands tickets out, turns announcements into notices, and takes out
notices that are over a limit or go to addresses that do not work. Orders of the command line and timers go the
same way with `gather_order` and `gather_ticket`. `mailgate.worker.apply` writes the outcome in one transaction;
`explain` only shows it.

    prepare, situation, matter, decide, outcome    the steps and their values
    gather/        the reads before the decision
    requester/     mail of requesters and others outside the desk, about a ticket
    opening/       new tickets
    request/       what an agent's mail or an order asks for
    agent/         commands carried out and answered
    hold/          agents' mail that waits for a confirmation
    notify/        the reads after the decision, and mail to the administrator
    bounces        mail that was not delivered
    report         the figures of a report, counted from the database
"""
