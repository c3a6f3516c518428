"""Mail of requesters, collaborators and outsiders on a ticket: messages, commands, ratings, answers."""
