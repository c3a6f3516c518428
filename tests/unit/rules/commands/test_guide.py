"""docs/agents.md and docs/requesters.md against what #help says and the desk does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailgate.rules.commands.help import EVERY_DAY, GUIDE
from mailgate.rules.commands.requester_words import WORDS
from mailgate.settings import Tickets
from tests.desk import ANN, KAREN, Bench, to
from tests.notices import ENGLISH

ROOT = Path(__file__).parents[4]
PAGES = ((ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("agents", "requesters"))
AGENTS, REQUESTERS = (" ".join(page.split()) for page in PAGES)
ALL = {
    "#assign NAME -- why": "#assign Elliot -- his case",
    "#transfer DEPARTMENT": "#transfer Maintenance",
}


def test_the_page_says_what_help_says() -> None:
    for name in GUIDE:
        for sentence in ENGLISH.phrases[f"guide.{name}"].split(". "):
            assert sentence.rstrip(".") in AGENTS, name


def test_the_commands_of_every_day_are_those_of_the_page() -> None:
    found = re.findall(r"\| `(#[^`]+)` \| ([^|]+) \|", AGENTS)
    assert found == [(typed, ENGLISH.phrases[f"guide.{name}"]) for typed, name in EVERY_DAY]


def test_the_page_can_be_printed_on_one() -> None:
    lines = (ROOT / "docs/agents.md").read_text("utf-8").splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("typed", [typed for typed, _ in EVERY_DAY])
def test_a_command_of_every_day_is_carried_out_as_it_stands_there(tmp_path: Path, typed: str) -> None:
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "The portal is down."), "ann@bank.example")
    text = "\n\nBehind the scenes." if typed == "#note" else ""
    mails = bench.send(ANN, ALL.get(typed, typed) + text, answers=alert)
    assert "command-failed" not in {mail.kind for mail in mails}
    bench.db.close()


def test_the_example_answers_and_resolves(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "The printer is jammed."), "ann@bank.example")
    example = "\n".join(re.findall(r"(?m)^ {4}(.*)$|^$", (ROOT / "docs/agents.md").read_text("utf-8"))).strip()
    reply = to(bench.send(ANN, example, answers=alert), "karen@client.example")
    assert "Hello Karen,\n\nthe printer works again." in reply.text
    assert bench.ticket().status == "resolved"
    bench.db.close()


def test_help_sends_the_page_along(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "The portal is down."), "ann@bank.example")
    text = " ".join(to(bench.send(ANN, "#help", answers=alert), "ann@bank.example").text.split())
    first, _, every = text.partition("All commands:")
    assert "Amber: it stays an internal note" in first
    assert "#snooze fri pending until then" in first
    assert "#transfer DEPARTMENT" in every
    bench.db.close()


def test_the_colours_are_those_of_the_mails() -> None:
    page = (ROOT / "templates/_agent.html").read_text("utf-8")
    public, internal = re.findall(r"background-color:#(\w{6});color", page)[:2]
    assert "if public" in page[page.index(public) - 200 : page.index(internal)]
    (red, green, blue), amber = (tuple(bytes.fromhex(each)) for each in (public, internal))
    assert green > red
    assert green > blue
    assert amber[0] > amber[1] > amber[2]


def test_what_requesters_are_told_is_true() -> None:
    assert set(re.findall(r"`#(\w+)`", REQUESTERS)) == {word for words in WORDS.values() for word in words}
    days = Tickets().reopen_within.days
    assert f"just answer: for {days} days that opens it again" in REQUESTERS.replace("> ", "")
