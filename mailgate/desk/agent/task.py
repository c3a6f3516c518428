"""What an agent's mail does to the ticket that it is about: posted, done, told.

Everything was understood before (`agent.py`). Here it may still be stopped as a whole: by what
must not leave the desk, or by what wants a second look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mailgate.desk.agent.away import with_presence
from mailgate.desk.agent.queries import Shown, answers_of, with_answers
from mailgate.desk.agent.reports import answer_reports
from mailgate.desk.hold.collision import collision
from mailgate.desk.hold.leak_guard import guarded, key_published, leaked, refusal
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.merge_split import Target, announce_target, linked_back, merge_target, take_in
from mailgate.desk.request.reply import AgentText, agent_text_of, to_send_it
from mailgate.desk.request.request import AgentMail, CliOrder, Request
from mailgate.errors import Refused
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence
from mailgate.rules.commands.orders import ResolvedCommands, acts_of, bans_of, unbans_of
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.auto_assign import told as told_handed_out
from mailgate.rules.people.collaborators import collaborators_of
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import may, why_not
from mailgate.rules.replies import attachments
from mailgate.rules.ticket import acts, lifecycle, reasons
from mailgate.rules.ticket.questions import outsiders
from mailgate.rules.ticket.reopening import resolved_since
from mailgate.store.db import Db
from mailgate.store.people import audience
from mailgate.store.tickets import tickets
from mailgate.ticket import Assignee, Change, Collaborator, EventKind, Status, Ticket


@dataclass(frozen=True, slots=True)
class AgentWork:
    """A mail that was understood, and where it is done."""

    request: Request
    resolved: ResolvedCommands
    target: Target
    ticket: Ticket  # of the ground
    context: Context

    @property
    def stamp(self) -> acts.Stamp:
        """Who does it, and when."""
        return acts.Stamp(self.request.by, self.request.at)

    def refused(self, problem: str) -> Outcome:
        """Nothing of it is done; what would be split off is no ticket yet."""
        return self.request.refused(self.target.source or self.ticket, problem)


def carry_out(db: Db, task: AgentWork) -> Outcome:
    """Do everything that the mail orders, or nothing."""
    request, resolved, context = task.request, task.resolved, task.context
    try:
        post = agent_text_of(db, request, resolved, task.target.named, task.ticket, context.config)
    except Refused as trouble:
        return task.refused(str(trouble))
    if stopped := _stopped(db, task, post):
        return stopped
    change, beside, notices = _done(db, task, post)
    asked = answers_of(db, request, resolved, change.after, context)
    outcome = Outcome(
        ticket=task.ticket.number,
        reason=request.reason,
        changes=(change, *beside, *linked_back(db, resolved, task.ticket, task.stamp, context)),
        notices=notices,
        bans=bans_of(resolved, task.stamp),
        unbans=unbans_of(resolved),
        told=tuple(_told(task, post, change)),
        answers=asked.answers,
        commands=request.commands.commands,
    )
    outcome = outcome.with_notices(*answer_reports(request, resolved, context))
    outcome = outcome.with_notices(*_to_agent(request, outcome, post, asked))
    return with_presence(db, request, resolved, outcome, context)


# ── whether it is done ──────────────────────────────────────────────────────────────────


def _stopped(db: Db, task: AgentWork, post: AgentText) -> Outcome | None:
    """What becomes of a mail that is refused or held as it stands; None when it is done."""
    if not post.writes and task.resolved.asks:
        return task.refused("there is nothing to ask: write your question below the commands")
    request, context = task.request, task.context
    problem = key_published(task.resolved.orders, context)
    if problem := problem or (_unsendable(task, post) if post.writes else ""):
        return task.refused(problem)
    if not isinstance(request, AgentMail):  # an order from the command line is never held
        problem = leaked(db, request, post, task.target, context) if post.replies else ""
        return task.refused(problem) if problem else None
    held = guarded(db, request, task.resolved.orders, post, task.target, context)
    return held or (collision(db, request, post.text, task.ticket, context) if post.replies else None)


def _unsendable(task: AgentWork, post: AgentText) -> str:
    """Why the text may not be written, or not leave the desk; "" when it may."""
    request, target, context = task.request, task.target, task.context
    config, public = context.config, post.seen.public
    problem = why_not(request.agent, "reply" if public else "note", task.ticket.department, config)
    if problem or not (public or outsiders(task.resolved.asks, config)):
        return problem
    problem = attachments.unsendable(post.attachments, config.attachments)
    problem = problem or (target.astray(config) if public else "") or (_unreachable(task) if public else "")
    return problem or refusal(request, post, context)


def _unreachable(task: AgentWork) -> str:
    """Why a public reply would reach nobody: the requester is an address of the desk, as of a web form; else ""."""
    ticket = task.ticket
    if task.resolved.has("requester", "cc") or any(each.active for each in ticket.collaborators):
        return ""
    if not desk_address(ticket.requester.email, task.context.config):
        return ""
    return (
        f"the requester of ticket {ticket.number} is {ticket.requester.email}, an address of this desk: an answer would"
        " reach nobody; name who is to be answered with #requester ADDRESS"
    )


# ── done ────────────────────────────────────────────────────────────────────────────────


def _done(db: Db, task: AgentWork, post: AgentText) -> tuple[Change, tuple[Change, ...], tuple[Notice, ...]]:
    """The change to the ticket, those to the tickets beside it, and who is told of them."""
    ticket, target, stamp, context = task.ticket, task.target, task.stamp, task.context
    done = [*target.acts, *_acts(task, post)]
    others = [*target.others]
    if merge := merge_target(db, task.resolved):
        into, reason = merge
        done.append(acts.merge(into, stamp.because(reason), context.config))
        others.append(take_in(ticket, into, reason, stamp, context))
    entries = (post.entry(task.request),) if post.writes else ()
    change = target.whole(lifecycle.act_on(ticket, done, stamp, context.config, entries))
    return announce_target(db, change, others, target, _occasion(db, task), context)


def _acts(task: AgentWork, post: AgentText) -> Iterator[acts.Act]:
    request, resolved, ticket, stamp = task.request, task.resolved, task.ticket, task.stamp
    config = task.context.config
    if post.replies:
        yield acts.reply(request.agent_key, stamp)
        yield acts.copy_in(_copied(task), stamp)
    elif post.writes:
        yield acts.ask(resolved.asks, stamp) if resolved.asks else acts.note(stamp)
    yield from acts_of(resolved, stamp, config)
    if not post.replies:
        return
    unclaimed = not ticket.assignee and not resolved.has("assign", "transfer", "merge")
    if request.agent and unclaimed and config.tickets.claim_on_reply:
        yield acts.assign(Assignee.agent(request.agent.key), stamp.because(reasons.ANSWERED_FIRST))
    waits = config.tickets.after_reply == "pending" and ticket.status is Status.OPEN
    if waits and not resolved.has("status", "merge"):
        yield acts.status(Status.PENDING, stamp.because(reasons.WAITING))


def _copied(task: AgentWork) -> tuple[Collaborator, ...]:
    """Who had a proven agent's public reply directly, and hears of the ticket from then on.

    Who is an inactive collaborator stays one: a mail program that answers to all names people whom nobody chose.
    """
    request, ticket, config = task.request, task.ticket, task.context.config
    if request.agent and not may(request.agent, "cc", ticket.department, config):
        return ()
    return collaborators_of(request.recipients, ticket, config, active=True)


def _occasion(db: Db, task: AgentWork) -> Occasion:
    request, opened = task.request, task.target.opened is not None
    return Occasion(
        by=request.by,
        cause=request.cause,
        author=request.author,
        now=task.context.now,
        answers=request.message_id,
        direct=request.direct(task.context.config),
        quiet=task.resolved.has("quiet") or (opened and not task.ticket.autoresponse),
        on_behalf=opened,
        resolved_before=_resolved_before(db, task),
    )


def _resolved_before(db: Db, task: AgentWork) -> bool:
    """Whether the requester has read within the day that the ticket was resolved."""
    ticket = task.ticket
    if ticket.reopened == 0:
        return False
    since = resolved_since(tickets.events(db, ticket.number), task.context.now)
    return since is not None and audience.told_about(db, ticket.number, ticket.requester.email, since)


# ── what the agent hears ────────────────────────────────────────────────────────────────


def _told(task: AgentWork, post: AgentText, change: Change) -> Iterator[str]:
    """What was done, in words; the command line also hears of the text that it gave."""
    if post.writes and isinstance(task.request, CliOrder):
        yield "reply sent" if post.seen.public else "note added"
    yield from (order.summary for order in task.resolved.orders if order.summary)
    yield from told_handed_out(change.events, task.context.config)


def _to_agent(request: Request, outcome: Outcome, post: AgentText, asked: Shown) -> tuple[Notice, ...]:
    """The agent hears after a note that the rule made, when commands came without text, and what they asked."""
    told: list[str] = []
    links: tuple[tuple[Sentence, str], ...] = ()
    change, seen = outcome.changes[0], post.seen
    if post.writes and seen.by_rule:
        told.append(f"Your text was kept as an internal note, because {seen.why}. The requester was not written to.")
        links = to_send_it(post.text)
    elif not post.writes:
        told += [f"Done: {each}." for each in outcome.told]
        told = told or ["Nothing to do: the mail held no text and no command."]
    if any(event.kind is EventKind.MERGED for event in change.events):
        links += ((Phrase("link.undo_merge"), f"#ticket {outcome.ticket}\n#split\n"),)
    if not told and not asked.answers:
        return ()
    notices = request.answer(NoticeKind.ANSWER, change.after, tuple(told))
    return with_answers(tuple(replace(notice, links=links) for notice in notices), asked)
