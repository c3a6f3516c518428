"""An agent's reply before it goes: public or internal, leaks, attachments, collisions with a colleague's.

May import: the values, and the `rules` folders before it.
"""
