"""The reads: once for each mail, order or timer, before anything is decided."""
