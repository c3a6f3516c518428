"""Mail of requesters, collaborators and outsiders on a ticket: messages, commands, ratings, answers.

message         a message on their ticket
commands        the commands that they may give
rating          #good, #okay, #bad
"""
