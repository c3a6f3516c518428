"""Assembling a message: header fields, Message-IDs and keys, MIME parts, format=flowed."""
