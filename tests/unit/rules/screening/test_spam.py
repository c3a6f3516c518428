"""The marks of mail servers: which fields count, read as tokens, and where they stand."""

from __future__ import annotations

import pytest

from mailgate.reading.parse import parse
from mailgate.rules.screening.spam import keyword, mark, provider_of
from mailgate.settings import Credentials, Mailbox

RECEIVED = "Received: from a.example by mx.bank.example; Fri, 20 Nov 2026 09:00:00 +0000\n"


def marked(fields: str, provider: str = "") -> str:
    return mark(parse(f"{fields}From: a@x.example\n\nhello".encode()), provider)


@pytest.mark.parametrize(
    "field",
    [
        "X-Spam-Flag: YES",
        "X-Spam-Status: Yes, score=7.2 required=5.0 tests=BAYES_99",
        "X-Spam: Yes",
        "X-Spamd-Result: default: True [15.10 / 15.00]",
        "X-Rspamd-Action: add header",
        "X-SES-Spam-Verdict: FAIL",
        "X-Mailgun-Sflag: Yes",
        "X-Gm-Spam: 1",
        "X-Gm-Phishy: 1",
    ],
)
def test_marks_count_above_the_first_received_field(field: str) -> None:
    name, _, value = field.partition(": ")
    assert marked(f"{field}\n{RECEIVED}") == f"{name.lower()}: {value}"
    assert marked(f"{RECEIVED}{field}\n") == "", "the sender may have written it"
    assert marked(f"{RECEIVED}{field}\n", "microsoft") == ""


@pytest.mark.parametrize(
    "field",
    [
        "X-Spam-Flag: NO",
        "X-Spam-Flag: yesterday",
        "X-Spam-Flag:",
        "X-Spam-Status: No, score=-1.6 tests=HTML_yes_MESSAGE",
        "X-Spam-Status: bayes, yes",
        "X-Spam: 0",
        "X-Spamd-Result: default: False [-1.10 / 15.00]",
        "X-Spamd-Result: True",
        "X-Rspamd-Action: no action",
        "X-SES-Spam-Verdict: PASS",
        "X-Gm-Spam: 0",
        "X-Gm-Phishy: 10",
        "X-Spam-Level: ******",
        "X-Forefront-Antispam-Report: SFV:SPM",
    ],
)
def test_other_words_are_no_marks(field: str) -> None:
    assert marked(f"{field}\n{RECEIVED}") == ""


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1; SFV:SPM;H:mail", True),
        ("X-Forefront-Antispam-Report: SFV:SKB", True),
        ("X-Forefront-Antispam-Report: CAT:SPM;SFV:SKS;", True),
        ("X-Forefront-Antispam-Report: SFV:SKN", False),
        ("X-Forefront-Antispam-Report: SFV:NSPM", False),
        ("X-MS-Exchange-Organization-SCL: 6", True),
        ("X-MS-Exchange-Organization-SCL: 1", False),
        ("X-MS-Exchange-Organization-SCL: -1", False),
    ],
)
def test_microsoft_s_marks_count_in_its_mailboxes_wherever_they_stand(field: str, found: bool) -> None:
    assert bool(marked(f"{RECEIVED}{field}\n", "microsoft")) is found
    assert marked(f"{field}\n{RECEIVED}", "google") == ""


def test_a_long_mark_is_cut() -> None:
    assert len(marked(f"X-Spam-Status: Yes, {'x' * 900}\n")) == 200


def test_the_provider_is_that_of_the_mailbox() -> None:
    boxes = [
        Mailbox(name=name, host="h", credentials=Credentials(account=name, user="u"), provider=provider)
        for name, provider in (("one", "custom"), ("two", "microsoft"))
    ]
    assert provider_of(f"imap:{boxes[1].place}:7:1", boxes) == "microsoft"
    assert provider_of(f"imap:{boxes[0].place}:7:1", boxes) == "custom"
    assert provider_of("smtp:1", boxes) == ""


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (("\\Seen", "$Junk"), "keyword $Junk"),
        (("$junk",), "keyword $junk"),
        (("Junk", "$Forwarded"), "keyword Junk"),
        (("$Phishing",), "keyword $Phishing"),
        (("$Junk", "$NotJunk"), ""),
        (("Junk", "NonJunk"), ""),
        (("NotJunk", "Junk"), ""),
        (("\\Seen", "JunkRecorded", "NonJunk"), ""),
        ((), ""),
    ],
)
def test_a_keyword_marks_unless_another_says_the_opposite(flags: tuple[str, ...], found: str) -> None:
    assert keyword(flags) == found
