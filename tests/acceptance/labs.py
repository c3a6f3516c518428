"""The three labs of a help desk: complete tickets, played step by step by people with mail clients.

Each step sends a mail, waits until inbox and outbox are empty, and compares the notices of each
person; at the end the ticket, its events and everything the requester received are checked. `put`
delivers a requester's mail: by SMTP, or into an IMAP folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from tests.acceptance.people import Person, apple, gmail, mutt, outlook
from tests.acceptance.world import News, World

KAREN = Person("Karen Client", "karen@client.example", gmail)
CARLA = Person("Carla Books", "carla@accounting.example", outlook)
CARLOS = Person("Carlos Front", "carlos@cfo.example", apple)

ANN = Person("Ann Reyes", "ann@bank.example", mutt)
ELLIOT = Person("Elliot Alderson", "elliot@bank.example", outlook)
SOFIA = Person("Sofia Marin", "sofia@bank.example", apple)
MARCUS = Person("Marcus Webb", "marcus@bank.example", gmail)
TIM = Person("Tim Nakata", "tim@bank.example", gmail)

Put = Callable[[EmailMessage], News]

# Text that no requester may see: notes, reasons, the name of a private department.
SECRETS = ("CANARY", "Maintenance", "internal", "Sev-", "Ref:", "##- Note", "#claim")
RATING = re.compile(r"body=%23(good|okay|bad)%0D%0A")  # the only links in mail to requesters


def outage(world: World, put: Put) -> None:
    """Lab 1: online banking is down; the ticket goes overdue, the right team resolves it."""
    news = put(
        KAREN.writes("Entire mobile/online banking system is down", "Nobody can log in.", to="outages@bank.example")
    )
    everybody = {ELLIOT.email: ["new-ticket"], SOFIA.email: ["new-ticket"]}
    assert news.kinds == {KAREN.email: ["acknowledgement"], **everybody}
    number = news.only(KAREN.email).ticket
    acknowledgement, first_alert = news.only(KAREN.email), news.only(SOFIA.email)
    assert acknowledgement.header("In-Reply-To") == KAREN.asked[-1]
    assert acknowledgement.header("Auto-Submitted") == "auto-replied"
    ticket = world.ticket(number)
    assert (ticket["department"], ticket["sla"], ticket["priority"], ticket["topic"]) == (
        "Systems Administrators",
        "Sev-A",
        "Emergency",
        "Business Critical Outage",
    )
    assert (ticket["status"], ticket["assignee"]) == ("open", None)

    # No agent acts: the manager (Sofia) and the members are alerted, the requester is not.
    news = world.wait_for(SOFIA.email, "overdue")
    assert news.kinds == {ELLIOT.email: ["overdue"], SOFIA.email: ["overdue"]}
    assert world.ticket(number)["overdue"] is True
    ((late,),) = world.sql(
        "SELECT event.at - ticket.due_at FROM event JOIN ticket ON number = ticket"
        " WHERE kind = 'overdue' AND number = ?",
        number,
    )
    assert late >= 0, "not before its time"

    # Assigned to the team by a reply from Outlook with commands only.
    news = world.step(ELLIOT.answers(news.only(ELLIOT.email), "#assign Online Banking -- CANARY they run the portal"))
    assert news.kinds == {SOFIA.email: ["assigned"], ELLIOT.email: ["answer"]}
    assert "CANARY they run the portal" in news.only(SOFIA.email).text
    assert world.ticket(number)["assignee"] == {"team": "Online Banking"}

    # Sofia uses the link in the alert.
    news = world.step(SOFIA.taps(news.only(SOFIA.email), "Claim"))
    assert news.kinds == {SOFIA.email: ["answer"]}, "nobody else has written on it"
    assert world.ticket(number)["assignee"] == {"agent": "sofia"}

    # The requester is informed: a reply to the first alert is public.
    news = world.step(SOFIA.answers(first_alert, "We see it too and are working on it."))
    assert news.kinds == {KAREN.email: ["reply"]}
    reply = news.only(KAREN.email)
    assert reply.header("From") == '"Sofia Marin (First Bank Outages)" <outages@bank.example>'
    assert not reply.header("Auto-Submitted"), "a person's reply is not automatic mail"
    assert acknowledgement.id in reply.header("References")

    news = put(KAREN.answers(reply, "Thanks. The app is down too."))
    assert news.kinds == {SOFIA.email: ["new-message"]}
    assert "The app is down too." in news.only(SOFIA.email).text

    # Resolved: the reply and the new status are one mail.
    news = world.step(
        SOFIA.answers(news.only(SOFIA.email), "#resolved -- CANARY restarted the gateway\n\nIt is up again. Sorry!")
    )
    assert news.kinds == {KAREN.email: ["reply"]}
    assert "It is up again. Sorry!" in news.only(KAREN.email).text
    assert "resolved" in news.only(KAREN.email).text.lower()

    ticket = world.ticket(number)
    assert (ticket["status"], ticket["overdue"], ticket["reopened"]) == ("resolved", False, 0)
    assert ticket["first_response_at"]
    assert ticket["resolved_at"]
    assert thread(ticket) == [
        ("message", KAREN.email, "Nobody can log in."),
        ("reply", SOFIA.email, "We see it too and are working on it."),
        ("message", KAREN.email, "Thanks. The app is down too."),
        ("reply", SOFIA.email, "It is up again. Sorry!"),
    ]
    assert events(ticket) == [
        ("opened", "requester:karen@client.example", ""),
        ("routed", "requester:karen@client.example", ""),
        ("overdue", "clock", ""),
        ("assigned", "agent:elliot", "CANARY they run the portal"),
        ("assigned", "agent:sofia", ""),
        ("replied", "agent:sofia", ""),
        ("message", "requester:karen@client.example", ""),
        ("replied", "agent:sofia", ""),
        ("status-changed", "agent:sofia", "CANARY restarted the gateway"),
    ]
    check_nothing_internal(world, KAREN, number)
    figures = row(world, "department", "Systems Administrators")
    assert (figures["opened"], figures["resolved"]) == (1, 1)


def upgrade(world: World, put: Put) -> None:
    """Lab 2: a vague request; transferred, given another SLA plan, clarified, noted, resolved."""
    news = put(
        CARLA.writes(
            "Accounting department needs adobe upgrade", "Help topic: Report a Problem\n\nPlease upgrade our adobe."
        )
    )
    assert news.kinds == {CARLA.email: ["acknowledgement"], ANN.email: ["new-ticket"], MARCUS.email: ["new-ticket"]}
    number = news.only(CARLA.email).ticket
    ticket = world.ticket(number)
    assert (ticket["department"], ticket["sla"], ticket["topic"]) == ("Maintenance", "Default SLA", "Report a Problem")

    news = world.step(MARCUS.answers(news.only(MARCUS.email), "#transfer Support -- CANARY software is theirs"))
    assert news.kinds == {
        ANN.email: ["transferred"],
        ELLIOT.email: ["transferred"],
        TIM.email: ["transferred"],
        MARCUS.email: ["answer"],
    }
    assert "CANARY software is theirs" in news.only(ELLIOT.email).text
    done = news.only(MARCUS.email)

    # Another SLA plan with a reason, and a question to the requester, in one mail.
    before = world.ticket(number)["due_at"]
    news = world.step(
        ELLIOT.answers(
            news.only(ELLIOT.email),
            "#sla Sev-C -- CANARY an upgrade can wait\n#reply\n\nWhich Adobe product, and on how many machines?",
        )
    )
    assert news.kinds == {CARLA.email: ["reply"]}
    question = news.only(CARLA.email)
    ticket = world.ticket(number)
    assert (ticket["department"], ticket["sla"], ticket["assignee"]) == ("Support", "Sev-C", {"agent": "elliot"})
    assert ticket["due_at"] != before
    assert any("Business hours" in line for line in ticket["due_explained"])

    news = put(CARLA.answers(question, "Acrobat Pro, on twelve machines."))
    assert news.kinds == {ELLIOT.email: ["new-message"]}
    alert = news.only(ELLIOT.email)
    assert alert.ticket == number
    assert "Which Adobe product" not in alert.text.split("Earlier")[0], "only the new text is shown as new"

    # What was tried is a note, which only agents see.
    news = world.step(ELLIOT.answers(alert, "#note\n\nCANARY tried the silent installer, it fails on the old image."))
    assert news.kinds == {}
    # Marcus replies to his last alert without a command: by the rules a note, of which he is informed.
    news = world.step(MARCUS.answers(done, "CANARY there are licences left over from the audit."))
    assert news.kinds == {ELLIOT.email: ["note"], MARCUS.email: ["answer"]}
    assert "CANARY there are licences left" in news.only(ELLIOT.email).text

    # A public reply that contains text of a note is held.
    news = world.step(ELLIOT.answers(alert, "I tried the silent installer, it fails on the old image. Wait please."))
    assert news.kinds == {ELLIOT.email: ["held"]}

    news = world.step(ELLIOT.answers(alert, "#resolved\n\nAcrobat is on all twelve machines now."))
    assert news.kinds == {CARLA.email: ["reply"]}

    ticket = world.ticket(number)
    assert ticket["status"] == "resolved"
    assert [(kind, who) for kind, who, _ in thread(ticket)] == [
        ("message", CARLA.email),
        ("reply", ELLIOT.email),
        ("message", CARLA.email),
        ("note", ELLIOT.email),
        ("note", MARCUS.email),
        ("reply", ELLIOT.email),
    ]
    assert thread(ticket)[2][2] == "Acrobat Pro, on twelve machines."
    happened = events(ticket)
    assert ("transferred", "agent:marcus", "CANARY software is theirs") in happened
    assert ("sla-changed", "agent:elliot", "CANARY an upgrade can wait") in happened
    check_nothing_internal(world, CARLA, number)
    assert row(world, "agent", "elliot")["resolved"] == 1


def laptop(world: World, put: Put) -> None:
    """Lab 3: refused to an agent with the role View only; claimed, resolved, reopened and closed by another."""
    news = put(
        CARLOS.writes(
            "The CFO states he is unable to use his laptop",
            "Help topic: Report a Problem / Personal Computer Issues\n\nIt stays dark.",
        )
    )
    support = (ANN, ELLIOT, MARCUS, TIM)
    assert news.kinds == {CARLOS.email: ["acknowledgement"], **{who.email: ["new-ticket"] for who in support}}
    number = news.only(CARLOS.email).ticket
    alerts = {who.email: news.only(who.email) for who in support}
    ticket = world.ticket(number)
    assert (ticket["department"], ticket["topic"]) == ("Support", "Report a Problem / Personal Computer Issues")

    # View only: Tim's commands are refused with the permission and the role; #show is allowed.
    for attempt, permission in (("#claim", "assign"), ("Try another charger.", "reply"), ("#resolve", "status")):
        news = world.step(TIM.answers(alerts[TIM.email], attempt))
        assert news.kinds == {TIM.email: ["command-failed"]}
        refusal = news.only(TIM.email).text
        assert permission in refusal
        assert "View only" in refusal
        assert world.ticket(number) == ticket, "nothing has changed"
    news = world.step(TIM.answers(alerts[TIM.email], "#show"))
    assert news.kinds == {TIM.email: ["answer"]}
    assert "It stays dark." in news.only(TIM.email).text

    news = world.step(MARCUS.taps(alerts[MARCUS.email], "Claim"))
    assert news.kinds == {MARCUS.email: ["answer"]}
    news = world.step(MARCUS.answers(alerts[MARCUS.email], "Does the lamp at the side shine?"))
    assert news.kinds == {CARLOS.email: ["reply"]}
    news = put(CARLOS.answers(news.only(CARLOS.email), "No, nothing at all."))
    assert news.kinds == {MARCUS.email: ["new-message"]}
    news = world.step(MARCUS.answers(news.only(MARCUS.email), "A new one is on its way.\nIt comes at two."))
    assert news.kinds == {CARLOS.email: ["reply"]}
    # Resolved by a link without text: the requester gets a notice of its own.
    news = world.step(MARCUS.taps(alerts[MARCUS.email], "Resolve"))
    assert news.kinds == {CARLOS.email: ["status-changed"], MARCUS.email: ["answer"]}

    # A later reply reopens the ticket.
    news = put(CARLOS.answers(news.only(CARLOS.email), "It came, but has no cable."))
    assert news.kinds == {MARCUS.email: ["new-message"]}
    assert (world.ticket(number)["status"], world.ticket(number)["reopened"]) == ("open", 1)
    news = world.step(MARCUS.answers(news.only(MARCUS.email), "#closed\n\nThe cable is in your tray."))
    assert news.kinds == {CARLOS.email: ["reply"]}

    ticket = world.ticket(number)
    assert ticket["status"] == "closed"
    assert ticket["closed_at"]
    assert [kind for kind, _, _ in thread(ticket)] == ["message", "reply", "message", "reply", "message", "reply"]
    assert "tim" not in str(events(ticket))
    check_nothing_internal(world, CARLOS, number)
    assert row(world, "agent", "marcus")["closed"] == 1


# ── checks ───────────────────────────────────────────────────────────────────


def thread(ticket: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(kind, author, text) of each entry."""
    return [(entry["kind"], entry["from"]["email"], entry["text"].strip()) for entry in ticket["thread"]]


