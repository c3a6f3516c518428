"""The day: who writes, reads and answers, from Monday night to Tuesday evening."""

from __future__ import annotations

import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from scripts.day.hands import ZONE, Hands
from scripts.day.mutt import Mutt
from scripts.day.page import CUT, Page, as_read, as_written, shortened
from tests.acceptance.people import Got, Person, apple, gmail, outlook
from tests.acceptance.world import TIMED, News, World, wait_until

DESK = f"""\
[desk]
name = "First Bank Help Desk"
timezone = "{ZONE}"

[address."support@bank.example"]
name = "First Bank Support"
plus = true                         # support+anything@ reaches the desk, too

[smtp]
listen = "127.0.0.1:0"

[relay]
port = RELAY_PORT

[department.Support]
manager = "ann"

[department."Systems Administrators"]

[agent.ann]
name = "Ann Reyes"
email = ["ann@bank.example"]
digest = "08:00"                    # what waits for her, each morning
quiet = "20:00-07:00"               # and nothing at night, unless it burns

[agent.elliot]
name = "Elliot Alderson"
email = ["elliot@bank.example"]
departments = ["Support", "Systems Administrators"]

[sla."Till"]
resolve = "2h"

[topic."Card reader"]
sla = "Till"
priority = "High"

[[rule]]
name = "Tills take no cards"
when = {{ subject = {{ matches = '(?i)card reader' }} }}
then = {{ topic = "Card reader" }}
"""
KAREN_AT_HOME = Person("Karen Client", "karen@client.example", gmail)
KAREN_AT_WORK = Person("Karen Client", "karen@client.example", outlook)
DANA = Person("Dana Till", "dana@client.example", apple)
ELLIOT = Person("Elliot Alderson", "elliot@bank.example", apple)
ANN = "ann@bank.example"
RULE = "-" * 70
INTRODUCTION = """Karen and Dana need help; Ann and Elliot help them. Nobody logs in anywhere.
`scripts/day-in-the-life` writes this page. It plays it all on a real daemon over real SMTP: Ann reads and answers in
mutt, the others' mails have the form that Gmail, Outlook and Apple Mail give them. Only the clock is moved by hand.
[…] stands where a mail goes on with what was shown before, or with the signed part of a link or address."""


class Day:
    """A desk, a page about it, and what the scenes do with both."""

    def __init__(self, folder: Path) -> None:
        self.hands = Hands(folder, "2026-11-16 21:40")
        self.page = Page("A day in the life of a help desk")
        self.world = World(folder, DESK)
        self._told = 0

    def __enter__(self) -> Self:
        os.environ.update(self.hands.environment)
        self.world.__enter__()
        self.world.start()
        self.mutt = Mutt(self.world.folder / "ann", "Ann Reyes", ANN, self.world.port, self.hands.environment)
        return self

    def __exit__(self, *error: object) -> None:
        self.world.__exit__(*error)  # type: ignore[arg-type]

    def scene(self, when: str, title: str) -> None:
        """Time passes."""
        day, _, hour = when.partition(" ")
        self.hands.move(f"{ {'Mon': '2026-11-16', 'Tue': '2026-11-17'}[day] } {hour}")
        self.page.scene(hour if day == "Tue" else when, title)

    def sends(self, mail: EmailMessage) -> News:
        """Somebody writes to the desk: what comes of it."""
        self.page.block(as_written(mail))
        self.world.send(mail)
        return self.comes()

    def comes(self, until: str = "") -> News:
        """What the desk sends; `until` a mail of this kind is there, which nobody's mail has caused."""

        def done() -> bool:
            arrived = until in {"", *(mail.kind for mail in self.world.taken[self._told :])}
            return arrived and not self._busy()

        wait_until(done, self.world.log_text)
        news = self.world.wait_for(ANN, until) if until in TIMED else self.world.news()
        self._told = self.world.count
        for mail in news[ANN]:
            self.mutt.gets(mail.raw)
        return news

    def _busy(self) -> bool:
        """Whether any mail is on its way that does not wait for its hour."""
        ((busy,),) = self.world.sql(
            "SELECT (SELECT count(*) FROM inbox WHERE state IN ('new', 'working'))"
            " + (SELECT count(*) FROM outbox WHERE state = 'sending' OR state = 'queued' AND next_attempt_at <= ?)",
            self.hands.now.timestamp() + 60,
        )
        return bool(busy)

    def ann_reads(self, mail: Got, *, until: str = "") -> None:
        """Ann opens a mail in mutt."""
        self.page.block(shortened(self.mutt.reads(mail.id), until=until, quotes=False))

    def ann_answers(self, mail: Got, words: str) -> News:
        """Ann presses r in mutt."""
        left = self.mutt.answers(mail.id, words)
        self.page.block(as_written(left))
        return self.comes()

    def shell(self, command: str, *, without: str = "") -> None:
        """The administrator asks at a shell; the thread, from where it begins with `without`, is not shown."""
        words = [sys.executable, "-m", "mailgate", *command.split()[1:], "-c", str(self.world.file)]
        environment = os.environ | {"COLUMNS": "110", "NO_COLOR": "1"}
        done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
        shown = done.stdout
        if without:
            head, events = shown.split(without)[0], shown.partition("--- events")[2]
            shown = f"{head.rstrip()}\n{CUT}\n--- events{events}"
        self.page.block(f"$ {command}\n{shown}")


