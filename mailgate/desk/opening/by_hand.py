"""Opening a ticket on somebody's behalf: what `tickets new`, `#new` and forwarding have in common.

Rules and form lines apply as to a mail of the requester, except that no rule drops or rejects it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailgate.desk.opening.draft import draft, rule_input
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import Known
from mailgate.mail import Body, Mail
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.collaborators import machine
from mailgate.rules.routing.criteria import RuleInput
from mailgate.rules.routing.route import Routed, route
from mailgate.rules.text.forms import read_form
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.lifecycle import open_routed
from mailgate.settings import Routing
from mailgate.ticket import ADMIN, Actor, Address, Change, Entry, EntryKind, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A ticket to be opened. `given`: the input of rules."""

    requester: Address
    given: RuleInput
    by: Actor
    number: int
    links: tuple[int, ...] = ()

    def routed(self, context: Context, chosen: Routing | None = None) -> Routed:
        """The routing by rules. `chosen`: what the author of the request chose, which precedes them."""
        first = [(str(self.by), chosen)] if chosen else []
        return route(self.given, context.config, context.rules, first=first)

    def draft(self, routed: Routed, context: Context) -> Ticket:
        """The routed ticket, not written yet."""
        return draft(
            self.given,
            routed,
            number=self.number,
            subject=strip_subject(" ".join(self.given.mail.subject.split()), context.config.desk),
            requester=self.requester,
            autoresponse=routed.get("autoresponse") is not False and not machine(self.requester.email),
            links=self.links,
            now=context.now,
            config=context.config,
        )


def opened(
    ticket: Ticket,
    routed: Routed,
    entries: Sequence[Entry],
    done: Sequence[acts.Act],
    stamp: acts.Stamp,
    context: Context,
) -> Change:
    """The change that opens the ticket, and the other acts of its author."""
    message = next((entry for entry in entries if entry.kind is EntryKind.MESSAGE), None)
    change = open_routed(ticket, routed, stamp, context.config, message)
    also = lifecycle.act_on(change.after, done, stamp.because(""), context.config)
    return replace(change, after=also.after, events=(*change.events, *also.events), entries=tuple(entries))


@dataclass(frozen=True, slots=True)
class Order:
    """An order of `tickets new`."""

    requester: Address
    subject: str
    text: str
    cause: str
    quiet: bool = False


def open_by_hand(order: Order, known: Known, context: Context) -> Outcome:
    """Open a ticket for somebody from the command line."""
    config, requester = context.config, order.requester
    body = Body(order.text, "", tuple(order.text.splitlines()))
    form, address = read_form(body.visible), config.first_address.email
    opening = Opening(
        requester=requester,
        given=rule_input(
            mail=Mail(from_=(requester,), subject=order.subject, text=order.text),
            body=body,
            form=form,
            recipients=(address,),
            address=address,
            source="cli",
            arrived_at=context.now,
            requester=requester.email,
            known=known.requesters[requester.email].known,
            auth="none",
            declared="",
            config=config,
        ),
        by=ADMIN,
        number=known.next_number,
    )
    routed = opening.routed(context)
    ticket = opening.draft(routed, context)
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
    announced = (known.announced(change, occasion),)
    return Outcome(ticket=ticket.number, announced=announced, routed=routed, form=form)
