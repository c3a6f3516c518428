"""A file a table of the configuration: what it may hold, its defaults, and its checks."""
