"""Figures about the desk's work: histories from events, counted by department, team, agent, topic, priority.

    period      the period, as typed
    history     a ticket's events → its past in the terms of the report
    counting    histories → figures
    scope       who may see which of them
    due         when a report goes by mail

May import: the values, and the `rules` folders before it.
"""
