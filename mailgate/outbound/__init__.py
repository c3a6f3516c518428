"""Writing mail, and getting it safely out."""
