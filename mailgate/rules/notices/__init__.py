"""The notices that a change causes: recipients, kinds and sentences; also digests and tables.

    occasion         a change, as its notices see it
    audience         names of recipients → people
    to_requesters    who outside the desk gets which notice
    to_agents        which agents get which alert
    alert_facts      the sentences of an alert for its reader
    sentences        events as sentences
    reasons          their reasons as sentences
    destination      where an answer to a notice goes
    confidential     what an alert about a confidential ticket may hold
    similar          ended tickets that are like a new one
    tables, digest   tickets as tables: a list, what an absent agent missed; an agent's day
    waiting          alerts for the end of quiet hours
    combined         several alerts as one mail

May import: the values, and the `rules` folders before it.
"""
