"""Tickets, their threads, events and deadlines, and queries over them.

tickets       tickets, their thread and events
rows          these as rows, and back
merged        which tickets were merged into which
histories     the thread of a ticket and of all merged into it
deadlines     the steps of SLA clocks
queries       which tickets to list
search        the full-text index
similar       the words of ended tickets
report_rows   the past of every ticket, in pieces
names_in_use  names of the configuration that tickets use
erase         whole tickets
"""
