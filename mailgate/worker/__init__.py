"""From an inbox row to one transaction: claims mail, prepares it, decides, writes; and does what is due by time."""
