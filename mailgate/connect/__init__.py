"""What both ways, in and out, share to reach a server: providers, TLS, sign-in and access tokens.

    providers      what large hosts are known to do: servers, OAuth 2.0 endpoints, limits. Pure
    sasl           the strings of PLAIN, XOAUTH2 and OAUTHBEARER. Pure
    smtp_lines     the lines of an SMTP server's answers, and what it offers. Pure
    oauth2         token requests and what their answers mean. Pure
    rsa            RS256 signatures and certificates: the only file that names cryptography
    resolver       MX and TXT records: the only file that names dnspython
    tls            client contexts, and a failed handshake in words
    web            one HTTP request, to a token server or a webhook
    token_file     the refresh token of a delegated sign-in, durable in var/
    access_tokens  access tokens, renewed early and one at a time
    person         a delegated sign-in: code with PKCE, device code

May import: the values and `system`.
"""
