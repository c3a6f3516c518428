"""Mail that is held: without authentication, with internal text, or crossing a colleague's reply."""
