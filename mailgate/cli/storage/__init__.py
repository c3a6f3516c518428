"""The verbs about what is stored: the database, copies of it, and erasing."""
