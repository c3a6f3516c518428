"""Commands of requesters and collaborators: carried out and answered.

Only a person's mail that is proven to be its author's may hold commands; all other text is a message (`message.py`):
who knows an id or the number of a ticket adds words to it in somebody's name, and no more.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.opening.from_mail import may_answer
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.commands.requester_words import (
    MERGED,
    RequesterCommands,
    acts_of,
    answers,
    read_requester_words,
)
from mailgate.rules.commands.scope import Command
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.text.signature import Signer, ending
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.reopening import back
from mailgate.ticket import Actor, Change, Ticket


def commands_of(situation: Situation) -> RequesterCommands:
    """The commands at the top of the mail."""
    if not (situation.human and situation.authors):
        return RequesterCommands()
    return read_requester_words(situation.received.body.lines, situation.match.role, signer_of(situation))


def signer_of(situation: Situation) -> Signer:
    """How the author signs: their name, and how their earlier messages on the ticket end, once those are read."""
    author, ticket = situation.author, situation.ticket
    thread = situation.known.thread(ticket.number) if ticket else ()
    return Signer(author.name, endings=tuple(ending(each.text) for each in thread if each.author.email == author.email))


def only_commands(requested: RequesterCommands, situation: Situation) -> bool:
    """Whether the mail has commands and no message; embedded pictures are none."""
    return bool(requested.words) and not requested.text and all(each.cid for each in situation.attachments)


def without_commands(situation: Situation, requested: RequesterCommands) -> Situation:
    """The mail as a message, without the commands on top."""
    body = replace(situation.received.body, visible=requested.text, html="")
    return replace(situation, received=replace(situation.received, body=body))


def carry_out(situation: Situation, ticket: Ticket, requested: RequesterCommands, context: Context) -> Outcome:
    """The outcome of a mail that has only commands."""
    author, config = situation.author, context.config
    stamp = acts.Stamp(Actor.requester(author.email), situation.received.arrived_at)
    allowed = requested
    if not lifecycle.may_reopen(ticket, situation.received.arrived_at, config):
        allowed = replace(requested, words=tuple(word for word in requested.words if word != "reopen"))
    done = acts_of(allowed, config.addresses_of(author.email), stamp)
    known = situation.known
    if "reopen" in allowed.words and not ticket.status.active:
        done += back(ticket, known.records[ticket.number].events, known.away, stamp.at, config)
    change = lifecycle.act_on(ticket, done, stamp, config)
    occasion = Occasion(by=stamp.by, cause=situation.received.source_key, author=author, now=context.now)
    return Outcome(
        ticket=ticket.number,
        reason=situation.match.why,
        announced=(known.announced(change, occasion),),
        notices=answer(situation, change, requested, context),
        commands=as_commands(requested),
    )


def answer_of_merged(situation: Situation, context: Context) -> Outcome | None:
    """The answer to a question about a request that was merged into somebody else's; None for any other mail."""
    match = situation.match
    if (match.role, match.role_there) != ("inactive", "requester") or not (situation.human and situation.authors):
        return None
    requested = read_requester_words(situation.received.body.lines, MERGED, signer_of(situation))
    if not only_commands(requested, situation):
        return None
    ticket = situation.found.tickets[match.came_for]
    notices = (_notice(situation, ticket, (Phrase("told.merged"),)),) if may_answer(situation, context) else ()
    return Outcome(ticket=ticket.number, reason=match.why, notices=notices, commands=as_commands(requested))


def as_commands(requested: RequesterCommands) -> tuple[Command, ...]:
    """The commands for `explain` and `trace`."""
    return tuple(Command(word, line=f"#{word}") for word in requested.words)


def answer(situation: Situation, change: Change, requested: RequesterCommands, context: Context) -> tuple[Notice, ...]:
    """The notice of the ticket's status."""
    ticket = change.after
    facts = list(answers(requested, ticket, situation.known.records[ticket.number].thread))
    if "reopen" in requested.words and not ticket.status.active:
        facts.append(Phrase("asked.too-late"))
    if not may_answer(situation, context):
        return ()
    return (_notice(situation, ticket, tuple(facts)),)


def _notice(situation: Situation, ticket: Ticket, facts: tuple[Phrase, ...]) -> Notice:
    mail = situation.received.mail
    return Notice(
        kind=NoticeKind.STATUS_CHANGED,
        to=situation.author,
        cause=situation.received.source_key,
        ticket=ticket,
        facts=facts,
        in_reply_to=mail.message_id,
        references=mail.references[-3:],
    )
