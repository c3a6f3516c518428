"""The answer of somebody outside the desk whom an agent asked: a note, and nothing more.

It opens, reopens and changes nothing, adds nobody to the ticket, and no requester hears of it.
"""

from __future__ import annotations

from mailgate.desk.opening.from_mail import entry_of
from mailgate.desk.outcome import Announcement, Context, Outcome
from mailgate.desk.situation import Situation
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.questions import askers_of
from mailgate.ticket import Actor, EntryKind, Ticket


def take_answer(situation: Situation, ticket: Ticket, context: Context) -> Outcome:
    """Keep the answer as a note; who asked hears of it, as do those who hear of notes."""
    received, config = situation.received, context.config
    author = received.mail.author
    stamp = acts.Stamp(Actor.requester(author.email), received.arrived_at)
    entry = entry_of(situation, author, received.body.whole or received.mail.text, kind=EntryKind.NOTE)
    change = lifecycle.act_on(ticket, [acts.note(stamp)], stamp, config, (entry,))
    names = " and ".join(config.agents[key].name for key in askers_of(ticket, author.email) if key in config.agents)
    asked = f"{names} asked" if names else "the desk asked"
    occasion = Occasion(
        by=stamp.by,
        cause=received.source_key,
        author=author,
        now=context.now,
        answers=received.mail.message_id,
        remarks=(f"{author.email} is outside the desk and answers what {asked}. The requester sees none of it.",),
    )
    announced = (Announcement(change=change, occasion=occasion),)
    return Outcome(ticket=ticket.number, reason=situation.match.why, announced=announced)
