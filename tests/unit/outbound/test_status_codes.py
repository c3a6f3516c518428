"""Why a mail was not delivered, in plain words."""

import pytest

from mailgate.outbound.status_codes import plainly, why_phrase
from mailgate.phrase import Phrase, phrase


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        ("5.1.1", "550 5.1.1 <x@y>: unknown", "no such mailbox (550 5.1.1 <x@y>: unknown)"),
        ("5.2.2", "mailbox exceeded", "the mailbox is full (5.2.2 mailbox exceeded)"),
        ("5.7.26", "unauthenticated", "their mail server rejects it as spam (5.7.26 unauthenticated)"),
        ("", "550 No such user here", "no such mailbox (550 No such user here)"),
        ("5.0.0", "552 mailbox is full", "the mailbox is full (5.0.0 552 mailbox is full)"),
        ("", "554 5.3.4 too much", "the mail is too large for them (554 5.3.4 too much)"),
        ("", "connect to mx.example: Connection timed out", "their mail server could not be reached (connect to"),
        ("", "550 5.1.0 rejected", "the address is invalid (550 5.1.0 rejected)"),
        ("5.0.1", "no", "their mail server says: 5.0.1 no"),
        ("5.0.0", "", "their mail server says: 5.0.0"),
        ("", "", "no reason was given"),
    ],
)
def test_the_reason_is_said_in_plain_words(status, said, words):
    assert plainly(status, said).startswith(words)


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("the mailbox is full", Phrase("undelivered.full")),
        (
            "no such mailbox (550 5.1.1 unknown)",
            phrase("undelivered.details", why=Phrase("undelivered.no_mailbox"), details="550 5.1.1 unknown"),
        ),
        ("their mail server says: 5.0.0", phrase("undelivered.server_says", details="5.0.0")),
        ("words of an earlier version", "words of an earlier version"),
    ],
)
def test_the_reason_becomes_a_phrase_of_the_readers_language(why, sentence):
    assert why_phrase(why) == sentence
