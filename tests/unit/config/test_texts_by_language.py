"""Texts by language: a name or a rejection is sent in the language of its reader."""

from __future__ import annotations

import pytest

from mailgate.config.load import load
from mailgate.errors import ConfigError
from tests.desk import CONFIG, KAREN, Bench, to

BILINGUAL = (
    CONFIG.replace(
        'name = "First Bank Help Desk"', 'name = { en = "First Bank Help Desk", de = "Hilfe der First Bank" }'
    )
    .replace('name = "First Bank Support"', 'name = { en = "First Bank Support", de = "Kundendienst" }')
    .replace('topic = "Business Critical Outage"', 'language = "de"', 1)
)
RULE = """
[[rule]]
name = "No sales"
when = { subject = "offer" }
then = { reject = { en = "Please write to sales.", de = "Bitte an den Verkauf." } }
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, BILINGUAL + RULE)


def test_the_sender_name_is_in_the_language_of_the_ticket(bench):
    english = to(bench.send(KAREN, "Help", to="support@bank.example"), "karen@client.example")
    german = to(bench.send(KAREN, "Hilfe", to="outages@bank.example"), "karen@client.example")
    assert english.message["From"] == "First Bank Support <support@bank.example>"
    assert german.message["From"] == "Hilfe der First Bank <outages@bank.example>"


@pytest.mark.parametrize(("language", "text"), [("", "Please write"), ("de-AT", "Bitte an"), ("fr", "Please write")])
def test_a_rejection_is_in_the_language_of_the_mail(bench, language, text):
    header = f"Content-Language: {language}\r\n" if language else ""
    bench.accept(header.encode() + bench.write(KAREN, "Buy", subject="An offer"))
    (mail,) = bench.drain()
    assert text in mail.text


@pytest.mark.parametrize("value", ['{ en = "two\\nlines" }', '{ en = "" }', "{ en = 4 }", "{}", "7"])
def test_an_invalid_table_is_reported_at_its_line(tmp_path, value):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.replace('name = "First Bank Support"', f"name = {value}"))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [(each.where, each.line) for each in caught.value.problems] == [('[address."support@bank.example".name]', 7)]
