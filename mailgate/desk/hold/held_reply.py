"""Replies that are held for confirmation: returned to their agent, released by one link, dropped after three days.

Meanwhile nothing of the mail is done, its commands included, and no SLA target is met. `leak_guard.py` is asked
first, `answers_within.py` second, `more_readers.py` third and `collision.py` last, so a mail released after one has
passed those before. Only its author can release it, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.desk.outcome import Context, Hold, Outcome
from mailgate.desk.request.request import AgentMail, Request
from mailgate.desk.situation import Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.reasons import Reason
from mailgate.rules.people.permissions import sees
from mailgate.rules.threading.keys import key_text
from mailgate.rules.ticket import acts, lifecycle
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Address, Change, Entry, EventKind, Ticket

# Why a reply was held, in the notice of its expiry.
BECAUSE = {
    Reason.LEAK: "held.because_leak",
    Reason.ANSWERS_WITHIN: "held.because_within",
    Reason.MORE_READERS: "held.because_readers",
    Reason.COLLISION: "held.because_collision",
}
SHOWN = 5  # newer entries


def hold(
    request: AgentMail,
    ticket: Ticket,
    why: tuple[Reason, str],
    facts: tuple[Sentence, ...],
    text: str,
    context: Context,
    meanwhile: Sequence[Entry] = (),
    about: str = "",
) -> Outcome:
    """Hold the reply, and return it with its files, the code that releases it and the entries written meanwhile.

    `about` tells two holds of one mail for the same reason apart.
    """
    reason, words = why
    cause = request.cause if reason is Reason.COLLISION else f"{request.cause}:{reason}{about and ':'}{about}"
    code = _code(request, cause, context)
    history, files = tuple(reversed(meanwhile[-SHOWN:])), request.attachments
    notices = request.answer(NoticeKind.HELD, ticket, facts, text)
    return Outcome(
        state="held",
        reason=reason,
        why=words,
        ticket=ticket.number,
        changes=(_held(ticket, acts.Stamp(request.by, request.at, words), request.agent.key, reason, context),),
        notices=tuple(replace(each, cause=cause, code=code, history=history, attachments=files) for each in notices),
        hold=Hold(request.agent.key, code, reason),
        commands=request.commands.commands,
    )


def had_directly(request: AgentMail, ticket: Ticket, config: Config) -> bool:
    """Whether the requester received the reply directly: holding it would then only hide it from the desk."""
    return any(config.same_person(address.email, ticket.requester.email) for address in request.recipients)


def _code(request: AgentMail, cause: str, context: Context) -> str:
    """The code that releases it: stable for a mail and the reason."""
    author, day = request.author.email, request.at.date()
    return key_text(context.keyring.notice_id(0, author, NoticeKind.HELD, cause, day)).rpartition(".")[2][:12]


def _held(ticket: Ticket, stamp: acts.Stamp, agent: str, reason: Reason, context: Context) -> Change:
    after = {"agent": agent, "why": reason.value}
    return lifecycle.note_event(ticket, EventKind.HELD, stamp, context.config, {**after})


def expired(agent_key: str, reason: Reason, situation: Situation, context: Context) -> Outcome:
    """The expiry of a held reply after three days: it is dropped, and returned to its agent."""
    config, received, ticket = context.config, situation.received, situation.ticket
    why = "nobody sent it within three days"
    agent = config.agents.get(agent_key)
    seen = ticket if agent and ticket and sees(agent, ticket, config) else None  # they may have lost sight of it
    notice = Notice(
        kind=NoticeKind.HELD,
        to=Address(agent.email, agent.name) if agent else Address(""),
        agent=agent_key,
        cause=f"{received.source_key}:forgotten",
        ticket=seen,
        subject=received.mail.subject,
        facts=(Phrase(BECAUSE[reason]),),
        text=received.body.visible,
        in_reply_to=received.mail.message_id,
    )
    stamp = acts.Stamp(CLOCK, context.now, why)
    return Outcome(
        state="dropped",
        reason=reason,
        why=why,
        ticket=ticket.number if ticket else None,
        changes=(_held(ticket, stamp, agent_key, reason, context),) if ticket else (),
        notices=(notice,) if agent else (),
    )


def nothing_waits(request: Request, ticket: Ticket | None) -> Outcome:
    """The mail of the code was released already, or has expired: a second tap on a link is no mistake to correct.

    Only what stands beside the code is returned.
    """
    beside = _beside(request)
    if beside or not request.signed_only:
        return request.refused(ticket, Phrase("refused.code_unknown"), *beside)
    return Outcome(
        reason=Reason.REFUSED,
        why="no mail waits for this code",
        ticket=ticket.number if ticket else None,
        notices=request.answer(NoticeKind.ANSWER, ticket, (Phrase("done.code_over"),)),
        commands=request.commands.commands,
    )


def refused(request: Request, ticket: Ticket | None, author: str | None) -> Outcome | None:
    """The refusal of a confirmation; None if it is valid.

    `author`: the agent who wrote the held mail; None for mail that every agent with its code may release.
    """
    problems: tuple[Sentence, ...] = _beside(request)
    if request.agent and author is not None and author != request.agent.key:
        problems = (Phrase("refused.code_anothers"), *problems)
    return request.refused(ticket, *problems) if problems else None


def _beside(request: Request) -> tuple[Phrase, ...]:
    others = (command.line for command in request.commands.commands if command.verb != "confirm")
    return (
        *request.commands.problems,
        *(phrase("refused.line", line=line, why=Phrase("refused.code_alone")) for line in others),
    )


def ignored_text(request: Request, ticket: Ticket | None) -> tuple[Notice, ...]:
    """The notice that text below the code was ignored; empty if there is none."""
    if request.signed_only:
        return ()
    return request.answer(NoticeKind.ANSWER, ticket, (Phrase("done.code_taken"),))
