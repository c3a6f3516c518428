"""Figures about the desk's work: histories from events, counted by department, team, agent, topic, priority.

May import: the values, and the `rules` folders before it.
"""
