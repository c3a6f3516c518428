"""The SMTP listener (RFC 5321): sessions, DATA, syntax.

listener        a port or socket
proxied, proxy  the same behind a load balancer
service         what the sessions of one listener share
session         one SMTP, LMTP or submission session: the only file that names aiosmtpd
syntax          the arguments of MAIL and RCPT
receive         reads the message of DATA into memory or a file
data            where DATA ends
replies         the replies
"""
