"""Own words, quoted words and signatures."""

import pytest

from mailgate.mail import MARKER, Mail
from mailgate.reading.body import read_body
from mailgate.reading.mime import addresses
from mailgate.reading.quotes import split
from tests.cost import LINEAR, growth


def test_a_pasted_mail_in_a_new_mail_is_kept() -> None:
    """Who writes anew and copies a mail into it wants it read; in an answer it is history."""
    pasted = "Look:\n\nFrom: Bob <bob@x.example>\nSent: Monday\nTo: Ann\nSubject: offer\n\nBuy this.\n"
    new = read_body(Mail(text=pasted, subject="strange mail"))
    assert "Buy this." in new.whole
    assert new.forwarded
    answer = read_body(Mail(text=pasted, subject="AW: offer"))
    assert (answer.whole, answer.forwarded) == ("Look:", False)
    assert "Buy this." in answer.cut


def test_a_long_last_part_is_no_signature() -> None:
    """Dashes also divide a text: only a short end is a signature, and only the last one."""
    long = "intro\n--\n" + "\n".join(f"line {i}" for i in range(30))
    assert read_body(Mail(text=long)).visible == long
    assert read_body(Mail(text="a\n--\nb\n--\nc")).visible == "a\n--\nb"


def test_a_mail_of_history_alone_keeps_it() -> None:
    """Nothing own stands above: then the copied mail is what was sent."""
    text = "-----Original Message-----\nFrom: a\nHello"
    assert read_body(Mail(text=text, subject="Re: x")).visible == text


@pytest.mark.parametrize(
    "above",
    [
        "-----Original Message-----\nFrom: us\n",
        "________________\nFrom: us\nSent: now\nTo: you\nSubject: x\n\n",
        "On 2 Nov 2026 10:00, us <us@x.example> wrote:\n\n",
        "________________\n",
        "",
    ],
)
def test_what_leads_to_our_marker_goes_with_it(above: str) -> None:
    """And a rule that the sender drew further up stays."""
    text = f"first\n_____\nsecond\n\n{above}{MARKER}\nsecret\n#close\n"
    body = read_body(Mail(text=text, subject="Re: x"))
    assert body.visible == "first\n_____\nsecond"
    assert body.lines == ("first", "_____", "second")


def test_an_answer_without_words_says_nothing() -> None:
    """Our notice sent back alone is no text of the sender's, however it was copied."""
    for above in ("-----Original Message-----\nFrom: us\n", "From: us\nSent: now\nTo: you\nSubject: x\n\n", ""):
        body = read_body(Mail(text=f"\n{above}{MARKER}\nsecret\n", subject="Re: x"))
        assert (body.visible, body.lines) == ("", ())


def test_marker_deep_in_a_wrapped_quote_is_found() -> None:
    lines = split.text_lines("Yes\n\n##- Write your answer above this line -##\nnotice")
    assert split.split(lines).own == ("Yes",)


def test_quotes_that_never_end_take_no_longer_than_others():
    assert growth(lambda quotes: addresses.read('"' + '\\"' * quotes), 48_000) < LINEAR


BANK = "On 3 May 2026 at 10:00, Bank <b@x.example> wrote:"
NOTICE = f"> {MARKER}\n>\n> Hello Karen,\n>\n> is it on?\n"
QUOTED_BY_JOE = f"> {BANK}\n{NOTICE.replace('>', '>>')}"


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        (
            f"I ran it:\n\n> ping portal\n> no answer\n\nWhat now?\n\n{BANK}\n{NOTICE}",
            "I ran it:\n\n> ping portal\n> no answer\n\nWhat now?",
        ),
        (
            f"My boss says:\n\n> By Monday.\n\nCan you?\n\nAm 03.05.26 um 10:00 schrieb Bank:\n{NOTICE}\nKaren",
            "My boss says:\n\n> By Monday.\n\nCan you?\n\n\nKaren",
        ),
        (f"{BANK}\n{NOTICE}\nIt is.", "It is."),
        (f"> {BANK}\n>\n{NOTICE}\nIt is.", "It is."),
        (f"> CAUTION: external mail\n>\n{NOTICE}\nIt is.\n\n> Yours, the bank\n\nKaren", "It is.\n\n\nKaren"),
        (f"On 4 May 2026, Joe <j@x.example> wrote:\n> I think so.\n{QUOTED_BY_JOE}\nIt is.", "It is."),
    ],
)
def test_only_what_is_quoted_of_our_notice_is_dropped(text: str, visible: str) -> None:
    """What somebody quotes above it is theirs to show: lines of a terminal, another mail."""
    body = read_body(Mail(text=text, subject="Re: x"))
    assert body.visible == visible
    assert "is it on?" in body.cut


def test_only_what_a_page_quotes_of_our_notice_is_dropped() -> None:
    page = (
        "<div>My boss says:</div><blockquote type=cite>By Monday.</blockquote><div>Can you?</div>"
        "<div class=gmail_quote><div class=gmail_attr>On 3 May 2026 at 10:00, Bank &lt;b@x.example&gt; wrote:</div>"
        f"<blockquote class=gmail_quote><p>{MARKER}</p><p>Is it on?</p></blockquote></div>"
    )
    body = read_body(Mail(html=page, subject="Re: x"))
    assert " ".join(body.visible.split()) == "My boss says: > By Monday. Can you?"


NESTED = "The bank says so.\n\nKaren wrote on Fri 1 May 2026, 09:00 UTC:\n\n> Is it on?\n"


@pytest.mark.parametrize("end", ["", "\n-- \nThe bank\n", "\n--\nThe bank · [#1001]\nphone 1234\n"])
def test_unmarked_history_may_quote_with_marks(end: str) -> None:
    """Yahoo and others mark nothing; what they answer may be an answer that does."""
    body = read_body(Mail(text=f"It is.\n\n{BANK}\n\n{NESTED}{end}", subject="Re: x"))
    assert body.visible == "It is."
    assert "The bank says so." in body.cut


@pytest.mark.parametrize(
    ("below", "kept"),
    [
        (f"\n{NESTED}\nNo, it is not.", "No, it is not."),
        ("\nMine.\n\n> Is it on?", "Mine."),
        ("\nMine.\nOn 4 May 2026 at 9:00, Ann <a@x.example> wrote:\n> Is it?\nYes.\n\n> Really?", "Yes."),
        ("> Is it on?\n\nIt is.\n\n> Really?", "It is."),
        (f"\n{NESTED}\nIt is.\n\n{BANK}\n\nThe bank says so.\n\n> Is it?", "The bank says so."),
    ],
)
def test_what_stands_between_marked_quotes_is_an_answer(below: str, kept: str) -> None:
    body = read_body(Mail(text=f"See below.\n\n{BANK}\n{below}", subject="Re: x"))
    assert kept in body.visible


def test_asking_whether_history_quotes_costs_no_square() -> None:
    text = f"Hi\n\n{BANK}\n\nx\n\n"
    assert growth(lambda many: read_body(Mail(text=text * many + "> y\nz", subject="Re: x")), 2400) < LINEAR
