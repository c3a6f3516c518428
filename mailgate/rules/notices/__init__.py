"""The notices that a change causes: recipients, kinds and sentences; also digests and tables.

May import: the values, and the `rules` folders before it.
"""
