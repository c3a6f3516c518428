"""What the clock does each day: mails digests, reports, and what was held or set aside; deletes what is too old."""
