"""SLA time: schedules, wall time to UTC, clocks and their deadlines, and how a due time was arrived at.

    calendar    a schedule's hours, to be run forwards and backwards
    offsets     when a time zone's offset changes
    clock       a ticket's due time and deadlines
    explained   how the due time was arrived at, line by line
    day_start   when a day begins for somebody who types none but the day
    wall_clock  a person's times of day: quiet hours, digests

May import: the values, `rules/text`.
"""
