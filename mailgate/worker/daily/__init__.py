"""Mail that the clock sends: digests, reports, what was held or set aside."""
