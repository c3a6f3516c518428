"""What is held back: unproven mail, replies with internal text, replies that crossed a colleague's."""
