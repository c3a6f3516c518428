"""SLA time: schedules, wall time to UTC, clocks and their deadlines, and how a due time was arrived at.

May import: the values, `rules/text`.
"""
