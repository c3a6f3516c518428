"""Whole conversations at random: nothing internal gets out, nothing public is lost or doubled.

Requesters, collaborators and agents write as their mail programs do, quoting what they got in several styles and as
eleven programs write, with a signature of their own, and tap links of any notice; agents write notes and reasons that
hold canaries, and now and then paste them into an answer. They ask an expert outside, merge and split, open tickets
for people and forward their mail, put people in Cc, write to a requester directly, and cross each other's answers.
Each public answer reaches whom the answered notice promised, or whom its author named; nobody reads a bare signature.
Whatever somebody wrote is in a thread, or came back to its author.
"""

from __future__ import annotations

import json
import random
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest

from mailgate.store.queues import inbox, outbox
from mailgate.store.tickets import tickets
from mailgate.ticket import Event, EventKind
from mailgate.worker import batch
from tests.desk import CONFIG, Bench, Sent
from tests.mail_programs import PROGRAMS, written
from tests.replay import untold

KAREN, JANE, ZOE = "karen@client.example", "jane@client.example", "zoe@elsewhere.example"
NINA, EVA = "nina@client.example", "eva@vendor.example"
OUTSIDE = (KAREN, JANE, ZOE, NINA)  # Eva is asked by agents alone, and reads what she is asked
AGENTS = ("elliot@bank.example", "ann@bank.example", "bob@bank.example")
HIDDEN = "Maintenance"
TOKEN = re.compile(r"(?:MSG|REPLY|CANARY|NEW)\d{3,}")
TRUSTED = '[trust]\ndomains = ["bank.example"]\n'
PASS = {
    "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example; dkim=pass header.d=bank.example",
    "DKIM-Signature": "v=1; d=bank.example; s=x; h=from:subject:to; b=x; bh=x",
}
FORWARD = """{own}

---------- Forwarded message ---------
From: Nina Client <{nina}>
Date: Fri, Nov 20, 2026 at 8:31 AM
Subject: About {subject}
To: <{agent}>

{text}
"""
SIGNED = {
    "elliot@bank.example": "Best regards\nElliot Alderson\nSupport Engineer",
    "ann@bank.example": "Ann Reyes\nFirst Bank, Room 12\n+1 555 010 1000",
    "bob@bank.example": "Mit freundlichen Grüßen\nBob Base",
}
_LINKS = re.compile(r"^(?:\[\d+\] )?((?:Answer|Note|Send it to)[\w ]*): mailto:", re.MULTILINE)
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


def _link(mail: Sent, label: str) -> tuple[str, str, str]:
    found = re.search(
        rf"^(?:\[\d+\] )?{re.escape(label)}: mailto:(\S+?)\?subject=(\S+?)&body=(\S*)$", mail.text, re.MULTILINE
    )
    assert found
    return found[1], found[2], found[3]


