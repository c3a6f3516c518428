"""Bytes to text: charsets, transfer encodings, and containers that hold text or files (TNEF, uuencode).

transfer           Content-Transfer-Encoding
charset, labels    which charset a text is really in; the names of charsets
japanese           ISO-2022-JP as Windows writes it
mojibake           UTF-8 that was read as Western text
flowed, enriched   format=flowed and text/enriched
rtf, lzfu          Outlook's rich text, and its compression
tnef, uuencode     files packed into winmail.dat, or into a text
cms                opaque S/MIME
"""
