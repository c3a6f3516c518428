"""Withdraws mail that waits and is not due any more: its reader may not see the ticket, or it is not true now.

Done in the transaction that changes the ticket, and with each new configuration, so that nothing goes out that was
judged by what was true before. What a relay connection has in hand goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from mailgate.desk.outcome import Context
from mailgate.rules.notices.audience import Person
from mailgate.rules.notices.combined import TOGETHER, about_several
from mailgate.rules.notices.waiting import not_due, not_reader
from mailgate.rules.people.permissions import confidential, sees
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.queues import trace, unsent
from mailgate.store.queues.unsent import Unsent
from mailgate.store.tickets import tickets
from mailgate.ticket import Address, Change, Ticket
from mailgate.worker import written


def after_change(db: Db, change: Change, context: Context) -> None:
    """Judge what waits about a ticket, or names it, after a change of what its readers may see or have to do."""
    if change.before is None or _standing(change.before) == _standing(change.after):
        return
    found = unsent.about(db, change.after.number)
    _withdraw(db, found, {change.after.number: change.after}, context)


def after_reload(db: Db, context: Context) -> None:
    """Judge everything that waits, with a new configuration."""
    found = unsent.every(db)
    numbers = set(chain.from_iterable((each.ticket, *each.names) for each in found)) - {0}
    _withdraw(db, found, tickets.get_many(db, numbers), context)


def _standing(ticket: Ticket) -> tuple[object, ...]:
    """What decides who sees a ticket, and what is true of it."""
    people = (ticket.requester, ticket.collaborators, ticket.asked)
    return (ticket.department, ticket.assignee, ticket.status, ticket.overdue, ticket.spam, ticket.merged_into, *people)


def _withdraw(db: Db, found: Iterable[Unsent], about: dict[int, Ticket], context: Context) -> None:
    gone = [(each, why) for each in found if (why := _why(db, each, about, context))]
    unsent.withdraw(db, [(each.id, why) for each, why in gone])
    trace.add(
        db,
        [
            trace.Line(
                at=context.now,
                direction="out",
                step="withdrawn",
                text=f"{each.kind} not sent: {why}",
                address=each.recipient,
                message_id=each.message_id,
                ticket=each.ticket or None,
            )
            for each, why in gone
        ],
    )


def _again(db: Db, mail: Unsent, context: Context) -> str:
    """Why a mail about several tickets must not go out as it is; "" when it may.

    Of its tickets those that are still due are in another mail, which is written here.
    """
    config = context.config
    found = tickets.get_many(db, mail.names)
    due = [each for each in found.values() if not not_due(mail.kind, mail.agent, mail.recipient, each, config)]
    if len(due) == len(mail.names):
        return ""
    if not due:
        return "none of its tickets is due any more"
    reader = Person(Address(mail.recipient, config.agents[mail.agent].name), mail.agent)
    cause = f"again:{mail.id}:{','.join(str(each.number) for each in due)}"
    notice = about_several(mail.kind, reader, due, cause, absences.away(db, context.now), config)
    written.save_alerts(db, [notice], context)
    return f"another mail is about {', '.join(f'#{each.number}' for each in due)} alone"


def _why(db: Db, mail: Unsent, about: dict[int, Ticket], context: Context) -> str:
    config = context.config
    if mail.agent and (why := not_reader(mail.agent, mail.recipient, config)):
        return why
    if mail.agent and mail.kind in TOGETHER and not mail.ticket:
        return _again(db, mail, context)
    ticket = about.get(mail.ticket)
    if ticket and (why := not_due(mail.kind, mail.agent, mail.recipient, ticket, config)):
        return why
    agent = config.agents.get(mail.agent)
    named = (about[number] for number in mail.names if number in about)
    hidden = (each for each in named if agent and _is_hidden(agent, each, config))
    return next((f"its reader does not see ticket {each.number}, which it names" for each in hidden), "")


def _is_hidden(agent: Agent, ticket: Ticket, config: Config) -> bool:
    return confidential(ticket.department, config) or not sees(agent, ticket, config)
