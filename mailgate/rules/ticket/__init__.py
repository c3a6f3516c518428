"""Tickets: what can be done to them, and what follows.

    acts/         everything that can be done to a ticket
    lifecycle     acts → a `Change`
    reopening     who gets a ticket that is reopened
    merging       merged tickets: who may merge, and who reads what afterwards
    splitting     which messages can be split off
    participants  the people on a ticket, as a change leaves them
    asked_people  questions to third parties
    bans          banned senders
    rating        #good, #okay, #bad
    reasons       the reasons that the desk gives for its own events
    renames       names that changed in the configuration (`was`)
    as_json       a ticket as JSON

May import: the values, and the `rules` folders before it.
"""
