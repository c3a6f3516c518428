"""Answers by many programs in many languages: what their author wrote, without the mail that is answered."""

from __future__ import annotations

import pytest

from mailgate.reading.body import read_body
from tests.lab import mail
from tests.samples import samples

TEXTS = samples("replies.txt")
PAGES = samples("reply-pages.txt")
REPLY = "It stands on floor two.\n\nThank you\nKaren"


@pytest.mark.parametrize("name", TEXTS)
def test_what_its_author_wrote(name: str) -> None:
    sample = TEXTS[name]
    answer = mail(subject="Re: Printer", in_reply_to=("<n@bank.example>",), text=sample.text.replace("REPLY", REPLY))
    assert read_body(answer).visible == sample.facts.get("expected", REPLY).replace("\\n", "\n")


@pytest.mark.parametrize("name", PAGES)
def test_what_its_author_wrote_in_a_page(name: str) -> None:
    page = PAGES[name].text.replace("REPLY", "It stands on floor two.<br><br>Thank you<br>Karen")
    answer = mail(subject="Re: Printer", in_reply_to=("<n@bank.example>",), html=page)
    assert read_body(answer).visible == f"{REPLY}\n\n{PAGES[name].facts.get('below', '')}".strip()
