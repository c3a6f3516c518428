"""A specimen notice of each kind, about an imagined ticket of the desk's own configuration.

For `mailgate templates preview`: everything that the mail shows of the desk is real,
everything else is made up. Nothing of it is stored or sent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mailgate.figures import Attainment, Figures, Report, Satisfaction, Spread, Times
from mailgate.notice import Listing, Notice, NoticeKind, Similar
from mailgate.phrase import Phrase, phrase
from mailgate.rules.notices import digest
from mailgate.rules.notices.tables import found_listing, waiting_listing
from mailgate.rules.sla.clock import clock
from mailgate.settings import Agent, Config
from mailgate.ticket import Actor, Address, Assignee, Entry, EntryKind, Status, StoredAttachment, Ticket
from mailgate.writing.templates.specimens import WITHOUT_TICKET

KAREN = Address("karen@client.example", "Karen Client")
SUBJECT = "Entire mobile/online banking system is down"
ASKED = "Nobody can log in since nine. The page says “try later”, on phones, too.\n\nPlease hurry.\n\nKaren"
ANSWERED = "Hello Karen,\n\nwe found the fault and are repairing it. Please try again at noon."
QUESTION = "Which of your nodes are in use for our portal?"
NOTED = "The load balancer lost two of its nodes; the vendor knows."
FILE = StoredAttachment("screenshot.png", "image/png", 120_345, "0" * 64)
QUARANTINED = {
    "subject": phrase("admin.quarantined_subject", number=17),
    "facts": (
        phrase("admin.quarantined", number=17, error="ValueError: an imagined error"),
        phrase("admin.quarantined_show", number=17),
        phrase("admin.quarantined_retry", number=17),
    ),
}


def speaking(config: Config, language: str) -> Config:
    """The configuration as if desk and agents spoke this language; unchanged for ""."""
    if not language:
        return config
    agents = {key: replace(agent, language=language) for key, agent in config.agents.items()}
    return replace(config, desk=replace(config.desk, language=language), agents=agents)


def specimen(kind: NoticeKind, config: Config, now: datetime) -> Notice:
    """A notice of the kind as an event of `now` (aware UTC) would make it."""
    agent = next(iter(config.agents.values()))  # no desk is without one
    ticket = _ticket(config, now)
    with_ticket = kind not in WITHOUT_TICKET or kind in (NoticeKind.DELIVERY_FAILED, NoticeKind.COMMAND_FAILED)
    notice = Notice(
        kind=kind,
        to=KAREN if kind.to_requester else Address(agent.email, agent.name),
        agent="" if kind.to_requester or kind is NoticeKind.ADMIN else agent.key,
        cause="preview",
        ticket=ticket if with_ticket else None,
        subject=SUBJECT,
    )
    if kind is NoticeKind.REPORT:
        return replace(notice, subject=Phrase("report.subject_weekly"), report=_report(config, now))
    return replace(notice, **_words(kind, ticket, agent, _history(agent, now), config))


def _report(config: Config, now: datetime) -> Report:
    """A week's figures, the same for every group."""
    figures = Figures(
        opened=42,
        resolved=38,
        closed=30,
        reopened=2,
        set_aside=3,
        open_now=17,
        overdue_now=1,
        resolved_in_time=Attainment(38, 35),
        first_answered_in_time=Attainment(40, 39),
        first_response=Times(40, Spread(1440, 12_000), Spread(960, 5_400)),
        resolution=Times(38, Spread(30_000, 180_000), Spread(14_400, 61_200)),
        satisfaction=Satisfaction(4, 1, 0),
        backlog=(16, 18, 17, 15, 16, 18, 17, 17),
    )
    by = {
        "department": {config.defaults.department or "": figures},
        "team": {"": figures},
        "agent": {next(iter(config.agents)): figures},
        "topic": {config.defaults.topic or "": figures},
        "priority": {config.defaults.priority or "": figures},
    }
    days = tuple((now - timedelta(days=ago)).date() for ago in range(7, -1, -1))
    return Report(now - timedelta(days=7), now, days, figures, by)


