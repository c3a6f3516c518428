"""A day in the life of a desk, played and written down: see `scripts/day-in-the-life`."""
