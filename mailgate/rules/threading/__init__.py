"""Which ticket a mail belongs to and who sent it: keys, references, the choice of a ticket, proof of the sender.

    keys        signed Message-IDs
    references  everything in a mail that names a ticket
    thread      the choice among them
    trust       who sent the mail, and how that is known

May import: the values, and the `rules` folders before it.
"""
