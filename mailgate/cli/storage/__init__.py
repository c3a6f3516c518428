"""The verbs about what is stored: the database, copies of it, and erasing.

backup      copy a desk while it runs, and verify the copy
restore     put a copy back into an empty place
database    status, migrate, check, copy
forget      erase one person
"""
