"""Assembling a message: header fields, Message-IDs and keys, MIME parts, format=flowed.

identity    From, Reply-To, subject and Message-ID
headers     fields as bytes
mime        text, HTML and attachments as bytes
flowed      text as format=flowed
inline      images in the words of a mail
"""