def play(day: Day) -> None:
    """From scene to scene; each goes on with the mails that the last one brought."""
    day.page.tells(INTRODUCTION)
    _at_night(day)
    message = _in_the_morning(day)
    _among_agents(day, message)
    reminder = _card_reader(day)
    resolved = _solved(day, reminder)
    _again(day, resolved)
    _afterwards(day)


def _at_night(day: Day) -> None:
    day.scene("Mon 21:40", "Karen writes")
    day.page.tells(
        """Karen works from home tonight. She writes from Gmail in her browser, to an address like any other:"""
    )
    news = day.sends(
        KAREN_AT_HOME.writes(
            "VPN drops every few minutes",
            "Hello,\n\nsince this evening the VPN throws me out every few minutes. I have to close the"
            " books by Wednesday.\n\nKaren",
        )
    )
    day.page.tells("""A moment later she has a number. (She has never written before, so nothing of her text is in the
        answer: anybody might have put her address there.)""")
    day.page.block(as_read(news.only(KAREN_AT_HOME.email, "acknowledgement")))
    day.page.tells("""Elliot is told at once. Ann's quiet hours last until seven; her alert waits.""")
    assert news.kinds == {KAREN_AT_HOME.email: ["acknowledgement"], ELLIOT.email: ["new-ticket"]}


def _in_the_morning(day: Day) -> Got:
    day.hands.move("2026-11-17 07:00")
    alert = day.comes("new-ticket").only(ANN)
    day.scene("Tue 08:00", "Ann opens mutt")
    digest = day.comes("digest").only(ANN)
    day.page.tells("""Her digest says what waits:""")
    day.ann_reads(digest)
    day.page.tells("""The alert came at seven. This is all of it; what a program shows as a link is cut short here:""")
    day.ann_reads(alert)
    day.page.tells("""The first line says where an answer goes. Ann presses `r`, writes, and sends. No command, no form:
        who answers an open request has it.""")
    news = day.ann_answers(
        alert,
        "Good morning Karen,\n\ndoes it happen on the office network, too, or only at home? And which version"
        " stands below Help, About?\n\nAnn",
    )
    day.page.tells("""Karen reads an ordinary mail:""")
    reply = news.only(KAREN_AT_HOME.email, "reply")
    day.page.block(as_read(reply))
    day.page.tells("""Elliot hears nothing: he has not written on it, and if he did now, his answer would be held.""")
    assert news.kinds == {KAREN_AT_HOME.email: ["reply"]}

    day.scene("Tue 09:10", "Karen answers from work")
    day.page.tells("""This time from Outlook, which puts the whole history below, unmarked:""")
    news = day.sends(KAREN_AT_WORK.answers(reply, "Only at home. It says 5.1.\n\nKaren"))
    day.page.tells("""Ann gets what Karen wrote, and what was said before in a form that can be read:""")
    message = news.only(ANN, "new-message")
    day.ann_reads(message)
    return message


