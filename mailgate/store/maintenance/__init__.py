"""What keeps a desk in order for years: sizes, checks, backups."""