class Conversation:
    """One random conversation.

    `trusted`: agents' mail passes DMARC; else their keys alone prove it. `together`: mails
    wait and are worked several in a transaction.
    """

    def __init__(self, bench: Bench, seed: int, *, trusted: bool, together: bool) -> None:
        self.bench = bench
        self.trusted = trusted
        self.together = together
        self.direct: set[tuple[str, str]] = set()  # replies that somebody had directly, and who
        self.opened_for: list[str] = []  # words with which a ticket was opened for Nina
        self.asked: list[str] = []  # what Eva was asked, and what she answered
        self.dice = random.Random(seed)
        self.mails: dict[str, list[Sent]] = {}
        self.replies: list[str] = []
        self.messages: list[str] = []
        self.canaries: list[str] = []
        self.count = 0
        self.answered: dict[str, Sent] = {}  # the notice that a reply answers
        self.outright: set[str] = set()  # replies whose author said that they are public
        self.wrote: dict[str, str] = {}  # who wrote each text, by its token; without reasons of commands

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
        if mail and self.dice.random() < 0.5:
            fields = self.dice.choice(STYLES)(text, mail) | {"answers": mail}
        elif mail:
            fields = written(self.dice.choice([*PROGRAMS]), text, SIGNED.get(who, ""), mail)
        if mail and who in AGENTS:
            self.answered |= {token: mail for token in TOKEN.findall(text) if token.startswith("REPLY")}
        fields |= more
        if self.trusted and who in AGENTS:
            fields |= {"authserv_ids": ("mx.bank.example",), "headers": PASS | dict(fields.get("headers") or {})}
        for line in text.split("\n"):
            self.wrote |= {token: who for token in TOKEN.findall(line) if not line.startswith("#")}
        body = str(fields.pop("text"))
        self.hand_over()
        self.bench.now += timedelta(minutes=self.dice.choice((0, 0, 1, 10)))
        self.bench.take(f"{who.partition('@')[0].title()} <{who}>", body, **fields)
        if not self.together or self.dice.random() < 0.3:
            self.work()

    def work(self) -> None:
        self.got(self.bench.drain())

    def hand_over(self) -> None:
        """The relay takes all that waits."""
        with self.bench.db.transaction():
            rows = self.bench.db.all("SELECT id FROM outbox WHERE state = 'queued'")
            outbox.sent(self.bench.db, [(row["id"], "250 ok") for row in rows], self.bench.now)

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
            cc = self.dice.choice(("", "", "", "", ZOE, JANE))
            self.direct.add((said, cc))
            self.outright |= {said} if "#reply" in on_top else set()
            self.write(who, f"{on_top}{said} {self.sentence()}", mail, cc=cc)

    def first_answer(self) -> None:
        """So that something is said, whatever follows."""
        who = next(agent for agent in AGENTS if self.mails.get(agent))
        said = self.token("REPLY")
        self.replies.append(said)
        self.write(who, f"{said} {self.sentence()}", self.mails[who][0])

    def taps(self) -> None:
        """An agent taps Answer or Note, or sends on what became a note, and types above or below what is filled in."""
        who = self.dice.choice(AGENTS)
        mail = self.some_mail(who)
        label = (
            self.dice.choice([each for each in _LINKS.findall(mail.text) if each != "Claim"] or [""]) if mail else ""
        )
        if not label or (label.startswith("Send") and "CANARY" in self.kept(mail)):
            return
        if label.startswith("Send"):  # whoever this mail names is whom its reader sends it to
            self.answered |= dict.fromkeys(TOKEN.findall(self.kept(mail)), mail)
        said = "" if label.startswith("Send") else self.token("REPLY" if label.startswith("Answer") else "CANARY")
        if said.startswith("REPLY"):
            self.replies.append(said)
            self.answered[said] = mail
            self.outright.add(said)
        elif said:
            self.canaries.append(f"{said} {self.sentence()}")
            said = self.canaries[-1]
        address, subject, filled = (unquote(each).replace("\r\n", "\n") for each in _link(mail, label))
        text = f"{said} {self.sentence()}" if said.startswith("REPLY") else said
        body = self.dice.choice(("{0}\n{1}\n\n{2}", "{1}\n{0}\n\n{2}") if said else ("{1}\n{2}",))
        self.write(who, body.format(text, filled, SIGNED[who]), to=address, subject=subject)

    def kept(self, mail: Sent) -> str:
        """The text that became a note, of the mail that tells so."""
        sql = "SELECT text FROM entry WHERE inbox_id = (SELECT inbox_id FROM outbox WHERE message_id = ?)"
        return "".join(row["text"] for row in self.bench.db.all(sql, [mail.message_id]))

    def only_signs(self) -> None:
        """A mail of a signature and nothing else, also below a command."""
        who = self.dice.choice(AGENTS)
        if mail := self.some_mail(who):
            command = self.dice.choice(("", "#prio high", "#assign ann", "#open"))
            fields = written(self.dice.choice([*PROGRAMS]), command, SIGNED[who], mail)
            self.write(who, str(fields.pop("text")), **fields)

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
        """An agent copies internal words into a public answer, or where requesters read them as well."""
        who = self.dice.choice(AGENTS)
        mail = self.some_mail(who)
        if mail and self.canaries:
            secret = self.dice.choice([*self.canaries, f"our {HIDDEN} people", mail.message_id])
            known = self.bench.db.one(
                "SELECT 1 FROM entry WHERE ticket = ? AND kind = 'note' AND text LIKE ?", [mail.ticket, f"%{secret}%"]
            )
            if known or "CANARY" not in secret:
                ways = (
                    "#reply\n\nAs I heard: {}",
                    "#subject {}",
                    f'#cc "{{}}" <{JANE}>',
                    "#subject {}\n#note\n\nSo it is.",
                )
                self.write(who, self.dice.choice((ways[0], *ways)).format(secret), mail)

    def asks_somebody(self) -> None:
        """An agent asks a colleague, or somebody outside who reads that one text."""
        who = self.dice.choice(AGENTS)
        if mail := self.some_mail(who):
            whom, question = self.dice.choice((EVA, EVA, "bob", "ann", f"elliot@bank.example {EVA}")), self.canary()
            if EVA in whom:
                self.asked.append(question)
            self.write(who, f"#note {whom}\n\n{question}", mail)

    def eva_answers(self) -> None:
        if mail := self.some_mail(EVA):
            answer = self.canary()
            self.asked.append(answer)
            self.write(EVA, f"{answer}\n{self.sentence()}", mail, to=mail.reply_to)

    def restructures(self) -> None:
        who = self.dice.choice(AGENTS)
        if mail := self.some_mail(who):
            others = [number for number in self.bench.numbers() if number != mail.ticket]
            merges = [f"#merge {number}" for number in others[:2] + others[-1:]]
            command = self.dice.choice((*merges, "#split", "#split", "#split"))
            self.write(who, self.dice.choice((command, f"{command} -- {self.canary()[:30]}")), mail)

    def opens_for_somebody(self) -> None:
        who = self.dice.choice(AGENTS)
        if mail := self.some_mail(who):
            said = self.token("NEW")
            self.opened_for.append(said)
            self.write(who, f"#new Nina Client <{NINA}>\n\n{said} {self.sentence()}", mail)

    def forwards(self) -> None:
        """An agent forwards Nina's mail, with words for colleagues above it."""
        who, said = self.dice.choice(AGENTS), self.token("MSG")
        words = {"own": self.canary(), "subject": self.sentence(), "text": f"{said} {self.sentence()}"}
        self.write(who, FORWARD.format(nina=NINA, agent=who, **words), subject=f"Fwd: About {words['subject']}")

    def writes_directly(self) -> None:
        """An agent answers the requester from their own mailbox, the desk in Cc."""
        who = self.dice.choice(AGENTS)
        mail = self.some_mail(who)
        if mail and mail.ticket:
            said, ticket = self.token("REPLY"), self.bench.ticket(mail.ticket)
            self.replies.append(said)
            self.direct.add((said, ticket.requester.email))
            fields = {"to": ticket.requester.email, "cc": "support@bank.example", "rcpt": ("support@bank.example",)}
            self.write(who, f"{said} {self.sentence()}", subject=f"Re: [#{mail.ticket}] Hello", **fields)

    def confirms(self) -> None:
        """An agent taps the link of a mail that was held: an overtaken answer, or one that nothing proved.

        What the leak guard holds could be sent as well, by who means it; nobody here does.
        """
        who = self.dice.choice(AGENTS)
        held = [mail for mail in self.mails.get(who, ()) if mail.kind in ("held", "confirm")]
        held = [mail for mail in held if "internal text" not in mail.text]
        if held and (code := re.search(r"%23confirm%20(\w+)", self.dice.choice(held[-3:]).text)):
            self.write(who, f"#confirm {code[1]}", subject="Yes")

    def asks_by_a_word(self) -> None:
        who, word = self.dice.choice(((KAREN, "#close"), (KAREN, "#status"), (KAREN, "#reopen"), (JANE, "#leave")))
        if mail := self.some_mail(who):
            self.write(who, word, mail)

    def is_away(self) -> None:
        who = self.dice.choice((*AGENTS, KAREN))
        if mail := self.some_mail(who):
            self.write(who, "I am away.", mail, headers={"Auto-Submitted": "auto-replied"})

    def lets_time_pass(self) -> None:
        self.work()
        self.got(self.bench.wait(minutes=self.dice.randint(1, 400)))

    def goes_on(self, steps: int) -> None:
        self.opens()
        self.work()
        self.first_answer()
        acts = (
            *[self.answers] * 4,
            *[self.replies_or_notes] * 9,
            *[self.notes] * 2,
            *[self.taps] * 4,
            self.only_signs,
            *[self.commands] * 4,
            *[self.pastes] * 2,
            *[self.asks_somebody] * 2,
            *[self.confirms] * 2,
            self.eva_answers,
            *[self.restructures] * 2,
            self.opens_for_somebody,
            self.forwards,
            *[self.writes_directly] * 2,
            self.opens,
            self.asks_by_a_word,
            self.is_away,
            self.lets_time_pass,
        )
        for _ in range(steps):
            self.dice.choice(acts)()
        self.work()


