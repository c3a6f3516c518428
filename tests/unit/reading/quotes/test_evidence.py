"""A header that somebody pastes to be read is text, and so is what is below it; that of a program begins history."""

from __future__ import annotations

import pytest

from mailgate.reading.body import read_mail

WIRE = (
    "Received: from mail.client.example (mail.client.example [192.0.2.1])\n\tby mx.bank.example with ESMTP id 1\n"
    "\tfor <support@bank.example>; Fri, 20 Nov 2026 10:00:00 +0000\n"
)
COPIED = (
    "From: Karen Client <karen@client.example>\nTo: support@bank.example\nSubject: Card\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0000\nMessage-ID: <1@client.example>\n"
)
ANOTHER = (
    "From: Win Big <win@prize.example>\nSent: Friday, November 20, 2026 9:00 AM\nTo: karen@client.example\n"
    "Subject: You won\n\nSend us your card number.\n"
)
BY_THE_DESK = (
    "From: Desk <support@bank.example>\nSent: Friday, November 20, 2026 10:00 AM\nTo: karen@client.example\n"
    "Subject: RE: [#1001] Card\n\nHello Karen\n"
)


def shown(text: str, subject: str = "Re: [#1001] Card") -> str:
    fields = (
        f"From: karen@client.example\nTo: support+k.1@bank.example\nSubject: {subject}\nIn-Reply-To: <2@x.example>\n"
    )
    return read_mail(f"{fields}\n{text}".encode())[1].visible


@pytest.mark.parametrize(
    "pasted",
    [
        WIRE + COPIED,
        WIRE * 9 + "X-Spam: no\n" + COPIED,
        "Return-Path: <karen@client.example>\n" + COPIED,
        COPIED.replace("Subject: Card", "Subject: Invoice 7"),
    ],
    ids=["as it came over the wire", "a long one", "with a return path", "of an own mail about something else"],
)
def test_a_pasted_header_cuts_nothing(pasted):
    text = f"Hello, see this:\n\n{pasted}\nWhat can I do?\n\nKaren"
    assert shown(text) == text
    assert shown(f"{text}\n\n{BY_THE_DESK}") == text
    assert shown(f"{text}\n\n{BY_THE_DESK}\n##- Write your answer above this line -##\n\nHello") == text


def test_a_header_of_another_mail_is_shown_where_that_of_the_answered_mail_stands_below():
    text = f"Hello, see this:\n\n{ANOTHER}\nWhat can I do?\n\nKaren"
    assert shown(f"{text}\n\n{BY_THE_DESK}") == text
    assert shown(f"{text}\n\n{BY_THE_DESK}\n##- Write your answer above this line -##\n\nHello") == text


@pytest.mark.parametrize(
    "history",
    [
        BY_THE_DESK,
        BY_THE_DESK.replace("[#1001] Card", "Another matter"),  # its author gets the answer
        BY_THE_DESK.replace("support@", "outages@"),  # its subject is that of the answer
        BY_THE_DESK.replace(" <support@bank.example>", "").replace("Card", "Case"),  # of its author nothing is known
        ANOTHER.replace("You won", ""),  # nor of this subject
        ANOTHER,
        f"{ANOTHER}\n{ANOTHER}",
        f"{ANOTHER}\n-----Original Message-----\n{BY_THE_DESK}",
        BY_THE_DESK.replace("Subject: RE: [#1001] Card", "Subject: Received: a card"),
    ],
)
def test_the_header_of_a_program_begins_history(history):
    assert shown(f"Yes.\n\n{history}") == "Yes."


def test_what_stands_between_rules_is_history_whatever_its_header_says():
    assert shown(f"Yes.\n\n-----Original Message-----\n{ANOTHER}") == "Yes."


def test_a_header_in_the_second_line_of_a_mail_is_judged_by_itself():
    assert shown(f"Yes.\n{BY_THE_DESK}") == "Yes."


def test_the_address_that_foxmail_puts_between_text_and_history_is_a_signature():
    assert shown(f"Yes.\n\n\n\nkaren@client.example\n \n{BY_THE_DESK}") == "Yes."
    assert shown("Yes.\n\nKaren@Client.example") == "Yes."
    assert shown("jane@client.example") == "jane@client.example"
    assert shown("karen@client.example") == "karen@client.example"
    assert shown(f"Write to:\n\njane@client.example\n\n{BY_THE_DESK}") == "Write to:\n\njane@client.example"


def test_an_answer_between_a_quote_and_a_notice_of_the_desk_is_shown():
    text = "> Where?\n\nThere."
    assert shown(f"{text}\n\n##- Write your answer above this line -##\n\nHello") == text
