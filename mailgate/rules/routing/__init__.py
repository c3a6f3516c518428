"""The administrator's rules over a mail: criteria, and the values that they give a ticket.

    criteria    what rules may ask: the table of fields, and one criterion against one mail
    rule_index  the few rules that a mail may match
    route       rules over a mail → the values of its ticket

May import: the values, and the `rules` folders before it.
"""
