"""What is known of people: absences, bans, dead addresses, digests sent, who was written to."""
