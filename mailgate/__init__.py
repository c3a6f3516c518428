"""mailgate: a help desk that lives in e-mail.

The way of a mail through the folders is `docs/flow.md`. Here lie the values that they share:

    mail        incoming mail: envelope, parsed message, what was read in it
    ticket      tickets, thread entries, events, changes
    notice      what is written to people: kinds, a notice before it is rendered, a finished mail
    phrase      what is said, by name and with its values, before it is written in a language
    figures     what a report says
    settings    the configuration
    reasons     why a mail was screened, placed or set aside
    errors      the error tree
"""

__version__ = "0.1.0"
