"""A requester's or collaborator's commands on a ticket of theirs: done, and answered in public words.

Only a person's mail that did not fail its authentication asks for anything; all other text
in it is a message like any other, and `requester.py` takes that.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.opening.from_mail import may_answer
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.commands.requester_words import RequesterCommands, acts_of, answers, read_requester_words
from mailgate.rules.commands.scope import Command
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.reopening import back
from mailgate.ticket import Actor, Change, Ticket


def commands_of(situation: Situation) -> RequesterCommands:
    """What the mail asks for."""
    if not situation.human or situation.sender.dmarc == "fail":
        return RequesterCommands()
    return read_requester_words(situation.received.body.lines, situation.match.role)


def alone(asked: RequesterCommands, situation: Situation) -> bool:
    """True for a mail of words alone: it posts nothing. Pictures of a signature are no message."""
    return bool(asked.words) and not asked.text and all(each.cid for each in situation.attachments)


def without_words(situation: Situation, asked: RequesterCommands) -> Situation:
    """The mail as a message: its text without the words on top."""
    body = replace(situation.received.body, visible=asked.text, html="")
    return replace(situation, received=replace(situation.received, body=body))


def fulfil(situation: Situation, ticket: Ticket, asked: RequesterCommands, context: Context) -> Outcome:
    """Do and answer a mail of words alone."""
    author, config = situation.received.mail.author, context.config
    stamp = acts.Stamp(Actor.requester(author.email), situation.received.arrived_at)
    wanted = asked
    if not lifecycle.may_reopen(ticket, situation.received.arrived_at, config):
        wanted = replace(asked, words=tuple(word for word in asked.words if word != "reopen"))
    done = acts_of(wanted, config.addresses_of(author.email), stamp)
    known = situation.known
    if "reopen" in wanted.words and not ticket.status.active:
        done += back(ticket, known.records[ticket.number].events, known.away, stamp.at, config)
    change = lifecycle.act_on(ticket, done, stamp, config)
    occasion = Occasion(by=stamp.by, cause=situation.received.source_key, author=author, now=context.now)
    return Outcome(
        ticket=ticket.number,
        reason=situation.match.why,
        announced=(known.announced(change, occasion),),
        notices=answer(situation, change, asked, context),
        commands=commands(asked),
    )


def commands(asked: RequesterCommands) -> tuple[Command, ...]:
    """The words as commands, for `explain` and `trace`."""
    return tuple(Command(word, line=f"#{word}") for word in asked.words)


def answer(situation: Situation, change: Change, asked: RequesterCommands, context: Context) -> tuple[Notice, ...]:
    """The mail that says how the ticket stands now."""
    ticket = change.after
    mail = situation.received.mail
    told = list(answers(asked, ticket, situation.known.records[ticket.number].thread))
    if "reopen" in asked.words and not ticket.status.active:
        told.append(Phrase("asked.too-late"))
    if not told or not may_answer(situation, context):
        return ()
    notice = Notice(
        kind=NoticeKind.STATUS_CHANGED,
        to=mail.author,
        cause=situation.received.source_key,
        ticket=ticket,
        facts=tuple(told),
        in_reply_to=mail.message_id,
        references=mail.references[-3:],
    )
    return (notice,)
