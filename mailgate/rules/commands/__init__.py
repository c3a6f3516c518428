"""The commands in an agent's mail: read, resolved against the configuration, and turned into acts.

May import: the values, and every other `rules` folder.
"""
