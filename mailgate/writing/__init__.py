"""From a `Notice` to the bytes of a mail.

    views/       what a template may show, for agents, requesters and reports
    templates/   Jinja2: loading, sandbox, catalogue of sentences, preview
    mail/        headers, Message-IDs, MIME
    report_text  a report as text, for the terminal too
    compose      a notice becomes a mail

May import: the values, `rules`, `reading`.
"""
