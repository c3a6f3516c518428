"""The tables of the configuration file, each read into its value of `mailgate.settings`.

    desk            [desk], [storage], [address]
    listeners       [smtp], [submission], [http]
    mailboxes       [mailbox]
    relays          [relay]
    sign_in         the sign-in keys of mailboxes and relays
    people          [department], [role], [agent], [team]
    customers       [customer]
    schedules       [schedule], [sla]
    topics          [topic]
    policies        [alerts], [notices], [trust], [tickets], [attachments], [report], [spam], [alarm]
    rules           [[rule]]
    criteria        the criteria of a rule
    canned          [canned]
    routing         the routing keys and recipients that many tables share

May import: as `mailgate.config`.
"""
