"""The administrator's rules over a mail: criteria, and the values that they give a ticket.

May import: the values, and the `rules` folders before it.
"""
