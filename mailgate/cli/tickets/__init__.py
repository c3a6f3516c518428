"""What `mailgate tickets` does: viewing and changing."""