def events(ticket: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(kind, by, reason) of each event."""
    return [(event["kind"], event["by"], event["reason"]) for event in ticket["events"]]


def row(world: World, by: str, name: str) -> dict[str, Any]:
    """The figures of one department, agent, … in the report."""
    report = world.look("report", "--since", "1d")
    return next(each for each in report["by"][by] if name in (each.get("name"), each.get("key")))


def check_nothing_internal(world: World, requester: Person, number: int) -> None:
    """Nothing that the requester received contains a note, a reason or an agent's key; subjects have one token."""
    keys = [got.id for got in world.taken if got.to.endswith("@bank.example")]
    token = f"[#{number}]"
    mails = [got for got in world.taken if got.to == requester.email]
    assert mails
    for position, got in enumerate(mails):
        leaked = [secret for secret in (*SECRETS, *(_key(each) for each in keys)) if secret in got.whole]
        assert not leaked, f"{got.kind} to {got.to}: {leaked}\n{got.whole}"
        assert all(RATING.search(link) for link in re.findall(r"mailto:[^\s\"]+", got.whole))
        assert got.subject.count(token) == 1
        assert got.subject.startswith(f"Re: {token} " if position else f"{token} ")
        assert got.header("Reply-To") in ("support@bank.example", "outages@bank.example")
    assert len({got.id for got in world.taken}) == world.count, "every mail has a Message-ID of its own"


def _key(message_id: str) -> str:
    found = re.fullmatch(r"<(.+)@.+>", message_id.strip())
    assert found, message_id
    return found[1]
