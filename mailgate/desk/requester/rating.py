"""Satisfaction ratings by requesters: recorded without reopening the ticket.

A rating is a person's mail with a key made for this requester and ticket, as the links in the notice of a resolved
ticket carry it. Anything else is a message.
"""

from __future__ import annotations

from mailgate.desk.opening.from_mail import entry_of
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.requester.commands import signer_of
from mailgate.desk.situation import Situation
from mailgate.reasons import Reason
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.rating import Rating, may_rate, read_rating
from mailgate.ticket import Actor, Ticket


def rating_of(situation: Situation, context: Context) -> Rating | None:
    """The rating in a mail; None for any other mail, and for a late rating with more than a word."""
    ticket, key, match = situation.ticket, situation.match.key, situation.match
    own = context.config.addresses_of(situation.received.mail.author.email)
    if not (situation.human and situation.authors and ticket and key and match.role == "requester"):
        return None
    if not (key.kind.to_requester and any(context.keyring.is_for(key, each) for each in own) and may_rate(ticket)):
        return None
    rating = read_rating(situation.received.body.lines, signer_of(situation))
    late = not lifecycle.may_reopen(ticket, situation.received.arrived_at, context.config)
    return None if rating and late and _says_more(rating, situation) else rating


def _says_more(rating: Rating, situation: Situation) -> bool:
    return bool(rating.text) or any(not each.cid for each in situation.attachments)


def receive_rating(situation: Situation, ticket: Ticket, rating: Rating, context: Context) -> Outcome:
    """Record a rating; agents are alerted of a bad one and of one with text. Too late, it has no effect."""
    author, arrived = situation.author, situation.received.arrived_at
    if not lifecycle.may_reopen(ticket, arrived, context.config):
        return Outcome(ticket=ticket.number, reason=Reason.TOO_OLD_TO_REOPEN, why=f"rated {rating.word}, too late")
    stamp = acts.Stamp(Actor.requester(author.email), arrived)
    more = _says_more(rating, situation)
    rated = acts.rate(rating.word, stamp, anew=more)
    if not more:
        change = lifecycle.act_on(ticket, [rated], stamp, context.config)
    elif ticket.status.active:  # opened again since: their words wait for an answer like any others
        entry = entry_of(situation, author, rating.text)
        change = lifecycle.receive(ticket, entry, stamp, context.config, participant=True, first=[rated])
    else:
        change = lifecycle.act_on(ticket, [rated], stamp, context.config, (entry_of(situation, author, rating.text),))
    occasion = Occasion(
        by=stamp.by,
        cause=situation.received.source_key,
        author=author,
        now=context.now,
    )
    return Outcome(
        ticket=ticket.number,
        reason=situation.match.why,
        announced=(situation.known.announced(change, occasion),),
    )
