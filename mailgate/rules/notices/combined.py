"""Alerts about several tickets that become one mail to their reader. Pure.

Each ticket is a row. The links of a row name its ticket (`#ticket N`) and carry the key of the mail, which proves its
reader; the mail has a header field X-Mailgate-Ticket for each. Single alerts are made in `to_agents.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, phrase
from mailgate.rules.notices.audience import Person
from mailgate.rules.notices.tables import meanwhile, meanwhile_listing, urgency, waiting_listing
from mailgate.rules.people.absence import Away
from mailgate.rules.people.permissions import confidential
from mailgate.settings import Agent, Config
from mailgate.ticket import Address, Entry, EntryKind, Event, Ticket

# The kinds that the clock, or a renaming in the configuration, makes for many tickets at once.
TOGETHER = frozenset({NoticeKind.OVERDUE, NoticeKind.ESCALATED, NoticeKind.ASSIGNED, NoticeKind.TRANSFERRED})
_SAID = 300  # characters of a message beside its row


def together(notices: Iterable[Notice], away: Away, config: Config) -> tuple[Notice, ...]:
    """The alerts of one pass of the clock or one renaming, with those of one kind to one reader as one mail."""
    groups: dict[tuple[NoticeKind, str], list[Notice]] = {}
    for notice in notices:
        groups.setdefault((notice.kind, notice.to.email), []).append(notice)
    mails = (tuple(_by_ticket(each)) for each in groups.values())
    return tuple(each[0] if len(each) == 1 else _one(each, away, config) for each in mails)


def _by_ticket(alerts: Sequence[Notice]) -> Iterator[Notice]:
    """One alert a ticket: the last, which has the ticket as it is now, with what all of them tell."""
    of_ticket: dict[int | str, list[Notice]] = {}
    for alert in alerts:
        of_ticket.setdefault(alert.ticket.number if alert.ticket else alert.cause, []).append(alert)
    for same in of_ticket.values():
        yield replace(same[-1], facts=tuple(dict.fromkeys(fact for alert in same for fact in alert.facts)))


def _one(alerts: Sequence[Notice], away: Away, config: Config) -> Notice:
    first = alerts[0]
    found = [each.ticket for each in alerts if each.ticket]
    return about_several(first.kind, Person(first.to, first.agent), found, f"{first.cause}|{len(found)}", away, config)


def about_several(
    kind: NoticeKind, reader: Person, found: Iterable[Ticket], cause: str, away: Away, config: Config
) -> Notice:
    """One alert of a kind about several tickets."""
    tickets = sorted(found, key=urgency)
    headline = phrase(f"{kind}.{'one' if len(tickets) == 1 else 'several'}", count=len(tickets))
    return Notice(
        kind=kind,
        to=reader.address,
        agent=reader.agent,
        cause=cause,
        subject=headline,
        numbers=tuple(ticket.number for ticket in tickets),
        facts=(phrase("fact.plain", what=headline), Phrase("digest.intro")),
        listings=(waiting_listing(Phrase(f"table.{kind}"), tickets, away, reader.agent, config),),
    )


def catch_up(
    agent: Agent,
    tickets: Sequence[Ticket],
    events: Mapping[int, Sequence[Event]],
    threads: Mapping[int, Sequence[Entry]],
    cause: str,
    config: Config,
) -> Notice:
    """The mail at the end of an agent's quiet hours, in place of the alerts that waited.

    `events` and `threads` are those since the first of these alerts, by the ticket's number.
    """
    rows = [(each, meanwhile(events[each.number], agent.key, config)) for each in sorted(tickets, key=urgency)]
    listing = meanwhile_listing(rows, agent.key, config)
    said = tuple(
        "" if confidential(each.department, config) else _said(threads[each.number]) for each in listing.tickets
    )
    headline = phrase("catch_up.one" if len(rows) == 1 else "catch_up.several", count=len(rows))
    return Notice(
        kind=NoticeKind.DIGEST,
        to=Address(agent.email, agent.name),
        agent=agent.key,
        cause=cause,
        subject=headline,
        numbers=tuple(ticket.number for ticket, _ in rows),
        facts=(phrase("fact.plain", what=headline), Phrase("digest.intro")),
        listings=(replace(listing, said=said),),
    )


def _said(thread: Sequence[Entry]) -> str:
    """The newest words of a requester, in one line."""
    words = next((entry.text for entry in reversed(thread) if entry.kind is EntryKind.MESSAGE), "")
    line = " ".join(words.split())
    return line if len(line) <= _SAID else line[:_SAID].rstrip() + " …"
