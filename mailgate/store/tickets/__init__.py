"""Tickets, their threads, events and deadlines, and queries over them."""
