"""Getting bytes safely in, and reading them."""
