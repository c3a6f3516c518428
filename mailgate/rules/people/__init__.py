"""Who is who: permissions, absences, collaborators, automatic assignment, the desk's own addresses.

May import: the values, and the `rules` folders before it: text, sla.
"""
