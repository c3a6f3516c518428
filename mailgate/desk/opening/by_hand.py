"""A ticket opened by hand on someone's behalf: what `tickets new`, `#new` and a forward have in common.

Rules and form lines route it like a mail of the requester's. A rule that drops or rejects
does not: somebody opens it on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from mailgate.desk.outcome import Announcement, Context, Outcome
from mailgate.mail import Body, Mail
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.collaborators import machine
from mailgate.rules.routing.criteria import RuleInput
from mailgate.rules.routing.route import Routed, route
from mailgate.rules.sla.calendar import open_at
from mailgate.rules.text import language
from mailgate.rules.text.forms import Form, read_form
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.lifecycle import open_routed
from mailgate.settings import Routing
from mailgate.store.db import Db
from mailgate.store.tickets import tickets
from mailgate.ticket import ADMIN, Actor, Address, Assignee, Change, Entry, EntryKind, Status, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What somebody asks to be opened. `mail` and `body` are what the rules read."""

    requester: Address
    mail: Mail
    body: Body
    address: str  # the desk address that it came to
    by: Actor
    at: datetime  # when it came: the ticket is as old
    source: str
    links: tuple[int, ...] = ()


def form_of(opening: Opening) -> Form:
    """The form lines on top of the text."""
    return read_form(opening.body.visible)


def routed_for(db: Db, opening: Opening, context: Context, chosen: Routing | None = None) -> Routed:
    """Where the rules put it; `chosen` is what its opener said, which comes before them."""
    config = context.config

    given = RuleInput(
        mail=opening.mail,
        body=opening.body,
        form=form_of(opening),
        recipients=(opening.address,),
        address=opening.address,
        source=opening.source,
        arrived_at=opening.at,
        known=tickets.is_known(db, *config.addresses_of(opening.requester.email)),
        customer=customer.name if (customer := config.customer_of(opening.requester.email)) else "",
        within=partial(open_at, config.schedules),
    )
    return route(given, config, first=[(str(opening.by), chosen)] if chosen else ())


def draft(db: Db, opening: Opening, routed: Routed, context: Context) -> Ticket:
    """The ticket as it was routed; nothing of it is written yet."""

    def text(key: str, default: str = "") -> str:
        value = routed.get(key)
        return value if isinstance(value, str) else default

    config, form, requester = context.config, form_of(opening), opening.requester
    assign = text("assign")
    tags = routed.get("tags")
    sla = routed.values["sla"]
    return Ticket(
        number=tickets.next_number(db, context.first_number),
        subject=strip_subject(" ".join(opening.mail.subject.split()), config.desk),
        status=Status(text("status", "open")),
        requester=Address(requester.email, requester.name or form.get("name")),
        department=text("department"),
        topic=text("topic"),
        priority=text("priority"),
        sla=str(sla.value),
        sla_from=sla.origin,
        address=opening.address,
        created_at=opening.at,
        updated_at=context.now,
        assignee=Assignee.parse(assign) if assign else None,
        tags=tags if isinstance(tags, tuple) else (),
        fields=form.fields or None,
        language=text("language") or language.language_of(opening.body.visible, "") or config.desk.language,
        source=opening.source,
        autoresponse=routed.get("autoresponse") is not False and not machine(requester.email),
        template=text("template"),
        sla_started_at=opening.at,
        links=opening.links,
    )


def opened(
    ticket: Ticket,
    routed: Routed,
    entries: Sequence[Entry],
    done: Sequence[acts.Act],
    stamp: acts.Stamp,
    context: Context,
) -> Change:
    """The change that opens the ticket and does what else its opener said, as one."""
    message = next((entry for entry in entries if entry.kind is EntryKind.MESSAGE), None)
    change = open_routed(ticket, routed, stamp, context.config, message)
    also = lifecycle.act_on(change.after, done, stamp.because(""), context.config)
    return replace(change, after=also.after, events=(*change.events, *also.events), entries=tuple(entries))


@dataclass(frozen=True, slots=True)
class Order:
    """`tickets new`: what the administrator, or cron, asks for."""

    requester: Address
    subject: str
    text: str
    cause: str
    quiet: bool = False


def open_by_hand(db: Db, order: Order, context: Context) -> Outcome:
    """Open a ticket for somebody from the command line."""
    config = context.config
    opening = Opening(
        requester=order.requester,
        mail=Mail(from_=(order.requester,), subject=order.subject, text=order.text),
        body=Body(order.text, "", tuple(order.text.splitlines())),
        address=config.first_address.email,
        by=ADMIN,
        at=context.now,
        source="cli",
    )
    routed = routed_for(db, opening, context)
    ticket = draft(db, opening, routed, context)
    form = form_of(opening)
    text = form.rest if form.fields else order.text
    entry = Entry(kind=EntryKind.MESSAGE, by=opening.by, author=ticket.requester, at=context.now, text=text.strip())
    change = opened(ticket, routed, (entry,), (), acts.Stamp(opening.by, context.now), context)
    occasion = Occasion(
        by=opening.by,
        cause=order.cause,
        author=Address("", "The administrator"),
        now=context.now,
        quiet=order.quiet,
        on_behalf=True,
        extra_alert=routed.alert,
    )
    announced = (Announcement(change=change, occasion=occasion),)
    return Outcome(ticket=ticket.number, announced=announced, routed=routed, form=form)