def _among_agents(day: Day, message: Got) -> None:
    day.scene("Tue 09:30", "A colleague is asked, behind the scenes")
    day.page.tells("""Ann asks Elliot. A line that begins with `#` is a command; the rest of this mail is a note,
        which no requester ever reads.""")
    news = day.ann_answers(message, "#note elliot\n\nHas anything changed at the VPN gateway since yesterday?")
    asked = news.only(ELLIOT.email, "note")
    day.page.block(as_read(asked, until=RULE))
    day.page.tells("""He answers from Apple Mail. His answer becomes a note, too:""")
    news = day.sends(
        ELLIOT.answers(
            asked, "#note\n\nYes: its certificate, at six. Clients before 5.2 lose it every time they check.\n\nElliot"
        )
    )
    note = news.only(ANN, "note")
    day.ann_reads(note, until=RULE)
    day.page.tells("""So it is his people's. Two commands, with a reason, and a word for him:""")
    news = day.ann_answers(
        note,
        "#transfer Systems Administrators -- the gateway is theirs\n#assign elliot\n\nShe is at home tonight again."
        " Can it be back by then?",
    )
    assigned = news.only(ELLIOT.email, "assigned")
    day.page.block(as_read(assigned, until=RULE))

    day.scene("Tue 09:50", "Karen writes twice")
    day.page.tells("""She has forgotten that she has a request already, or has not read her mail yet:""")
    news = day.sends(KAREN_AT_HOME.writes("VPN", "It dropped again, twice in ten minutes.\n\nKaren"))
    double = news.only(ELLIOT.email, "new-ticket")
    day.page.tells("""Elliot's alert shows what else Karen has open, with a link that puts both together:""")
    day.page.block(as_read(double))
    day.page.tells("""He taps it on his telephone, and sends the mail that it opens:""")
    news = day.sends(ELLIOT.taps(double, "Merge into [#1001]"))
    day.page.tells("""Karen hears of it once:""")
    day.page.block(as_read(news.only(KAREN_AT_HOME.email)))

    day.scene("Tue 10:00", "Elliot waits for the night's change to be taken back")
    day.page.tells("""He tells Karen, and has the ticket wait with him: pending until one, when he will be reminded.
        Pending stops its clock.""")
    news = day.sends(
        ELLIOT.answers(
            assigned,
            "#reply\n#pending 13:00\n\nHello Karen,\n\nwe know what it is: a change at our side last night. We take"
            " it back at noon. I write again then.\n\nElliot",
        )
    )
    day.page.block(as_read(news.only(KAREN_AT_WORK.email, "reply")))


def _card_reader(day: Day) -> Got:
    day.scene("Tue 10:45", "Nobody looks")
    day.page.tells(
        """Dana's mail holds the words of a rule: another help topic, a promise of two hours. Everybody is busy."""
    )
    day.sends(DANA.writes("Card reader at till 2 is dead", "It stays dark. We send people to till 1.\n\nDana"))
    day.scene("Tue 12:45", "Overdue")
    news = day.comes("overdue")
    day.page.tells("""Within a second of the hour:""")
    late = news.only(ANN, "overdue")
    day.ann_reads(late)
    day.page.tells("""The ticket is nobody's, so an answer to this mail would be a note: Ann says that hers is not.
        With it she has the ticket.""")
    news = day.ann_answers(
        late,
        "#reply\n\nHello Dana,\n\nsorry for the wait. I have a spare one here and bring it over now.\n\nAnn",
    )
    day.page.block(as_read(news.only(DANA.email, "reply")))
    day.scene("Tue 13:00", "A reminder")
    reminder = day.comes("reminder").only(ELLIOT.email, "reminder")
    day.page.tells("""The hour that Elliot named:""")
    day.page.block(as_read(reminder, until=RULE))
    return reminder


def _solved(day: Day, reminder: Got) -> Got:
    day.scene("Tue 13:10", "Solved")
    news = day.sends(
        ELLIOT.answers(
            reminder,
            "#reply\n#resolved\n\nHello Karen,\n\nthe old certificate is back. Please connect again; it should"
            " stay.\n\nElliot",
        )
    )
    day.page.tells("""One mail tells Karen both, and asks how it was:""")
    resolved = news.only(KAREN_AT_WORK.email, "reply")
    day.page.block(as_read(resolved))
    return resolved


def _again(day: Day, resolved: Got) -> None:
    day.scene("Tue 14:30", "Not quite")
    day.page.tells("""An answer opens it again:""")
    news = day.sends(KAREN_AT_WORK.answers(resolved, "It still dropped once, at two.\n\nKaren"))
    opened = news.only(ELLIOT.email, "new-message")
    day.page.block(as_read(opened, until=RULE))
    news = day.sends(
        ELLIOT.answers(
            opened,
            "#resolved\n\nThat was me: I restarted the gateway at two, to be sure. It is up since.\n\nElliot",
        )
    )
    resolved = news.only(KAREN_AT_WORK.email, "reply")

    day.scene("Tue 17:20", "Good")
    day.page.tells("""In the evening, at home, Karen presses “Good” below that mail. The link opens a mail; she adds
        three words:""")
    news = day.sends(KAREN_AT_HOME.taps(resolved, "Good", adding="Thank you both!"))
    for mails in news.values():
        for mail in mails:
            day.page.block(as_read(mail, until=RULE))


def _afterwards(day: Day) -> None:
    day.scene("Tue 18:00", "What the administrator sees")
    day.shell("mailgate tickets list --status all")
    day.page.tells("""And all that ever happened to a ticket, with who and why:""")
    day.shell("mailgate tickets show 1001", without="--- message")
