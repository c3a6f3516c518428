"""Mail of requesters and collaborators on a ticket: messages, their own commands, ratings."""
