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


FORWARDED = (
    "From: Jane Doe <jane@source.example>\nSent: Monday, 2 November 2026 10:00\n"
    "To: Ann <ann@bank.example>\nSubject: Key\n\nIt broke."
)


@pytest.mark.parametrize(
    "subject",
    [
        "FW: Key",
        "[EXTERNAL] FW: Key",
        "EXTERNAL: FW: Key",
        "{Extern} WG: Key",
        "*** SPAM *** Fwd: Key",
        "[users] Tr: Key",
    ],
)
def test_the_mark_of_a_gateway_hides_no_forward(subject: str) -> None:
    """Outlook names the mail that it forwards in In-Reply-To, as if it answered it."""
    body = read_body(mail(subject=subject, in_reply_to=("<n@source.example>",), text=f"Please help.\n\n{FORWARDED}"))
    assert (body.visible, body.forward) == ("Please help.", FORWARDED)


@pytest.mark.parametrize("subject", ["Re: Fwd: Key", "AW: WG: Key", "RE: [EXT] FW: Key", "SV: VS: Key"])
@pytest.mark.parametrize("quote", [FORWARDED, "On 2 Nov 2026 at 10:00, Jane <jane@source.example> wrote:\n> It broke."])
def test_an_answer_to_a_forward_is_an_answer(subject: str, quote: str) -> None:
    body = read_body(mail(subject=subject, text=f"It does.\n\n{quote}"))
    assert (body.visible, body.cut, body.forward) == ("It does.", quote, "")


FINNISH = (
    "Lähettäjä: Jane Doe <jane@source.example>\nLähetetty: maanantai 2. marraskuuta 2026 10.00\n"
    "Vastaanottaja: Ann <ann@bank.example>\nAihe: Key\n\nIt broke."
)
NORWEGIAN = (
    "Fra: Jane Doe <jane@source.example>\nSendt: 2. november 2026 10:00\n"
    "Til: Ann <ann@bank.example>\nEmne: Key\n\nIt broke."
)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (FINNISH, True),
        ("ma 2. marrask. 2026 klo 10.00 Jane Doe (jane@source.example)\nkirjoitti:\n\n> It broke.", True),
        (NORWEGIAN, False),
        ("Den 2. nov. 2026 kl. 10.00 skrev Jane Doe <jane@source.example>:\n\n> It broke.", False),
        (f"{NORWEGIAN}\n\n##- Write your answer above this line -##\n\nHello", True),
        ("Jane says that it broke.", False),
    ],
)
def test_a_prefix_that_answers_in_one_language_and_forwards_in_another(text: str, answers: bool) -> None:
    body = read_body(mail(subject="VS: Key", in_reply_to=("<n@source.example>",), text=f"Look.\n\n{text}"))
    assert (body.visible == "Look." and not body.forward) is answers
