"""From raw bytes to a `Mail` and what its author wrote. Pure: no I/O, no clock; it never raises on bad input.

    parse       a message's bytes to `Mail`
    body        the author's own words, what was cut, and the page that is passed on
    mime/       headers, addresses, parts, authentication results, signed text
    encodings/  charsets and transfer encodings
    page/       HTML: to text, cut, sanitised
    quotes/     where the quoted history, a forwarded mail and the signature begin
    bounces/    reports of failed delivery

May import: the values.
"""
