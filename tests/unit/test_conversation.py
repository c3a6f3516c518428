"""Whole conversations at random: nothing internal gets out, nothing public is lost or doubled.

Requesters, collaborators and agents write as their mail programs do, quoting what they got in several
styles; agents write notes and reasons that hold canaries, and now and then paste them into an answer.
"""

from __future__ import annotations

import random
import re

import pytest

from mailgate.model import EventKind
from mailgate.rules.snapshot import ticket_json
from tests.desk import CONFIG, Bench, Sent
from tests.replay import derived

KAREN, JANE, ZOE = "karen@client.example", "jane@client.example", "zoe@elsewhere.example"
OUTSIDE = (KAREN, JANE, ZOE)
AGENTS = ("elliot@bank.example", "ann@bank.example", "bob@bank.example")
HIDDEN = "Maintenance"
WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath"),
    *("inlet", "jetty", "knoll", "larch", "maple", "north", "ocean", "pearl"),
)


def quoted(mail: Sent) -> str:
    return "\n".join(f"> {line}".rstrip() for line in mail.text.splitlines())


def attribution(mail: Sent) -> str:
    return f"On Fri, Nov 20, 2026 at 10:00 AM {mail.message['From'].partition('<')[0].strip()} <x@bank.example> wrote:"


def as_html(text: str) -> str:
    return "<br>\n".join(text.replace("&", "&amp;").replace("<", "&lt;").splitlines())


def top(text, mail):
    return {"text": f"{text}\n\n{attribution(mail)}\n\n{quoted(mail)}\n"}


def bottom(text, mail):
    return {"text": f"{attribution(mail)}\n\n{quoted(mail)}\n\n{text}\n"}


def bare_bottom(text, mail):
    return {"text": f"{quoted(mail)}\n\n{text}\n"}


def outlook(text, mail):
    head = f"-----Original Message-----\nFrom: Desk <x@bank.example>\nSent: Friday\nTo: Me\nSubject: {mail.subject}\n"
    return {"text": f"{text}\n\n{head}\n{mail.text}"}


def unmarked(text, mail):
    return {"text": f"{text}\n\n{mail.text}"}


def gmail(text, mail):
    html = (
        f"<div>{as_html(text)}</div><br><div class='gmail_quote'><div class='gmail_attr'>{attribution(mail)}</div>"
        f"<blockquote class='gmail_quote'>{as_html(mail.text)}</blockquote></div>"
    )
    return {**top(text, mail), "html": html}


def outlook_html(text, mail):
    html = (
        f"<div>{as_html(text)}</div><hr><div id='divRplyFwdMsg'><b>From:</b> Desk</div><div>{as_html(mail.text)}</div>"
    )
    return {**outlook(text, mail), "html": html}


def html_bottom(text, mail):
    html = f"<blockquote type='cite'>{as_html(mail.text)}</blockquote><div>{as_html(text)}</div>"
    return {**bottom(text, mail), "html": html}


STYLES = (top, bottom, bare_bottom, outlook, unmarked, gmail, outlook_html, html_bottom)


