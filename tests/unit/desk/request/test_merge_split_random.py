"""Merges and splits in any order: no word is lost, doubled or read by somebody whom it was not for."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.rules.ticket.as_json import ticket_json
from mailgate.store.tickets import histories, merged, tickets
from tests.desk import CONFIG, Bench, Sent
from tests.replay import derived

PEOPLE = ("karen@client.example", "jane@other.example", "lee@third.example")
AGENTS = ("elliot@bank.example", "ann@bank.example")
TOKEN = re.compile(r"WORD\d+")

steps = st.lists(
    st.tuples(
        st.sampled_from(["merge", "merge", "undo", "split", "write", "write", "reply", "note", "reply to old", "open"]),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=4,
    max_size=14,
)


class Desk:
    """A desk with three requesters; `meant` are the people for whom each word was written."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder, CONFIG)
        self.meant: dict[str, set[str]] = {}
        self.came: set[str] = set()  # words of requesters: none of them may be lost
        for who in PEOPLE:
            self.open(who)
        self.open(PEOPLE[0])

    def word(self, *people: str) -> str:
        word = f"WORD{len(self.meant):03d}"
        self.meant[word] = set(people)
        return word

    def comes(self, who: str) -> str:
        word = self.word(who)
        self.came.add(word)
        return word

    def open(self, who: str) -> None:
        word = self.comes(who)
        self.bench.send(f"Somebody <{who}>", f"{word} does not work.", subject=f"About {word}")

    def mails(self, *kinds: str) -> list[Sent]:
        return [mail for mail in self.bench.sent() if mail.kind in kinds and mail.ticket]

    def do(self, what: str, one: int, two: int) -> None:
        numbers, bench = self.bench.numbers(), self.bench
        number, other = numbers[one % len(numbers)], numbers[two % len(numbers)]
        alerts = [mail for mail in self.mails("new-ticket", "new-message") if mail.to in AGENTS]
        alert = alerts[one * 7 % len(alerts)]
        match what:
            case "open":
                self.open(PEOPLE[one % len(PEOPLE)])
            case "merge":
                bench.send(alert.to, f"#ticket {number}\n#merge {other}", answers=alert)
            case "undo":
                bench.send(alert.to, f"#ticket {number}\n#split", answers=alert)
            case "split":
                bench.send(alert.to, "#split", answers=alert)
            case "write":
                theirs = self.mails("acknowledgement", "reply", "opened-for-you")
                mail = theirs[one * 5 % len(theirs)]
                bench.send(mail.to, f"{self.comes(mail.to)} as well.", answers=mail)
            case "reply":
                self.reply(alerts[-1 - two % 3 % len(alerts)])
            case "reply to old":
                self.reply(alert)
            case "note":
                bench.send(alert.to, f"#note\n\n{self.word()} inside.", answers=alert)

    def reply(self, alert: Sent) -> None:
        """The agent writes to whom the alert says that the answer goes."""
        shown = re.search(r"^Requester: +(?:.*<)?([^\s<>]+@[^\s<>]+?)>?$", alert.text, re.MULTILINE)
        assert shown
        self.bench.send(alert.to, f"{self.word(shown[1])} is our answer.", answers=alert)


@settings(max_examples=15)
@given(steps)
def test_whatever_is_merged_and_split_each_word_stays_once_and_with_whom_it_was_for(run):
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        for what, one, two in run:
            desk.do(what, one, two)
        bench = desk.bench
        check_mails(desk)
        check_entries(desk)
        check_tickets(bench)
        assert not bench.db.all("SELECT error FROM inbox WHERE error <> ''")
        bench.db.close()


def check_mails(desk):
    for mail in desk.bench.sent():
        if mail.to in PEOPLE:
            for word in TOKEN.findall(mail.everything):
                assert mail.to in desk.meant[word], (
                    f"{mail.to} reads {word} in {mail.kind}, written for {desk.meant[word]}"
                )
            others = {email for email in PEOPLE if email != mail.to}
            assert not [email for email in others if email in mail.everything]


def check_entries(desk):
    """Each stored word stands in one entry, each entry in one history and no other."""
    bench = desk.bench
    texts = [row["text"] for row in bench.db.all("SELECT text FROM entry")]
    said = [word for text in texts for word in TOKEN.findall(text)]
    assert len(said) == len(set(said))
    roots = [number for number in bench.numbers() if not bench.ticket(number).merged_into]
    whole = [entry.id for number in roots for entry in histories.whole_thread(bench.db, number)]
    assert sorted(whole) == [row["id"] for row in bench.db.all("SELECT id FROM entry ORDER BY id")]
    assert desk.came <= set(said)
    for number in bench.numbers():
        assert tickets.thread(bench.db, number), f"nothing is left of {number}"


def check_tickets(bench):
    for number in bench.numbers():
        ticket = bench.ticket(number)
        shown = ticket_json(ticket)
        told = derived(bench.events(number))
        assert told == {name: shown[name] for name in told}
        assert all(bench.ticket(other).merged_into == number for other in ticket.merged)
        if ticket.merged_into:
            assert number in bench.ticket(ticket.merged_into).merged
            assert ticket.status == "closed"
            assert merged.end_of(bench.db, number) != number
