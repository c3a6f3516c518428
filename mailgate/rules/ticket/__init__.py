"""What can be done to a ticket: acts, statuses, merging and splitting, people on it, bans, ratings.

May import: the values, and the `rules` folders before it.
"""
