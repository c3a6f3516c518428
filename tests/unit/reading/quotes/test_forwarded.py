"""Whose mail was forwarded inline, and what it says, by the forms that programs copy a header in."""

from __future__ import annotations

import pytest

from mailgate.reading.quotes import forwarded
from mailgate.ticket import Address

ANN = Address("ann@a.example", "Ann Arbor")
BEGUN = "---------- Forwarded message ---------\n"


@pytest.mark.parametrize(
    ("block", "sender"),
    [
        (f"{BEGUN}From: Ann Arbor <ann@a.example>\nSubject: Hi\n\nHello.", ANN),
        (f"{BEGUN}From: Ann Arbor\n <ann@a.example>\nSubject: Hi\n\nHello.", ANN),
        ("On 3 May 2026 at 10:00, Ann Arbor <ann@a.example> wrote:\n\nHello.", ANN),
        (
            "Da: shop@s.example [mailto:ann@a.example]\nOggetto: Hi\n\nHello.",
            Address("ann@a.example", "shop@s.example"),
        ),
        ("From: ann@a.example [mailto:ann@a.example]\nSubject: Hi\n\nHello.", Address("ann@a.example", "")),
        ("From: Arbor, Ann\nSubject: for bob@b.example\n\nHello.", None),
        (f"{BEGUN}Hello.", None),
        ("On 3 May 2026 at 10:00, Ann Arbor wrote:\n\nHello.", None),
        ("a\nb\nc\nd\nFrom: Ann Arbor <ann@a.example>\n", None),
        ("----- Forwarded ----- From: Ann Arbor <ann@a.example>To: bob@b.example", ANN),
    ],
    ids=[
        *("labelled", "wrapped", "announced", "an address as its name", "twice the same", "no address", "nobody"),
        *("announced without an address", "far below", "on one line, undated"),
    ],
)
def test_who_wrote_it(block: str, sender: Address | None) -> None:
    """An address on another line than the sender's is somebody else's."""
    found = forwarded.read(block, "Fwd: Hi")
    assert (found.sender if found else None) == sender
    assert found is None or found.subject == "Hi"


@pytest.mark.parametrize(
    ("above", "said"),
    [
        (f"{BEGUN}From: Ann <ann@a.example>\nSubject: Hi\n\n", "Hello.\n\nSee you."),
        ("> From: Ann <ann@a.example>\n> Subject: Hi\n>\n> ", "Hello."),
        ("From: Ann <ann@a.example>\nTo: Bob <bob@b.example>,\n Cy, Dee and\n everybody\nSubject: Hi\n\n", "Hello."),
        ("From: Ann <ann@a.example>\nSubject: Hi\n", "Hello,\nBob,\nthis\nis\nlong."),
        ("From: Ann <ann@a.example>\nSubject: Hi\n", "Hello,\nBob,\n\nthis is it."),
        ("From: Ann <ann@a.example>\nSubject: Hi\n", "Hello."),
        ("On 3 May 2026 at 10:00, Ann <ann@a.example> wrote:\n\n", "Hello."),
        ("On 3 May 2026 at 10:00, Ann Arbor of the long name\n<ann@a.example> wrote:\n\n", "Hello."),
        ("", "Hello,\nBob."),
        (f"{BEGUN}\n\n", ""),
        ("", "a\nb\nc\nd\nFrom: Ann <ann@a.example>"),
    ],
    ids=[
        *("labelled", "quoted", "a field on three lines", "no empty line, long", "no empty line, paragraphs"),
        *(
            "no empty line, short",
            "announced",
            "announced on two lines",
            "nothing above",
            "nothing at all",
            "a header far below",
        ),
    ],
)
def test_what_it_says(above: str, said: str) -> None:
    """The copied header and what announces it go; of the words none does."""
    assert forwarded.text_of(above + said) == said


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("From: Bob <bob@x.example>\nSubject: offer", ("bob@x.example", "Bob", "offer")),
        ("*From:* Bob [mailto:bob@x.example]\n*Subject:* offer", ("bob@x.example", "Bob", "offer")),
        ("From: Bob\n<bob@x.example>\nTo: me", ("bob@x.example", "Bob", "question")),
        ("From: Bob\nTo: me <me@x.example>", None),
        ('On 2 Nov 2026, "Bob" <bob@x.example> wrote:', ("bob@x.example", "Bob", "question")),
        ("2.11.2026 10:00 <bob@x.example> wrote:", ("bob@x.example", "", "question")),
        ("Begin forwarded message:\nnothing", None),
    ],
)
def test_forwarded_senders(block: str, found: tuple[str, str, str] | None) -> None:
    got = forwarded.read(block, "Fwd: question")
    assert (got and (got.sender.email, got.sender.name, got.subject)) == found


def test_a_forward_without_a_prefix_keeps_its_subject() -> None:
    got = forwarded.read("From: bob@x.example", "question")
    assert got is not None
    assert (got.sender.email, got.subject) == ("bob@x.example", "question")
