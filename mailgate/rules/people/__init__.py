"""Who is who: permissions, absences, collaborators, automatic assignment, the desk's own addresses.

    permissions     what an agent sees and may do
    absence         an agent's absence
    auto_assign     who is handed the next ticket
    collaborators   who may become one
    actors          names of actors and assignees, as they are shown
    desk_addresses  which of the desk's addresses a mail was sent to
    staff           what a new configuration with `was` changes for whom

May import: the values, and the `rules` folders before it: text, sla.
"""
