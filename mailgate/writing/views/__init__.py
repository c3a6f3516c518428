"""The values that templates read, formatted for agents, requesters and reports."""
