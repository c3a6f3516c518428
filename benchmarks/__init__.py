"""Benchmarks of mailgate beside what it is compared with, on this machine: `python -m benchmarks`.

__main__        the parts, the table, the JSON
throughput      beside bare aiosmtpd and the least prototype; `--against REVISION`
loops           asyncio's loop beside uvloop
roundup         beside Roundup
agents          fifty agents
imap            a full mailbox
engines         PostgreSQL beside SQLite, and several nodes
latency         from 250 to the acknowledgement
memory          start, idle memory, large mails
thread          replies in a long thread
growth          what costs more the more tickets, rules or agents there are
harness         starts the processes, waits for mail, reads memory and processor time
client          sends mail
sink            the SMTP server that receives outgoing mail
baseline        bare aiosmtpd, which discards mail
prototype       the least that a ticket costs
aged            fills a database with the tickets of years
results         medians, spreads, percentiles and the table of results
chart           what is reached of each mark, as SVG
"""
