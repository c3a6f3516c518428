"""Which ticket a mail belongs to and who sent it: keys, references, the choice of a ticket, proof of the sender.

May import: the values, and the `rules` folders before it.
"""
