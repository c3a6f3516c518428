"""Agents read mail in their own language: everything that mailgate says in it, and nobody else's words changed."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from mailgate.phrase import phrase
from mailgate.rules.commands.syntax import NAMES
from tests.desk import CONFIG, Bench, to, told
from tests.notices import RENDERER, UTC
from tests.verbs import typed

KAREN, BOSS, NOC = "Karen Client <karen@client.example>", "boss@client.example", "noc@carrier.example"
ELLIOT, ANN, BOB = "elliot@bank.example", "ann@bank.example", "bob@bank.example"
AGENTS = (ELLIOT, ANN, BOB, "vera@bank.example")
GERMAN = re.sub(r"^(\[agent\.\w+\])$", r'\1\nlanguage = "de"', CONFIG, flags=re.MULTILINE).replace(
    'departments = ["Support"]', 'departments = ["Support", "Maintenance", "Systems Administrators"]'
)
# Words that English sentences hold and German ones do not. "War", "was", "in" and the like are German, too.
ENGLISH = re.compile(
    r"(?:the|your?|is|are|were|be|been|it|its|this|that|these|of|with|without|and|or|not|from|by|to|for|at"
    r"|has|have|had|who|which|what|because|answer|answered|sent|opened|closed|assigned|moved|changed)",
)
# Commands, times, what follows them, addresses, names, a canned response.
_NOT_SAID = re.compile(
    r"mailto:\S+|\S+@\S+|#[\w|]+|Hello .*|Report a Problem|end of month|open\|.*closed|open, .* closed"
)


def english_in(mail) -> list[str]:
    """Lines that hold an English word, besides people's words and names."""
    page = re.sub(r"<(style|title)[^>]*>.*?</\1>|<[^>]*>", " ", mail.part("html"), flags=re.DOTALL)
    subject = f"Betreff {mail.subject}"
    lines = [_NOT_SAID.sub(" ", line) for line in (subject, *mail.text.split("\n"), *page.split("\n"))]
    return [line.strip() for line in lines if re.search(rf"\b{ENGLISH.pattern}\b", line, re.IGNORECASE)]


KINDS = {
    *("new-ticket", "new-message", "note", "assigned", "taken", "transferred", "status", "overdue", "escalated"),
    *("reminder", "answer", "command-failed", "held", "confirm", "report"),
}


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, GERMAN)


def test_every_mail_to_an_agent_is_in_their_language(bench):
    mails = bench.send(KAREN, "Es geht nicht.", subject="Portal", to="support@bank.example", headers={"Cc": BOSS})
    alert = to(mails, ELLIOT)
    bench.send(KAREN, "Es geht nicht.", subject="Portal zwei")
    bench.send(KAREN, "Es geht nicht.", subject="Portal drei", to="outages@bank.example")
    for name in NAMES:
        bench.send(ELLIOT, typed(name), answers=alert)
        bench.send(ELLIOT, f"{typed(name)}\n\nSo geht es wieder.", answers=alert)
        bench.send(ELLIOT, f"#{name} xyzzy", answers=alert)
        bench.send(ELLIOT, f"Hallo\n#{name}", answers=alert)
    bench.send(ELLIOT, "#reopen\n#assign ann -- kennt es\n#due 2h", answers=alert)
    bench.send(KAREN, "Immer noch.", answers=to(mails, "karen@client.example"))
    bench.send(ELLIOT, f"#ask {NOC}, bob\n\nGeht die Leitung?", answers=alert)
    bench.send(ANN, "#assign Online Banking\n#prio emergency\n#sla sev-a", subject="[#1001]", headers={})
    bench.send(ANN, "#close", subject="[#1002]")
    bench.send("mallory@elsewhere.example", "Ich auch.", subject="Re: [#1001] Portal")
    bench.send(ELLIOT, "#pending 20h -- Ersatzteile kommen", answers=alert)
    bench.wait(hours=30)
    bench.wait(days=5)
    sent = [mail for mail in bench.sent() if mail.to in AGENTS]
    assert {mail.kind for mail in sent} >= KINDS
    assert {mail.kind: english_in(mail) for mail in sent if english_in(mail)} == {}


def test_the_subject_of_a_mail_to_be_confirmed_is_told_in_its_readers_language(bench):
    (mail,) = bench.send(ELLIOT, "#close", subject="[#1001] Portal")
    assert mail.kind == "confirm"
    assert "\nBetreff: [#1001] Portal\n\n#close\n" in mail.text
    assert "Subject:" not in mail.text


# ── what was said in one language does not leave the desk in another agent's reply ───────


@pytest.fixture
def two_zones(tmp_path):
    german = '[agent.elliot]\nlanguage = "de"\ntimezone = "Europe/Berlin"'
    bench = Bench(tmp_path, CONFIG.replace("[agent.elliot]", german))
    bench.alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.")}
    return bench


@pytest.mark.parametrize(
    "quoted",
    [
        "Ann Reyes hat die Fälligkeit auf Di., 1. Dezember 2026, 10:00 Uhr CET verlegt.",
        "Ann Reyes moved the due time to Tue 1 Dec 2026, 09:00 UTC.",
    ],
)
def test_an_alert_quoted_in_a_reply_is_held_in_whatever_language_and_zone_it_came(two_zones, quoted):
    mails = two_zones.send(ANN, "#assign elliot\n#due 2026-12-01 09:00", answers=two_zones.alerts[ANN])
    said = [" ".join(mail.text.split()) for mail in mails]
    assert quoted in said[0] or "moved" in quoted, "as Elliot reads it"
    held = two_zones.send(ANN, f"Hello.\n\n{quoted}", answers=two_zones.alerts[ANN])
    assert told(held) == {("held", ANN)}


def test_a_language_and_a_zone_that_nobody_reads_are_not_looked_for(two_zones):
    two_zones.send(ANN, "#assign elliot\n#due 2026-12-01 09:00", answers=two_zones.alerts[ANN])
    moved = phrase("event.due", who="Ann Reyes", at=datetime(2026, 12, 1, 9, tzinfo=UTC))
    french = RENDERER.catalogue.words("fr").sentence(moved, UTC)
    assert ("reply", "karen@client.example") in told(two_zones.send(ANN, french, answers=two_zones.alerts[ANN]))
