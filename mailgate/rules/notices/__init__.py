"""Who hears of a change, and in which sentences: notices to requesters and agents, digests, tables.

May import: the values, and the `rules` folders before it.
"""
