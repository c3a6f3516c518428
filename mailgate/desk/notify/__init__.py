"""The last step of a decision: notices, limits, dead addresses; and mail to the administrator."""
