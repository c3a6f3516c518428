"""What kind of mail it is: our own, a bounce, an automatic reply, bulk, a duplicate, or a person's.

May import: the values, and the `rules` folders before it.
"""
