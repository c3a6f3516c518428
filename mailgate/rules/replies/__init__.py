"""An agent's reply before it goes: public or internal, leaks, attachments, collisions with a colleague's.

    visibility   public or internal
    leak         words of internal text in a public reply
    file_texts   what files say, for the same question
    attachments  which files are passed on
    collision    two agents who answer at once

May import: the values, and the `rules` folders before it.
"""
