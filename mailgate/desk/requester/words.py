"""A requester's or collaborator's commands on a ticket of theirs: done, and answered in public words.

Only a person's mail that did not fail its authentication asks for anything; all other text
in it is a message like any other, and `requester.py` takes that.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.opening.from_mail import may_answer
from mailgate.desk.outcome import Announcement, Context, Outcome
from mailgate.desk.situation import Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.commands.requester_words import RequesterCommands, acts_of, answers, read_requester_words
from mailgate.rules.commands.scope import Command
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.reopening import back
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.tickets import tickets
from mailgate.ticket import Actor, Change, Ticket


def wishes_of(situation: Situation) -> RequesterCommands:
    """What the mail asks for."""
    if not situation.human or situation.sender.dmarc == "fail":
        return RequesterCommands()
    return read_requester_words(situation.received.body.lines, situation.match.role)


def only(situation: Situation) -> bool:
    """True where the mail asks as its ticket's requester may, and holds no command that is an agent's."""
    wishes = wishes_of(situation)
    below = read_commands(wishes.text.split("\n"))
    return bool(wishes.words) and not (below.commands or below.problems)


def alone(wishes: RequesterCommands, situation: Situation) -> bool:
    """True for a mail of words alone: it posts nothing. Pictures of a signature are no message."""
    return bool(wishes.words) and not wishes.text and all(each.cid for each in situation.attachments)


def without_words(situation: Situation, wishes: RequesterCommands) -> Situation:
    """The mail as a message: its text without the words on top."""
    body = replace(situation.received.body, visible=wishes.text, html="")
    return replace(situation, received=replace(situation.received, body=body))


def fulfil(db: Db, situation: Situation, ticket: Ticket, wishes: RequesterCommands, context: Context) -> Outcome:
    """Do and answer a mail of words alone."""
    author, config = situation.received.mail.author, context.config
    stamp = acts.Stamp(Actor.requester(author.email), situation.received.arrived_at)
    wanted = wishes
    if not lifecycle.may_reopen(ticket, situation.received.arrived_at, config):
        wanted = replace(wishes, words=tuple(word for word in wishes.words if word != "reopen"))
    done = acts_of(wanted, config.addresses_of(author.email), stamp)
    if "reopen" in wanted.words and not ticket.status.active:
        away = absences.away(db, context.now)
        done += back(ticket, tickets.events(db, ticket.number), away, stamp.at, config)
    change = lifecycle.act_on(ticket, done, stamp, config)
    occasion = Occasion(by=stamp.by, cause=situation.received.source_key, author=author, now=context.now)
    return Outcome(
        ticket=ticket.number,
        reason=situation.match.why,
        announced=(Announcement(change=change, occasion=occasion),),
        notices=answer(db, situation, change, wishes, context),
        commands=commands(wishes),
    )


def commands(wishes: RequesterCommands) -> tuple[Command, ...]:
    """The words as commands, for `explain` and `trace`."""
    return tuple(Command(word, line=f"#{word}") for word in wishes.words)


def answer(
    db: Db, situation: Situation, change: Change, wishes: RequesterCommands, context: Context
) -> tuple[Notice, ...]:
    """The mail that says how the ticket stands now."""
    ticket = change.after
    mail = situation.received.mail

    told = list(answers(wishes, ticket, tickets.thread(db, ticket.number)))
    if "reopen" in wishes.words and not ticket.status.active:
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