def own_words(mail: Sent) -> str:
    """The text without what it quotes."""
    return "\n".join(line for line in mail.text.splitlines() if not line.startswith(">"))


@pytest.mark.seeds(*range(12))
def test_nothing_internal_gets_out_and_nothing_public_is_lost(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(batch, "HOLD", 60.0)  # however slow the machine
    trusted, together = seed % 2 == 1, seed % 3 == 2
    notices = '[notices]\nfollow_up = true\nstatus_changes = ["resolved", "closed", "reopened"]\n'
    bench = Bench(tmp_path, CONFIG + notices + (TRUSTED if trusted else ""))
    talk = Conversation(bench, seed, trusted=trusted, together=together)
    talk.goes_on(52)
    outgoing = bench.sent()

    for mail in outgoing:
        if mail.to in OUTSIDE:
            check_outside(bench, mail)
        elif mail.to == EVA:
            check_asked(bench, mail, talk)
        else:
            assert mail.to in {*AGENTS, "vera@bank.example", "root@ops.example"}

    for number in bench.numbers():
        assert not untold(bench.ticket(number), bench.events(number))
    check_replies(bench, talk, outgoing)
    check_promises(bench, talk, outgoing)
    check_notes(bench, talk)
    check_signatures(bench)
    check_nothing_vanished(bench, talk, outgoing)
    assert not bench.db.all("SELECT error FROM inbox WHERE state NOT IN ('done', 'held', 'dropped', 'quarantined')")
    assert not bench.db.all("SELECT error FROM inbox WHERE reason = 'poison'")
    assert any(kind == "reply" for number in bench.numbers() for kind, _ in bench.thread(number)), "something was said"
    bench.db.close()


def check_outside(bench: Bench, mail: Sent) -> None:
    """What a requester or collaborator reads holds nothing internal."""
    assert "CANARY" not in mail.everything, f"an internal word in {mail.kind} to {mail.to}"
    assert HIDDEN.lower() not in mail.everything.lower(), f"a hidden department in {mail.kind} to {mail.to}"
    assert EVA not in mail.everything, "who was asked"
    keys = bench.desk.keyring.find(mail.everything)
    assert all(key.kind.to_requester for key in keys), "an agent's key"


def check_asked(bench: Bench, mail: Sent, talk: Conversation) -> None:
    """Somebody outside who is asked reads the question, and nothing else of the ticket."""
    assert mail.kind == "asked"
    known = set(TOKEN.findall(" ".join(talk.asked)))
    assert not set(TOKEN.findall(mail.everything)) - known, "words that are none of Eva's"
    assert KAREN not in mail.everything
    assert {key.kind for key in bench.desk.keyring.find(mail.everything)} <= {"asked"}


def check_replies(bench: Bench, talk: Conversation, outgoing: list[Sent]) -> None:
    """Each public reply went once to the requester, never twice to anybody; what was held or refused to nobody."""
    answers = (EventKind.REPLIED, EventKind.PUBLISHED)
    replied = sum(event.kind in answers for number in bench.numbers() for event in bench.events(number))
    posted = [
        entry for number in bench.numbers() for entry in tickets.thread(bench.db, number) if entry.kind == "reply"
    ]
    assert replied == len(posted)
    said = {found[0]: entry for entry in posted if (found := TOKEN.search(entry.text))}
    for token in talk.replies:
        copies = [mail.to for mail in outgoing if mail.kind == "reply" and token in own_words(mail)]
        assert len(copies) == len(set(copies)), f"{token} to {copies}"
        if token not in said:
            reached = [mail.to for mail in outgoing if mail.to in OUTSIDE and token in own_words(mail)]
            assert not reached, f"{token} was not said"
            continue
        requester = requester_of(bench, token)
        has_it = (token, requester) in talk.direct or requester == said[token].author.email
        assert copies.count(requester) == (not has_it), f"{token} to {copies}; the requester is {requester}"
    for token in talk.opened_for:
        assert sum(mail.to == NINA and token in own_words(mail) for mail in outgoing) <= 1


def check_promises(bench: Bench, talk: Conversation, outgoing: list[Sent]) -> None:
    """A reply reached only whom the answered notice promised, or whom its author put on the ticket or sent it on to."""
    released = {token for mail in outgoing if mail.kind == "held" for token in TOKEN.findall(mail.text)}
    for token, mail in talk.answered.items():
        row = bench.db.one("SELECT readers FROM outbox WHERE message_id = ?", [mail.message_id])
        entry = bench.db.one("SELECT by, author_email FROM entry WHERE kind = 'reply' AND text LIKE ?", [f"%{token}%"])
        if token in released or entry is None or row["readers"] is None:
            continue
        events = [event for number in bench.numbers() for event in bench.events(number) if str(event.by) == entry["by"]]
        chosen = {email for event in events for email in OUTSIDE if email in str(event.after)}
        reached = {each.to for each in outgoing if each.kind == "reply" and token in own_words(each)}
        promised = set(json.loads(row["readers"]))
        assert reached <= promised | chosen, f"{token} to {reached}, promised {promised}"
        has_it = {entry["author_email"], *(email for said, email in talk.direct if said == token)}
        missed = promised - reached - has_it - left(events_of(bench))
        assert not missed, f"{token} to {reached}, promised {promised}"


def check_notes(bench: Bench, talk: Conversation) -> None:
    """An answer to an alert that promised a note is public only if its author said so, then or with `#send`."""
    sent = [dict(event.after)["entry"] for event in events_of(bench) if event.kind is EventKind.PUBLISHED]
    for token, mail in talk.answered.items():
        row = bench.db.one("SELECT id FROM entry WHERE kind = 'reply' AND text LIKE ?", [f"%{token}%"])
        meant = token in talk.outright or row is None or row["id"] in sent
        assert meant or "stays an internal note" not in mail.text, f"{token} answers a {mail.kind}"


def events_of(bench: Bench) -> list[Event]:
    return [event for number in bench.numbers() for event in bench.events(number)]


def left(events: list[Event]) -> set[str]:
    """Whoever was taken off a ticket, or went, at any time; merging and splitting moves people, too."""
    off: set[str] = set()
    for event in events:
        if event.kind in (EventKind.CC_CHANGED, EventKind.REQUESTER_CHANGED):
            off |= {email for email in OUTSIDE if email in str(event.before)}
        if event.kind in (EventKind.MERGED, EventKind.SPLIT):
            return set(OUTSIDE)
    return off


def check_nothing_vanished(bench: Bench, talk: Conversation, outgoing: list[Sent]) -> None:
    """What was written stands in a thread, waits to be confirmed, or came back to its author."""
    kept = set(TOKEN.findall("\n".join(text for number in bench.numbers() for _, text in bench.thread(number))))
    aside = bench.db.all("SELECT id FROM inbox WHERE state IN ('held', 'quarantined')")
    kept |= {token for row in aside for token in TOKEN.findall(inbox.raw(bench.db, row["id"]).decode())}
    back = {(token, mail.to) for mail in outgoing if mail.agent for token in TOKEN.findall(mail.text)}
    gone = {token: who for token, who in talk.wrote.items() if token not in kept and (token, who) not in back}
    assert not gone, f"vanished: {gone}"


def check_signatures(bench: Bench) -> None:
    """No entry is a signature and nothing besides."""
    texts = [text for number in bench.numbers() for _, text in bench.thread(number)]
    assert not [
        text for text in texts for signature in SIGNED.values() if " ".join(text.split()) == " ".join(signature.split())
    ]


def requester_of(bench: Bench, token: str) -> str:
    """For whom a reply was written: the requester of the ticket that it came for."""
    row = bench.db.one("SELECT ticket, came_for FROM entry WHERE kind = 'reply' AND text LIKE ?", [f"%{token}%"])
    return bench.ticket(row["came_for"] or row["ticket"]).requester.email
