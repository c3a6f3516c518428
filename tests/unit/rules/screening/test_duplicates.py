"""When two mails are one: redelivered, sent to two desk addresses, or marked by a gateway on their way. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from mailgate.mail import Attachment
from mailgate.rules.screening.duplicates import FOOTER, digest, same_but_for_marks, says_the_same
from mailgate.rules.text.blocks import BLOCK
from mailgate.ticket import StoredAttachment
from tests.cost import LINEAR, growth
from tests.lab import mail


def kept(of):
    return [StoredAttachment(a.name, a.type, len(a.content), sha256(a.content).hexdigest()) for a in of.attachments]


def same(left, right):
    return digest(left, kept(left), bare) == digest(right, kept(right), bare)


def bare(subject):
    return subject.removeprefix("[list] ")


def test_what_a_machine_writes_again_is_known():
    assert says_the_same("Case 17 is noted.\n", "case  203 is noted.")
    assert not says_the_same("Case 17 is noted.", "Case 17 is solved.")
    assert not says_the_same(" ", "\n"), "no words are not the same words"


def test_one_mail_that_came_twice():
    assert same(mail(text="a b\nc"), mail(text="a  b c\n"))
    assert same(mail(subject="x"), mail(subject="[list] x"))
    assert same(mail(text="", html="<p>x"), mail(text="", html="<p>x"))


def test_a_large_mail_whose_lines_a_relay_wrapped_anew():
    words = ["printer", "a", "toner-cartridge"] * (BLOCK // 10)
    long, short = ("\n".join(" ".join(words[at : at + size]) for at in range(0, len(words), size)) for size in (7, 3))
    assert same(mail(text=long), mail(text=short + "\n\n"))
    assert not same(mail(text=long), mail(text=short + " now"))


@pytest.mark.parametrize(
    "other",
    [
        {"message_id": "<two@client.example>"},
        {"sender": "eve@evil.example"},
        {"subject": "Other"},
        {"text": "Other"},
        {"date": datetime(2026, 11, 22, 9, 0, tzinfo=UTC)},
        {"attachments": (Attachment("a", "text/plain", b"x"),)},
    ],
)
def test_anything_else_is_another_mail(other):
    assert not same(mail(), mail(**other))


def test_the_date_tells_two_mails_apart_however_it_is_written():
    first = mail(message_id="", headers=(("date", "one day"),))
    later = mail(message_id="", headers=(("date", "another"),))
    assert same(first, first)
    assert not same(first, later)


BODY = "one\ntwo words\nthree\n"


@pytest.mark.parametrize(
    "other",
    [
        BODY,
        f"[External]\n{BODY}",
        f"{BODY}\n--\n" + "list\n" * 9,
        f"a\nb\n{BODY}c",
        "CAUTION: from outside\n\none two\nwords\nthree",
        "one https://safe.example/?url=x\ntwo words\nthree",
    ],
)
def test_a_banner_or_footer_of_up_to_ten_lines_is_no_difference(other):
    for left, right in ((BODY, other), (other, BODY)):
        assert same_but_for_marks(mail(text=left), mail(text=right), bare)


@pytest.mark.parametrize(
    "subject", ["[EXTERNAL] Portal", "*** SPAM *** Portal", "EXT: Portal", "Portal {Spam?}", "[list] Portal"]
)
def test_a_tag_at_the_subject_is_no_difference(subject):
    for left, right in ((subject, "Portal"), ("Portal", subject)):
        assert same_but_for_marks(mail(subject=left), mail(subject=right), bare)


@pytest.mark.parametrize(
    "other",
    [
        {"text": BODY + "x\n" * (FOOTER + 1)},
        {"text": "x\n" * (FOOTER + 1) + BODY},
        {"text": "one\nother\nthree"},
        {"text": "x one\ntwo words\nthree"},
        {"text": ""},
        {"text": BODY, "subject": "Other"},
        {"text": BODY, "subject": "The portal of the bank and all that is within it is down: Portal"},
        {"text": BODY, "sender": "eve@evil.example"},
        {"text": BODY, "date": datetime(2026, 11, 22, 9, 0, tzinfo=UTC)},
        {"text": BODY, "attachments": (Attachment("a", "text/plain", b"x"),)},
    ],
)
def test_more_than_such_marks_is_another_mail(other):
    dated = {"date": datetime(2026, 11, 20, 9, 0, tzinfo=UTC), **other}
    assert not same_but_for_marks(mail(text=BODY, date=datetime(2026, 11, 20, 9, 0, tzinfo=UTC)), mail(**dated), bare)


def test_a_date_that_was_written_anew_or_added_is_no_difference():
    dated = mail(text=BODY, date=datetime(2026, 11, 20, tzinfo=UTC))
    assert same_but_for_marks(mail(text=BODY), dated, bare)
    assert same_but_for_marks(mail(text=BODY, date=datetime(2026, 11, 20, 1, tzinfo=UTC)), dated, bare)
    assert not same_but_for_marks(mail(text=BODY, date=datetime(2026, 11, 20, 2, tzinfo=UTC)), dated, bare)


def test_long_texts_that_are_nearly_alike_cost_linear_time():
    def compare(lines):
        assert same_but_for_marks(mail(text="a\n" * lines), mail(text="a\n" * lines + "b"), bare)
        assert not same_but_for_marks(mail(text="a\n" * lines + "b"), mail(text="a\n" * lines + "a\na\nc"), bare)

    assert growth(compare, 80_000) < LINEAR
