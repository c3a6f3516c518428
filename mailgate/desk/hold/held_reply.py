"""An agent's answer that waits for a second look: held and returned, sent by one link, forgotten after three days.

Nothing of the mail is done meanwhile, its commands included, and no target is met. Why it
is held is found by `leak_guard.py` first and by `collision.py` then, so a mail that was sent on after the
second has passed both. Who wrote it sends it, nobody else, and once.
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
from mailgate.rules.text.signature import only_signature
from mailgate.rules.threading.keys import key_text
from mailgate.rules.threading.trust import Sender
from mailgate.rules.ticket import acts, lifecycle
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Address, Change, Entry, EventKind, Ticket

# What an answer is held for, and what its agent reads when it has expired.
BECAUSE = {Reason.LEAK: "held.because_leak", Reason.COLLISION: "held.because_collision"}
SHOWN = 5  # entries that are newer


def hold(
    request: AgentMail,
    ticket: Ticket,
    why: tuple[Reason, str],
    facts: tuple[Sentence, ...],
    text: str,
    context: Context,
    meanwhile: Sequence[Entry] = (),
) -> Outcome:
    """Set the answer aside and return it with its files, the code that sends it, and what was written meanwhile."""
    reason, words = why
    cause = request.cause if reason is Reason.COLLISION else f"{request.cause}:{reason}"
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


def _code(request: AgentMail, cause: str, context: Context) -> str:
    """The code that sends it: the same when the mail is worked again; another when it is held for another reason."""
    author, day = request.author.email, request.at.date()
    return key_text(context.keyring.notice_id(0, author, NoticeKind.HELD, cause, day)).rpartition(".")[2][:12]


def _held(ticket: Ticket, stamp: acts.Stamp, agent: str, reason: Reason, context: Context) -> Change:
    after = {"agent": agent, "why": reason.value}
    return lifecycle.note_event(ticket, EventKind.HELD, stamp, context.config, {**after})


def expired(agent_key: str, reason: Reason, situation: Situation, context: Context) -> Outcome:
    """Three days have passed: the answer is never sent, and its agent is told, with their words."""
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
    """The mail that the code was for was sent already, or forgotten."""
    return request.refused(ticket, Phrase("refused.code_unknown"), *_beside(request))


def refused(request: Request, ticket: Ticket | None, held: Sender) -> Outcome | None:
    """Why the mail that waits is not carried out, None when it is. `held`: who that mail is from."""
    problems: tuple[Sentence, ...] = _beside(request)
    if request.agent and held.agent != request.agent.key:
        problems = (Phrase("refused.code_anothers"), *problems)
    return request.refused(ticket, *problems) if problems else None


def _beside(request: Request) -> tuple[Phrase, ...]:
    others = (command.line for command in request.commands.commands if command.verb != "confirm")
    return (
        *request.commands.problems,
        *(phrase("refused.line", line=line, why=Phrase("refused.code_alone")) for line in others),
    )


def left_out(request: Request, ticket: Ticket | None, config: Config) -> tuple[Notice, ...]:
    """The word to an agent who wrote below the code: nobody reads that."""
    signature = request.signature(config)
    if only_signature(request.commands.rest, [signature] if signature else []):
        return ()
    return request.answer(NoticeKind.ANSWER, ticket, (Phrase("done.code_taken"),))
