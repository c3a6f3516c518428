"""The SMTP listener (RFC 5321): sessions, DATA, syntax."""
