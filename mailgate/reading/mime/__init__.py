"""The structure of a message: header fields, addresses, parts (RFC 5322, RFC 2045), and what they carry."""
