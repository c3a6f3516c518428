"""The ticket card of a mail to an agent: every value of the ticket as text, and its next target."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.phrase import Phrase, phrase
from mailgate.rules.people.actors import holder
from mailgate.rules.text.subject import titled
from mailgate.settings import Config
from mailgate.ticket import Status, Ticket
from mailgate.writing.mail import identity
from mailgate.writing.mail.headers import plain
from mailgate.writing.views.formatting import clock, person
from mailgate.writing.views.views import TicketView
from mailgate.writing.views.words import Words


def ticket_view(
    ticket: Ticket, reader: str, config: Config, now: datetime, own: Words, *, brief: bool = False
) -> TicketView:
    """The card of a ticket at `now` (aware UTC) for the agent with the key `reader`.

    `brief`: without the rows that say what most tickets have: the defaults, open, nobody's.
    """
    zone = config.zone(reader)
    email = plain(ticket.requester.email)
    customer = config.customer_of(email)
    first = ticket.first_response_by if not ticket.first_response_at else None
    view = TicketView(
        number=str(ticket.number),
        token=identity.token(ticket.number, config),
        subject=titled(plain(ticket.subject, identity.SUBJECT_LIMIT), own.language),
        requester=person(ticket.requester.name, email),
        requester_email=email,
        customer=customer.name if customer else "",
        department=ticket.department,
        topic=ticket.topic,
        priority=ticket.priority,
        status=own.text(status(ticket, config), zone),
        satisfaction=ticket.satisfaction,
        assignee=own.text(holder(ticket.assignee, reader, config), zone) if ticket.assignee else "",
        sla=ticket.sla,
        due=own.dates.moment(ticket.due_at, zone) if ticket.due_at else "",
        clock=_clock(ticket, config, zone, now, own),
        overdue=ticket.overdue,
        first_response_by=own.dates.moment(first, zone) if first else "",
        opened=own.dates.moment(ticket.created_at, zone),
        collaborators=_collaborators(ticket, own),
        tags=tuple(plain(tag) for tag in ticket.tags),
        links=_tokens(ticket.links, config),
        form=tuple((plain(name, 40).capitalize(), plain(value, 200)) for name, value in (ticket.fields or {}).items()),
    )
    asked = tuple(dict.fromkeys(person(each.name, each.email) for each in ticket.asked))
    return _with_rows(view, asked, _tokens(ticket.merged, config), _usual(ticket, config) if brief else (), own)


def _usual(ticket: Ticket, config: Config) -> tuple[str, ...]:
    """The names of the card's rows that say what most tickets have."""
    defaults = config.defaults
    usual = {
        "department": ticket.department == defaults.department,
        "topic": ticket.topic == defaults.topic,
        "priority": ticket.priority == defaults.priority,
        "sla": ticket.sla == defaults.sla,
        "status": ticket.status is Status.OPEN,
        "assignee": ticket.assignee is None,
    }
    return tuple(name for name, so in usual.items() if so)


def _with_rows(
    view: TicketView, asked: tuple[str, ...], merged: tuple[str, ...], left_out: Collection[str], own: Words
) -> TicketView:
    """The view with the card's rows in their order, and its line at a glance."""
    assignee = view.assignee or own.phrases["ticket.nobody"]
    named = view.requester != view.requester_email
    values = {
        "requester": f"{view.requester} <{view.requester_email}>" if named else view.requester_email,
        "customer": view.customer,
        "collaborators": ", ".join(view.collaborators),
        "asked": ", ".join(asked),
        "department": view.department,
        "topic": view.topic,
        "priority": view.priority,
        "status": view.status,
        "satisfaction": own.phrases[f"ratings.{view.satisfaction}"] if view.satisfaction else "",
        "assignee": assignee,
        "sla": view.sla,
        "first_answer": view.first_response_by,
        "due": own.filled("ticket.overdue", due=view.due) if view.overdue else view.due,
        "opened": view.opened,
        "tags": ", ".join(view.tags),
        "links": ", ".join(view.links),
        "merged": ", ".join(merged),
    }
    rows = ((own.phrases[f"card.{name}"], value) for name, value in values.items() if value and name not in left_out)
    glance = own.filled("ticket.glance", priority=view.priority, topic=view.topic, assignee=assignee)
    return replace(
        view, glance=glance, rows=(*rows, *(row for row in view.form if row[1])), colon=own.phrases["mail.colon"]
    )


def _tokens(numbers: tuple[int, ...], config: Config) -> tuple[str, ...]:
    return tuple(identity.token(number, config) for number in numbers)


def _collaborators(ticket: Ticket, own: Words) -> tuple[str, ...]:
    people = ((person(each.name, each.email), each.active) for each in ticket.collaborators)
    return tuple(name if active else own.filled("ticket.inactive", name=name) for name, active in people)


def _clock(ticket: Ticket, config: Config, zone: ZoneInfo, now: datetime, own: Words) -> str:
    """The next target of the SLA plan, first response or due time; for a ticket without one its status."""
    if not ticket.status.active:
        return own.phrases[f"state.{ticket.status}"]
    first = ticket.first_response_by
    if first and not ticket.first_response_at and first > now and (not ticket.due_at or first < ticket.due_at):
        return own.filled("clock.first_answer", at=clock(first, now, zone, own))
    if not ticket.due_at:
        return own.text(status(ticket, config), zone) if ticket.status is Status.PENDING else ""
    return own.filled("clock.overdue" if ticket.overdue else "clock.due", at=clock(ticket.due_at, now, zone, own))


def status(ticket: Ticket, config: Config) -> Phrase:
    """The status of a ticket in words: "open", "pending until …", "closed, merged into [#1001]"."""
    if ticket.status is Status.PENDING and ticket.wake_at:
        return phrase("state.pending_until", at=ticket.wake_at)
    plain_status = Phrase(f"state.{ticket.status}")
    if ticket.merged_into:
        return phrase("state.merged", status=plain_status, token=identity.token(ticket.merged_into, config))
    return plain_status
