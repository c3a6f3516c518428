"""Bytes to text: charsets, transfer encodings, and containers that hold text or files (TNEF, uuencode)."""
