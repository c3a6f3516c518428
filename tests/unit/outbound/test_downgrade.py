"""Mail for a relay without SMTPUTF8: addresses beyond ASCII leave the header, and nothing else changes. Pure."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgate.outbound.downgrade import needs_utf8, without_utf8
from mailgate.ticket import Address
from mailgate.writing.mail import headers

REST = b"Subject: =?utf-8?b?w7w=?=\r\nMIME-Version: 1.0\r\n\r\nTo: j\xc3\xbcrgen@x.example\r\nbody \xc3\xbc\r\n"
JUERGEN = Address("jürgen@x.example", "Jürgen, der zweite")
KAREN = Address("karen@client.example", 'Karen "K" Client')


def mail(to, cc=()):
    return headers.addresses("To", to) + (headers.addresses("Cc", cc) if cc else b"") + REST


def test_the_others_stay_and_the_body_is_left_alone():
    done = without_utf8(mail([KAREN, JUERGEN], [JUERGEN, Address("leo@client.example", "Leo")]))
    assert not needs_utf8(done)
    read = message_from_bytes(done)
    assert getaddresses([read["To"]]) == [('Karen "K" Client', "karen@client.example")]
    assert getaddresses([read["Cc"]]) == [("Leo", "leo@client.example")]
    assert done.endswith(REST)


def test_nobody_left_is_an_empty_group_in_to_and_no_cc():
    done = without_utf8(mail([JUERGEN], [JUERGEN]))
    assert message_from_bytes(done)["To"] == "undisclosed-recipients:;"
    assert "Cc" not in message_from_bytes(done)


def test_nobody_left_in_cc_alone_leaves_to_as_it_is():
    done = message_from_bytes(without_utf8(mail([KAREN], [JUERGEN])))
    assert done.get_all("To") == [message_from_bytes(mail([KAREN]))["To"]]
    assert "Cc" not in done


def test_the_last_field_and_its_last_character_count():
    end = b"\r\n\r\nText\r\n"
    assert needs_utf8("Subject: Grü".encode() + end)
    assert without_utf8("Subject: x\r\nTo: a@x.example, ü@x.ü".encode() + end) == b"Subject: x\r\nTo: a@x.example" + end


def test_a_list_in_ascii_is_left_as_it_was_written_beside_one_that_is_not():
    to = b'To: "Client,  Karen" <karen@client.example>,\r\n\tleo@client.example\r\n'
    done = without_utf8(to + "Cc: ü@x.example\r\n".encode() + REST)
    assert done == to + REST


def test_an_ascii_header_is_the_same_byte_for_byte():
    plain = mail([KAREN], [Address("leo@client.example", "Léo")])
    assert not needs_utf8(plain)
    assert without_utf8(plain) == plain


people = st.lists(
    st.builds(
        Address,
        st.sampled_from(["a@x.example", "ü@x.example", "b.c@y.example", "日本@z.example"]),
        st.text(max_size=40),
    ),
    min_size=1,
    max_size=8,
)


@given(people)
@example([Address("a@x.example", ""), Address("a@x.example", "000000¡𐀀𐀀"), Address("a@x.example", "0000 :")])
def test_whatever_the_names_exactly_the_ascii_addresses_stay(found):
    done = without_utf8(mail(found))
    kept = [person.email for person in found if person.email.isascii()]
    unfolded = re.sub(r"\r\n(?=[ \t])", "", message_from_bytes(done)["To"])  # RFC 5322 2.2.3: also within quotes
    assert [email for _, email in getaddresses([unfolded]) if "@" in email] == kept


@pytest.mark.parametrize("address", ['"john doe"@x.example', '"a, b"@x.example'])
def test_a_quoted_local_part_is_one_address(address):
    assert without_utf8(mail([Address(address), JUERGEN])).startswith(b"To: " + address.encode() + b"\r\n")
