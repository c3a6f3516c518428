"""A ticket opened by hand on someone's behalf: `tickets new`, and cron's recurring ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.telling import tell
from mailgate.mail import Body, Mail
from mailgate.model import Address, Assignee, Entry, EntryKind, Status, Ticket
from mailgate.rules import acts
from mailgate.rules.criteria import Facts
from mailgate.rules.forms import read_form
from mailgate.rules.notices import Occasion
from mailgate.rules.opened import open_routed
from mailgate.rules.route import Routed, route
from mailgate.store import tickets
from mailgate.store.db import Db


@dataclass(frozen=True, slots=True)
class Opening:
    """What somebody asks to be opened."""

    requester: Address
    subject: str
    text: str
    cause: str
    quiet: bool = False
    by: str = field(default="admin")


def open_by_hand(db: Db, order: Opening, context: Context) -> Outcome:
    """Open a ticket for somebody else; rules and form lines route it like a mail of theirs."""
    config = context.config
    known = tickets.is_known(db, *config.addresses_of(order.requester.email))
    form = read_form(order.text)
    mail = Mail(from_=(order.requester,), subject=order.subject, text=order.text)
    address = config.first_address.email
    facts = Facts(
        mail=mail,
        body=Body(order.text, "", tuple(order.text.splitlines())),
        form=form,
        recipients=(address,),
        address=address,
        source="cli",
        arrived_at=context.now,
        known=known,
        customer=customer.name if (customer := config.customer_of(order.requester.email)) else "",
    )
    routed = route(facts, config)
    ticket = replace(_ticket(db, order, routed, address, context), fields=form.fields or None)
    author = Address("", "The administrator")
    text = form.rest if form.fields else order.text
    entry = Entry(kind=EntryKind.MESSAGE, by=order.by, author=order.requester, at=context.now, text=text.strip())
    stamp = acts.Stamp(order.by, context.now)
    change = open_routed(ticket, routed, stamp, config, entry)
    occasion = Occasion(
        by=order.by,
        cause=order.cause,
        author=author,
        now=context.now,
        quiet=order.quiet,
        on_behalf=True,
    )
    change, notices = tell(db, change, occasion, context)
    return Outcome(ticket=ticket.number, changes=(change,), notices=notices)


def _ticket(db: Db, order: Opening, routed: Routed, address: str, context: Context) -> Ticket:
    def text(key: str, default: str = "") -> str:
        value = routed.get(key)
        return value if isinstance(value, str) else default

    kind, _, name = text("assign").partition(":")
    tags = routed.get("tags")
    sla = routed.values["sla"]
    return Ticket(
        number=tickets.next_number(db, context.config.desk.first_number),
        subject=" ".join(order.subject.split()),
        status=Status(text("status", "open")),
        requester=order.requester,
        department=text("department"),
        topic=text("topic"),
        priority=text("priority"),
        sla=str(sla.value),
        sla_from=sla.origin,
        address=address,
        created_at=context.now,
        updated_at=context.now,
        assignee=Assignee(kind, name) if name else None,
        tags=tags if isinstance(tags, tuple) else (),
        language=text("language") or context.config.desk.language,
        source="cli",
        template=text("template"),
        sla_started_at=context.now,
    )
