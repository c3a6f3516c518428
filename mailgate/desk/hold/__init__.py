"""Mail that is held: without authentication, with internal text, or crossing a colleague's reply.

unproven        an agent's mail without authentication
leak_guard      a reply with words of the ticket's internal text
answers_within  a reply whose author answers within the copied mail
collision       a reply that a colleague's reply crossed
more_readers    a reply that would reach more people than its agent was shown
held_reply      what the last four share: returned to the agent, released by one link
spam            mail that a mail server marked as spam
"""
