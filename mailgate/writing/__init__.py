"""From a `Notice` to the bytes of a mail.

    views/      what a template may show, for agents, requesters and reports
    templates/  Jinja2: loading, sandbox, catalogue of sentences, preview
    mail/       headers, Message-IDs, MIME
    compose     the three put together

May import: the values, `rules`, `reading`.
"""