class Conversation:
    """One random conversation; `said` is what was publicly said, by token."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.dice = random.Random(seed)
        self.mails: dict[str, list[Sent]] = {}
        self.replies: list[str] = []
        self.messages: list[str] = []
        self.canaries: list[str] = []
        self.count = 0

    def token(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count:03d}"

    def sentence(self) -> str:
        return " ".join(self.dice.choice(WORDS) for _ in range(8))

    def canary(self) -> str:
        made = f"{self.token('CANARY')} {self.sentence()}"
        self.canaries.append(made)
        return made

    def got(self, mails: list[Sent]) -> None:
        for mail in mails:
            self.mails.setdefault(mail.to, []).append(mail)

    def some_mail(self, whom: str) -> Sent | None:
        mails = [mail for mail in self.mails.get(whom, ()) if mail.ticket]
        return self.dice.choice(mails[-6:]) if mails else None

    def write(self, who: str, text: str, mail: Sent | None = None, **more: object) -> None:
        fields: dict[str, object] = {"text": text}
        if mail:
            fields = self.dice.choice(STYLES)(text, mail) | {"answers": mail}
        fields |= more
        body = str(fields.pop("text"))
        self.got(self.bench.send(f"{who.partition('@')[0].title()} <{who}>", body, **fields))

    # ── what people do ──────────────────────────────────────────────────────────────────

    def opens(self) -> None:
        said = self.token("MSG")
        self.messages.append(said)
        to = self.dice.choice(("support@bank.example", "outages@bank.example"))
        cc = self.dice.choice(("", JANE))
        self.write(KAREN, f"{said} {self.sentence()}", subject=f"About {self.sentence()}", to=to, cc=cc)

    def answers(self) -> None:
        who = self.dice.choice((KAREN, KAREN, JANE))
        if mail := self.some_mail(who):
            said = self.token("MSG")
            self.messages.append(said)
            self.write(who, f"{said} {self.sentence()}", mail, cc=self.dice.choice(("", "", ZOE)))

    def replies_or_notes(self) -> None:
        who = self.dice.choice(AGENTS)
        if mail := self.some_mail(who):
            said = self.token("REPLY")
            self.replies.append(said)
            on_top = self.dice.choice(("", "", "#reply\n\n", "#resolved\n\n", "#pending\n\n", "#prio high\n\n"))
            self.write(who, f"{on_top}{said} {self.sentence()}", mail)

    def notes(self) -> None:
        who = self.dice.choice(AGENTS)
        if mail := self.some_mail(who):
            self.write(who, f"#note\n\n{self.canary()}\n{self.sentence()}", mail)

    def commands(self) -> None:
        who = self.dice.choice(AGENTS)
        if mail := self.some_mail(who):
            command = self.dice.choice(
                (
                    f"#transfer {HIDDEN}",
                    "#transfer Support",
                    "#transfer Systems Administrators",
                    "#assign ann",
                    "#assign Online Banking",
                    "#release",
                    "#sla sev-b",
                    "#prio emergency",
                    "#resolved",
                    "#close",
                    "#open",
                    "#topic report",
                    "#due 2h",
                    "#pending 2h",
                    f"#tag {self.token('CANARY')} portal",
                    "#untag portal",
                    "#link 1001",
                    f"#cc {ZOE} {JANE}",
                    f"#uncc {JANE}",
                )
            )
            canary = self.canary()
            text = self.dice.choice(("", f"\n{canary}\n"))
            # What stands below these alone is a note, or nobody's; a reply with a canary is what the next one tries.
            internal = command.startswith(("#transfer", "#assign")) and command != "#assign ann"
            self.write(who, f"{command} -- {canary[:40]}\n{text if internal else ''}", mail)

    def pastes(self) -> None:
        """An agent copies internal words into a public answer."""
        who = self.dice.choice(AGENTS)
        mail = self.some_mail(who)
        if mail and self.canaries:
            secret = self.dice.choice([*self.canaries, f"our {HIDDEN} people", mail.message_id])
            known = self.bench.db.one(
                "SELECT 1 FROM entry WHERE ticket = ? AND kind = 'note' AND text LIKE ?", [mail.ticket, f"%{secret}%"]
            )
            if known or "CANARY" not in secret:
                self.write(who, f"#reply\n\nAs I heard: {secret}", mail)

    def asks_by_a_word(self) -> None:
        who, word = self.dice.choice(((KAREN, "#close"), (KAREN, "#status"), (KAREN, "#reopen"), (JANE, "#leave")))
        if mail := self.some_mail(who):
            self.write(who, word, mail)

    def is_away(self) -> None:
        who = self.dice.choice((*AGENTS, KAREN))
        if mail := self.some_mail(who):
            self.write(who, "I am away.", mail, headers={"Auto-Submitted": "auto-replied"})

    def lets_time_pass(self) -> None:
        self.got(self.bench.wait(minutes=self.dice.randint(1, 400)))

    def goes_on(self, steps: int) -> None:
        self.opens()
        acts = (
            *[self.answers] * 4,
            *[self.replies_or_notes] * 5,
            *[self.notes] * 3,
            *[self.commands] * 4,
            *[self.pastes] * 2,
            self.opens,
            self.asks_by_a_word,
            self.is_away,
            self.lets_time_pass,
        )
        for _ in range(steps):
            self.dice.choice(acts)()


def own_words(mail: Sent) -> str:
    """The text without what it quotes."""
    return "\n".join(line for line in mail.text.splitlines() if not line.startswith(">"))


@pytest.mark.parametrize("seed", range(12))
def test_nothing_internal_gets_out_and_nothing_public_is_lost(tmp_path, seed):
    bench = Bench(
        tmp_path, CONFIG + '[notices]\nfollow_up = true\nstatus_changes = ["resolved", "closed", "reopened"]\n'
    )
    talk = Conversation(bench, seed)
    talk.goes_on(40)
    outgoing = bench.sent()

    for mail in outgoing:
        if mail.to in OUTSIDE:
            assert "CANARY" not in mail.everything, f"an internal word in {mail.kind} to {mail.to}"
            assert HIDDEN.lower() not in mail.everything.lower(), f"a hidden department in {mail.kind} to {mail.to}"
            keys = bench.desk.keyring.find(mail.everything)
            assert all(key.kind.to_requester for key in keys), "an agent's key"
        else:
            assert mail.to in {*AGENTS, "vera@bank.example", "root@ops.example"}

    for number in bench.numbers():
        shown = ticket_json(bench.ticket(number))
        assert derived(bench.events(number)) == {name: shown[name] for name in derived(bench.events(number))}
        check_replies(bench, number, outgoing)
    assert not bench.db.all("SELECT error FROM inbox WHERE state NOT IN ('done', 'held', 'dropped', 'quarantined')")
    assert not bench.db.all("SELECT error FROM inbox WHERE reason = 'poison'")
    assert any(kind == "reply" for number in bench.numbers() for kind, _ in bench.thread(number)), "something was said"


def check_replies(bench: Bench, number: int, outgoing: list[Sent]) -> None:
    """Each public reply went once to the requester, and never twice to anybody."""
    replied = sum(event.kind is EventKind.REPLIED for event in bench.events(number))
    said = [text for kind, text in bench.thread(number) if kind == "reply"]
    assert replied == len(said)
    for text in said:
        token = re.search(r"REPLY\d+", text)
        if not token:
            continue
        copies = [m.to for m in outgoing if m.kind == "reply" and m.ticket == number and token[0] in own_words(m)]
        assert copies.count(bench.ticket(number).requester.email) == 1, f"{token[0]} to {copies}"
        assert len(copies) == len(set(copies))
