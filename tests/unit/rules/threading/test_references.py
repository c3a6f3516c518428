"""What a mail names: the lines and addresses that links of ours put into it."""

from __future__ import annotations

from datetime import date

from mailgate.mail import Envelope
from mailgate.notice import NoticeKind
from mailgate.reading.body import read_body
from mailgate.reading.parse import parse
from mailgate.rules.threading.keys import key_text, plus, saying
from mailgate.rules.threading.references import ref_line, references, without_link_lines
from tests.lab import KEYRING
from tests.notices import CONFIG

KEY = key_text(KEYRING.notice_id(1001, "ann@bank.example", NoticeKind.NOTE, "c", date(2026, 11, 21)))


def named(head: str, text: str = "Hello") -> list[tuple[str, str]]:
    mail = parse(f"From: ann@bank.example\r\n{head}\r\n\r\n{text}\r\n".encode())
    found = references(mail, read_body(mail), Envelope("ann@bank.example", ()), KEYRING, CONFIG)
    return [(each.reason, each.key.says) for each in found if each.key]


def test_a_links_word_counts_beside_the_key_of_the_notice() -> None:
    to = f"To: {plus('support@bank.example', saying(KEY, 'reply'))}"
    assert named(to) == [("address-key", "reply")]
    assert named(f"In-Reply-To: <{KEY}@bank.example>\r\n{to}") == [("reply-key", "reply")]
    assert named(f"In-Reply-To: <{KEY}@bank.example>", f"Hello\r\n\r\nRef: {KEY}.n") == [("reply-key", "note")]


def test_a_link_in_the_row_of_a_list_names_the_ticket_of_its_row() -> None:
    def ticket(text: str) -> list[int]:
        mail = parse(f"From: ann@bank.example\r\nTo: {plus('support@bank.example', text)}\r\n\r\nHello\r\n".encode())
        return [each.ticket for each in references(mail, read_body(mail), Envelope("", ()), KEYRING, CONFIG)]

    assert ticket(saying(KEY, "reply")) == [1001]
    assert ticket(saying(KEY, "reply", about=1002)) == [1002]


def test_a_line_with_words_behind_its_key_is_no_ref_line() -> None:
    assert ref_line(f"Ref: {KEY}")
    assert ref_line(f"*Ref:* `{KEY}`.")
    assert not ref_line(f"Ref: {KEY} as before")
    assert not ref_line(f"{KEY}")


def test_the_line_of_a_link_is_no_text() -> None:
    lines = (
        "Hello",
        f"Ref: {KEY}.r",
        f"*Ref:* `{KEY}.n`",
        f"Ref: {KEY}",
        f"See Ref: {KEY}.r below",
        f"Ref: {KEY}.r too",
        "Look into .r",
    )
    assert without_link_lines(lines) == (
        "Hello",
        f"Ref: {KEY}",
        f"See Ref: {KEY}.r below",
        f"Ref: {KEY}.r too",
        "Look into .r",
    )
