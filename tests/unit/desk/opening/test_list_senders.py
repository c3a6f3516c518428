"""Mailing lists that write their own address into From: the author is read through it."""

from __future__ import annotations

import pytest

from mailgate.reading.mime import addresses
from mailgate.reading.parse import parse
from mailgate.rules.screening.list_sender import read_through
from tests.desk import told


def author(*fields):
    raw = "\r\n".join((*fields, "", "hello")).encode()
    return read_through(parse(raw), addresses.read, lambda _: False).author


@pytest.mark.parametrize(
    "fields",
    [
        (
            "From: 'Karen Client' via Support <support@bank.example>",
            "X-Original-From: Karen Client <karen@client.example>",
        ),
        (
            "From: Karen Client via ops <ops@lists.example>",
            "Reply-To: Karen Client <karen@client.example>",
            "List-Id: <ops>",
        ),
        ("From: Karen Client via ops <ops@lists.example>", "Reply-To: <karen@client.example>", "List-Post: <mailto:x>"),
        ("From: 'Karen Client' über ops <ops@l.example>", "X-Original-Sender: karen@client.example"),
        (
            "From: Karen Client via ops <ops@lists.example>",
            "Reply-To: ops <ops@lists.example>",
            "Cc: Karen Client <karen@client.example>",
            "List-Id: <ops>",
        ),
    ],
)
def test_a_rewritten_from_is_read_through(fields):
    found = author(*fields)
    assert (found.email, found.name) == ("karen@client.example", "Karen Client")


@pytest.mark.parametrize(
    "fields",
    [
        ("From: Karen via Shop <mail@shop.example>", "Reply-To: karen@client.example"),  # no list
        ("From: Ops <ops@lists.example>", "Reply-To: karen@client.example", "List-Id: <ops>"),  # its own mail
        ("From: Karen via ops <ops@lists.example>", "Reply-To: a@x.example, b@x.example", "List-Id: <ops>"),  # whose?
        ("From: Karen via ops <ops@lists.example>", "List-Id: <ops>"),
    ],
)
def test_what_is_no_rewriting_stays(fields):
    assert author(*fields).email in ("mail@shop.example", "ops@lists.example")


def test_what_dmarc_said_of_the_list_is_no_proof_for_the_author():
    raw = (
        b"Authentication-Results: mx.example; dmarc=pass header.from=lists.example\r\n"
        b"From: Ann via ops <ops@lists.example>\r\nX-Original-From: Ann <ann@bank.example>\r\n\r\nx"
    )
    mail = parse(raw)
    assert [each.dmarc for each in mail.auth] == ["pass"]
    assert read_through(mail, addresses.read, lambda _: False).auth == ()


def test_the_desks_own_group_rewrites_from_and_the_customer_is_the_requester(bench):
    headers = {
        "X-Original-From": "Karen Client <karen@client.example>",
        "Reply-To": "Karen Client <karen@client.example>",
        "List-Id": "<support.bank.example>",
    }
    mails = bench.send("'Karen Client' via Support <support@bank.example>", "Help", headers=headers)
    assert bench.ticket().requester.email == "karen@client.example"
    assert ("acknowledgement", "karen@client.example") in told(mails)
