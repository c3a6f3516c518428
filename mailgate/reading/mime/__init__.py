"""The structure of a message: header fields, addresses, parts (RFC 5322, RFC 2045), and what they carry.

parts       header fields and the tree of parts, as bytes
headers     fields into text
addresses   fields into mailboxes
authres     Authentication-Results
leaves      which parts are text and HTML, and which are files
contents    the text and HTML decoded
files       the files, and those packed inside one
data_uris   pictures that a page holds in itself
security    signed and encrypted mail
invitation  a calendar invitation in words
reaction    an emoji of Gmail's
"""