def _words(
    kind: NoticeKind, ticket: Ticket, agent: Agent, history: tuple[Entry, ...], config: Config
) -> dict[str, Any]:
    """The words and facts that a mail of the kind has."""
    ours = {"by": Address(agent.email, agent.name), "by_agent": agent.key}
    asked = history[-1:]
    waiting = _waiting(ticket, config)
    mine = replace(ticket, assignee=Assignee.agent(agent.key))
    resolved = replace(ticket, status=Status.RESOLVED)
    by_ann = phrase("similar.by", status=Phrase("state.resolved"), who="Ann")
    ended = phrase("fact.because", what=by_ann, reason="restarted the gateway")
    like = (Similar(ticket.number - 11, "Online banking is down", ended, ticket.created_at - timedelta(days=9)),)
    words: dict[NoticeKind, dict[str, Any]] = {
        NoticeKind.ACKNOWLEDGEMENT: {"text": ASKED, "is_first": True},
        NoticeKind.FOLLOW_UP_RECEIVED: {"text": ASKED},
        NoticeKind.OPENED_FOR_YOU: {"text": ANSWERED, "is_first": True, **ours},
        NoticeKind.REPLY: {"text": ANSWERED, "history": asked, **ours},
        NoticeKind.STATUS_CHANGED: {"ticket": resolved, "facts": (Phrase("told.resolved"),), "asks": True},
        NoticeKind.COLLABORATOR_ADDED: {"history": asked, "is_first": True, **ours},
        NoticeKind.LIMIT_REACHED: {},
        NoticeKind.REJECTED: {"facts": ("Please write to sales@desk.example.",)},
        NoticeKind.NEW_TICKET: {"text": ASKED, "by": KAREN, "attachments": (FILE,), "is_first": True, "similar": like},
        NoticeKind.NEW_MESSAGE: {"text": "It works on the web again.", "by": KAREN, "history": history},
        NoticeKind.COLLEAGUE_REPLY: {"text": ANSWERED, "history": asked, **ours},
        NoticeKind.NOTE: {"text": NOTED, "history": asked, **ours},
        NoticeKind.ASSIGNED: {
            "ticket": mine,
            "facts": ("Ann assigned the ticket to you: her shift ends.",),
            "history": history,
        },
        NoticeKind.TAKEN: {"ticket": mine, **ours},
        NoticeKind.TRANSFERRED: {"history": history, **ours},
        NoticeKind.STATUS: {"ticket": resolved, "history": history, **ours},
        NoticeKind.OVERDUE: {"ticket": replace(ticket, overdue=True, due_at=ticket.updated_at), "history": history},
        NoticeKind.ESCALATED: {"history": history},
        NoticeKind.DELIVERY_FAILED: {"facts": (f"A mail to {KAREN.email} failed.",), "text": "550 5.1.1 no such user"},
        NoticeKind.COMMAND_FAILED: {
            "facts": ("“#assing ann” is no command; did you mean #assign?",),
            "text": "#assing ann",
        },
        NoticeKind.ASKED: {"text": QUESTION, **ours},
        NoticeKind.HELD: {
            "facts": ("Elliot Alderson answered the requester a minute ago.",),
            "text": "Please try again at noon.",
            "code": "K7QX2M",
            "history": history[:1],
        },
        NoticeKind.DIGEST: {
            "subject": digest.subject(waiting),
            "facts": (digest.headline(waiting), Phrase("digest.intro")),
            "listings": waiting,
        },
        NoticeKind.CONFIRM: {"text": "#close", "code": "K7QX2M", **ours},
        NoticeKind.ADMIN: QUARANTINED,
        NoticeKind.ANSWER: {"answers": (found_listing(Phrase("table.open"), [ticket, _jam(ticket)], "", config),)},
    }
    return words.get(kind, {"history": history})


def _waiting(ticket: Ticket, config: Config) -> tuple[Listing, ...]:
    """The tables of a digest."""
    late = replace(_jam(ticket), overdue=True, due_at=ticket.updated_at - timedelta(hours=2))
    found = (("overdue", late), ("unassigned", ticket))
    return tuple(waiting_listing(Phrase(f"digest.{table}"), [each], {}, "", config) for table, each in found)


def _jam(ticket: Ticket) -> Ticket:
    """Another ticket."""
    sam = Address("sam@client.example", "Sam Porter")
    return replace(ticket, number=ticket.number + 1, subject="The printer is jammed", requester=sam, priority="High")


def _ticket(config: Config, now: datetime) -> Ticket:
    routing, opened = config.defaults, now - timedelta(hours=1)
    ticket = Ticket(
        number=config.desk.first_number,
        subject=SUBJECT,
        status=Status.OPEN,
        requester=KAREN,
        department=routing.department or "Support",
        topic=routing.topic or "General Inquiry",
        priority=routing.priority or "Normal",
        sla=routing.sla or "Default SLA",
        address=config.first_address.email,
        created_at=opened,
        updated_at=now,
        language=config.desk.language,
        template=routing.template or "",
        sla_started_at=opened,
    )
    return replace(ticket, due_at=clock(ticket, config).due_at)


def _history(agent: Agent, now: datetime) -> tuple[Entry, ...]:
    def entry(kind: EntryKind, by: Actor, author: Address, minutes: int, text: str) -> Entry:
        return Entry(kind=kind, by=by, author=author, at=now - timedelta(minutes=minutes), text=text)

    ours = Address(agent.email, agent.name)
    return (
        entry(EntryKind.NOTE, Actor.agent(agent.key), ours, 20, NOTED),
        entry(EntryKind.MESSAGE, Actor.requester(KAREN.email), KAREN, 60, ASKED),
    )
