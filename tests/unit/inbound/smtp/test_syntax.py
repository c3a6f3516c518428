"""The arguments of MAIL and RCPT."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.inbound.smtp.syntax import MailTrouble, mail_trouble, read_path
from tests.cost import LINEAR, growth


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        ("FROM:<a@b.example>", "a@b.example", ""),
        ("from: <a@b.example>  SIZE=5 BODY=8BITMIME", "a@b.example", "SIZE=5 BODY=8BITMIME"),
        ("FROM:<>", "", ""),
        ("FROM:a@b.example", "a@b.example", ""),
        ("FROM:<@one.example,@two.example:a@b.example>", "a@b.example", ""),
        ('FROM:<"odd > and \\" quoted"@b.example>', '"odd > and \\" quoted"@b.example', ""),
        ("FROM:<jürgen@bücher.example>", "jürgen@bücher.example", ""),
    ],
)
def test_a_path_is_read(argument: str, address: str, parameters: str):
    assert read_path(argument, "FROM:") == (address, parameters)


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "FROM",
        "FROM:",
        "TO:<a@b>",
        "FROM:<a@b",
        "FROM:a@b>",
        "FROM:<a b@c>",
        "FROM:<a@b>x",
        "FROM:<a\x00@b>",
        "FROM:<\udcff>",
    ],
)
def test_what_is_no_path_is_not_read(argument: str):
    assert read_path(argument, "FROM:") is None


@pytest.mark.parametrize(
    ("parameters", "trouble"),
    [
        ("", None),
        ("SIZE=100 body=8bitmime SMTPUTF8", None),
        ("SIZE=101", MailTrouble.TOO_BIG),
        ("SIZE=" + "9" * 5000, MailTrouble.TOO_BIG),
        ("SIZE=", MailTrouble.BAD_SIZE),
        ("SIZE=-1", MailTrouble.BAD_SIZE),
        ("SIZE=²", MailTrouble.BAD_SIZE),
        ("SIZE", MailTrouble.BAD_SIZE),
        ("BODY=BINARYMIME", MailTrouble.UNKNOWN),
        ("RET=FULL", MailTrouble.UNKNOWN),
    ],
)
def test_mail_parameters(parameters: str, trouble: MailTrouble | None):
    assert mail_trouble(parameters, 100) is trouble


def test_who_wrote_a_mail_may_be_named_where_clients_log_in() -> None:
    assert mail_trouble("SIZE=5 AUTH=<>", 100, login=True) is None
    assert mail_trouble("AUTH=<>", 100) is MailTrouble.UNKNOWN


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(text: str):
    read_path("FROM:" + text, "FROM:")
    read_path(text, "TO:")
    mail_trouble(text, 100)


@given(st.from_regex(r"[a-z0-9.+=_-]{1,40}@[a-z0-9.-]{1,40}", fullmatch=True))
def test_every_plain_address_comes_back_whole(address: str):
    assert read_path(f"TO:<{address}>", "TO:") == (address, "")


@pytest.mark.parametrize(
    ("start", "piece"), [("", '"'), ("", '"\\'), ("", "<"), ("<", "a"), ("", "<@"), ('<""', "a"), ("", " ")]
)
def test_hostile_arguments_cost_linear_time(start: str, piece: str):
    def read_both(times: int) -> None:
        read_path("FROM:<" + start + piece * times, "FROM:")
        read_path("FROM:" + start + piece * times, "FROM:")

    assert growth(read_both, 200_000) < LINEAR
