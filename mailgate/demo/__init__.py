"""The embedded default: a desk on this machine alone, and people who play three tickets by mail."""
