"""Benchmarks of mailgate against bare aiosmtpd on this machine: `python -m benchmarks`.

__main__        the measurements: throughput, latency, start, memory
growth          what costs more the more tickets, rules or agents there are
aged            fills a database with the tickets of years
harness         starts the processes, waits for mail, reads memory and processor time
client          sends mail
baseline        bare aiosmtpd, which discards mail
sink            the SMTP server that receives outgoing mail
results         medians, spreads, percentiles and the table of results
"""
