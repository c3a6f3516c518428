"""Who is told, and how much: announcements, limits, dead addresses, the administrator."""
