"""Tickets: what can be done to them (`acts/`), their lifecycle, merging and splitting, bans, ratings, JSON.

May import: the values, and the `rules` folders before it.
"""
