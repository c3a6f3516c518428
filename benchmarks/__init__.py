"""Benchmarks of mailgate against bare aiosmtpd on this machine: `python -m benchmarks`.

__main__        the measurements: throughput, latency, start, memory
harness         starts the processes, waits for mail, reads memory and processor time
client          sends mail
baseline        bare aiosmtpd, which discards mail
sink            the SMTP server that receives outgoing mail
statistics      medians, spreads, percentiles and the table of results
"""
