"""Mails forwarded by many programs in many languages: who wrote them, what they say, what their forwarder says."""

from __future__ import annotations

import pytest

from mailgate.reading.body import read_body
from mailgate.reading.quotes import forwarded
from mailgate.ticket import Address
from tests.lab import mail
from tests.samples import samples

TEXTS = samples("forwards.txt")
PAGES = samples("forwarded-pages.txt")
NOTES = {"without a note": "", "with a note": "Please look into it, Ann.\n\nThank you\nBob"}
WORDS = "Please send invoice 17 again. It was for Bob, not for me. Jane"
CLOSING = 60  # characters of the line with which a program closes a forwarded mail


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("name", TEXTS)
def test_who_wrote_what(name: str, note: str) -> None:
    sample = TEXTS[name]
    body = read_body(mail(subject=sample.facts["subject"], text=f"{NOTES[note]}\n\n{sample.text}"))
    assert body.original is not None
    assert body.original.sender == Address("jane@source.example", sample.facts.get("name", "Jane Doe"))
    assert body.original.subject.strip("]") == "Invoice 17"
    said = " ".join(forwarded.text_of(body.forward).split())
    assert said.startswith(WORDS)
    assert len(said) < len(WORDS) + CLOSING
    assert body.visible == f"{NOTES[note]}\n\n{sample.facts.get('above', '')}".strip()


@pytest.mark.parametrize("note", ["", "Please look into it."])
@pytest.mark.parametrize("name", PAGES)
def test_who_wrote_what_in_a_page(name: str, note: str) -> None:
    body = read_body(mail(subject="Fwd: Invoice 17", html=PAGES[name].text.replace("{note}", note)))
    assert body.original is not None
    assert body.original.sender == Address("jane@source.example", "Jane Doe")
    assert body.original.subject == "Invoice 17"
    assert " ".join(forwarded.text_of(body.forward).split()) == WORDS
    assert body.visible == note
