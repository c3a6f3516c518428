"""The daemon: two processes on one database, one at the doors and one that thinks between the two tables."""
