"""Text that people type and read: subjects, names, times, languages, signatures, form lines.

May import: the values, `reading`.
"""
