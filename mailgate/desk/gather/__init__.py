"""The reads: once for each mail, order or timer, before anything is decided.

mail        a mail: screening, sender, ticket, and what its matter needs
opening     for a new ticket
request     for an agent's mail, or an order of the command line
records     the records of tickets, and what several of these need
"""
