"""What a request does to its ticket, and the answer to its author.

The commands were resolved before (`perform.py`). The mail may still be refused, or held (`desk/hold`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.desk.agent.away import with_absences
from mailgate.desk.agent.queries import Found, answers_of, with_answers
from mailgate.desk.agent.report_mails import answer_reports
from mailgate.desk.hold.answers_within import answers_within
from mailgate.desk.hold.collision import collision
from mailgate.desk.hold.leak_guard import guarded, key_published, leaked, refusal
from mailgate.desk.hold.more_readers import more_readers
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.merge_split import Target, absorbed, announcements, linked_back, merge_target
from mailgate.desk.request.reply import AgentText, agent_text_of, to_send_it
from mailgate.desk.request.request import AgentMail, CliOrder, Request
from mailgate.errors import Refused
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.commands.orders import ResolvedCommands, acts_of, bans_of, unbans_of
from mailgate.rules.notices.destination import reaches_nobody
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.auto_assign import hand_outs
from mailgate.rules.people.collaborators import collaborators_of
from mailgate.rules.people.permissions import may, why_not
from mailgate.rules.replies import attachments
from mailgate.rules.text.cleanup import seen
from mailgate.rules.ticket import acts, lifecycle, reasons
from mailgate.rules.ticket.asked_people import outsiders
from mailgate.rules.ticket.participants import agree, left_out
from mailgate.rules.ticket.reopening import lately_resolved, thanks_for
from mailgate.ticket import Assignee, Change, Collaborator, Entry, EntryKind, EventKind, Status, Ticket

_UNREAD = 1000  # characters of what stands below #end that are given back


@dataclass(frozen=True, slots=True)
class AgentWork:
    """A request whose commands are resolved, and the ticket that it works on."""

    request: Request
    own: str  # the agent's own text
    resolved: ResolvedCommands
    target: Target
    context: Context

    @property
    def ticket(self) -> Ticket:
        """The ticket that it works on."""
        return self.target.ticket

    @property
    def stamp(self) -> acts.Stamp:
        """Author and time of its acts."""
        return acts.Stamp(self.request.by, self.request.at)

    def refused(self, *problems: Sentence) -> Outcome:
        """The request is refused; a ticket that would be split off does not exist yet."""
        return self.request.refused(self.target.source or self.ticket, *problems)


def carry_out(task: AgentWork) -> Outcome:
    """The outcome of the request: everything is done, or nothing."""
    request, resolved, context = task.request, task.resolved, task.context
    try:
        post = agent_text_of(request, task.own, resolved, task.target.named, task.ticket, context)
    except Refused as trouble:
        return task.refused(*trouble.reasons)
    if stopped := _stopped(task, post):
        return stopped
    change, others = _changes(task, post)
    announced = announcements(request.known, change, others, task.target, _occasion(task, post), post.published)
    return Outcome(
        ticket=task.ticket.number,
        reason=request.reason,
        announced=tuple(announced),
        changes=tuple(linked_back(request.known, resolved, task.ticket, task.stamp, context.config)),
        to_author=AgentAnswer(task, post),
        bans=bans_of(resolved, task.stamp),
        unbans=unbans_of(resolved),
        commands=request.commands.commands,
    )


# ── refused or held ────────────────────────────────────────────────────────────────────


def _stopped(task: AgentWork, post: AgentText) -> Outcome | None:
    """The outcome of a request that is refused or held; None if it is done."""
    if not post.writes and task.resolved.asks:
        return task.refused(Phrase("refused.ask_what"))
    request, context = task.request, task.context
    problem = key_published(task.resolved.orders, context)
    if problem := problem or (_unsendable(task, post) if post.writes else None):
        return task.refused(problem)
    if not isinstance(request, AgentMail):  # an order from the command line is never held
        problem = leaked(request, post, task.target, context) if post.replies else None
        return task.refused(problem) if problem else None
    held = guarded(request, task.resolved.orders, post, task.target, context)
    if held := held or (answers_within(request, task.ticket, context) if post.writes else None):
        return held
    if not post.replies:
        return None
    crossed = more_readers(request, post.text, task.target, context)
    return crossed or collision(request, post.text, task.ticket, context)


def _unsendable(task: AgentWork, post: AgentText) -> Phrase | None:
    """Why the text may not be posted; None if it may."""
    request, target, context = task.request, task.target, task.context
    config, public = context.config, post.seen.public
    problem = why_not(request.agent, "reply" if public else "note", task.ticket.department, config)
    if problem or not (public or outsiders(task.resolved.asks, config)):
        return problem
    problem = attachments.unsendable(post.attachments, config.attachments)
    problem = problem or (target.misdirected(config) or _unreachable(task) if public else None)
    return problem or refusal(request, post, context)


def _unreachable(task: AgentWork) -> Phrase | None:
    """Why a reply would reach nobody: the requester is an address of the desk, as of a web form; None if it would."""
    ticket = task.ticket
    if task.resolved.has("requester", "cc") or not reaches_nobody(ticket, task.context.config):
        return None
    return phrase("refused.unreachable", number=ticket.number, email=ticket.requester.email)


# ── done ────────────────────────────────────────────────────────────────────────────────


def _changes(task: AgentWork, post: AgentText) -> tuple[Change, list[Change]]:
    """The change to the ticket, and those to other tickets."""
    ticket, target, stamp, config = task.ticket, task.target, task.stamp, task.context.config
    done = [*target.acts, *_acts(task, post)]
    others = [*target.others]
    if merge := merge_target(task.request.known, task.resolved):
        into, reason = merge
        done.append(acts.merge(into, stamp.because(reason), config))
        others.append(absorbed(ticket, into, reason, stamp, config))
    entries = (post.entry(task.request),) if post.writes and not post.published else ()
    change = target.combined(lifecycle.act_on(ticket, done, stamp, config, entries))
    return (replace(change, moved=(*change.moved, post.published)) if post.published else change), others


def _acts(task: AgentWork, post: AgentText) -> Iterator[acts.Act]:
    request, resolved, ticket, stamp = task.request, task.resolved, task.ticket, task.stamp
    config = task.context.config
    if post.replies and not post.sent_again:
        note = post.published
        yield acts.publish(note.id or 0, request.agent_key, stamp) if note else acts.reply(request.agent_key, stamp)
        yield acts.copy_in(_copied(task), stamp)
    elif post.writes and not post.sent_again:
        yield acts.ask(resolved.asks, stamp) if resolved.asks else acts.note(stamp)
    yield from acts_of(resolved, stamp, config)
    if not post.replies or post.sent_again:
        return
    unclaimed = not ticket.assignee and not resolved.has("assign", "transfer", "merge")
    if request.agent and unclaimed and config.tickets.claim_on_reply:
        yield acts.assign(Assignee.agent(request.agent.key), stamp.because(reasons.ANSWERED_FIRST))
    waits = config.tickets.after_reply == "pending" and ticket.status is Status.OPEN
    if waits and not resolved.has("status", "merge"):
        yield acts.status(Status.PENDING, stamp.because(reasons.WAITING))


def _copied(task: AgentWork) -> tuple[Collaborator, ...]:
    """The recipients of the agent's reply, who become collaborators.

    Inactive collaborators stay inactive: "reply to all" names people whom the agent did not choose.
    """
    request, ticket, config = task.request, task.ticket, task.context.config
    if request.agent and not may(request.agent, "cc", ticket.department, config):
        return ()
    return collaborators_of(request.recipients, ticket, config, active=lambda _: True)


def _occasion(task: AgentWork, post: AgentText) -> Occasion:
    request, opened = task.request, task.target.opened is not None
    have_it = (each.email for each in task.ticket.collaborators) if post.sent_again else ()
    return Occasion(
        by=request.by,
        cause=request.cause,
        author=request.author,
        now=task.context.now,
        answers=request.message_id,
        direct=request.direct(task.context.config).union(have_it),
        signature=request.signature,
        quiet=task.resolved.has("quiet") or (opened and not task.ticket.autoresponse),
        on_behalf=opened,
        resolved_before=_resolved_before(task),
    )


def _resolved_before(task: AgentWork) -> bool:
    """Whether the requester was notified within the day that it was resolved, and at most thanked for it since."""
    ticket, config = task.ticket, task.context.config
    if ticket.reopened == 0:
        return False
    record = task.request.known.records[ticket.number]
    return any(
        record.notified(ticket.requester.email, since)
        and all(thanks_for(ticket, entry.text, entry.author, config) for entry in _messages(record.thread, since))
        for since in lately_resolved(record.events, task.context.now)
    )


def _messages(thread: Sequence[Entry], since: datetime) -> Iterator[Entry]:
    return (entry for entry in thread if entry.kind is EntryKind.MESSAGE and entry.at > since)


# ── the answer to the agent ─────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """The answer to the author of a request that is done."""

    task: AgentWork
    post: AgentText

    def added_to(self, outcome: Outcome) -> Outcome:
        """The complete outcome with the answer: what was done, and the reports and queries that were asked for."""
        request, resolved, context = self.task.request, self.task.resolved, self.task.context
        change = outcome.changes[0]
        changed = tuple(each.after for each in outcome.changes)
        found = answers_of(request, resolved, change.after, context, changed)
        report = tuple(self._report(change))
        outcome = replace(outcome, report=report, answers=found.answers)
        outcome = outcome.with_notices(*answer_reports(request, resolved, context))
        outcome = outcome.with_notices(*self._notices(change, report, found, outcome.changes[1:]))
        return with_absences(request, resolved, outcome, context)

    def _report(self, change: Change) -> Iterator[Phrase]:
        """What was done, in words; on the command line also what the text became."""
        task = self.task
        if self.post.writes and isinstance(task.request, CliOrder):
            yield Phrase("done.reply_sent" if self.post.seen.public else "done.note_added")
        if self.post.sent_again:
            yield phrase("done.sent_again", name=change.after.requester.name or change.after.requester.email)
        elif self.post.published or self.post.sent_before:
            name = task.ticket.requester.name or task.ticket.requester.email
            yield phrase("done.sent_already" if self.post.sent_before else "done.sent", name=name)
        yield from (order.summary for order in task.resolved.orders if order.summary)
        yield from hand_outs(change.events, task.context.config)

    def _kept_back(self) -> Iterator[Phrase]:
        """The files that were not sent because they tell who the agent is.

        What mail programs add to each mail is said once on a ticket.
        """
        request, number = self.task.request, self.task.ticket.number
        if not (self.post.replies and request.kept_back):
            return
        record = request.known.records.get(number)
        said = record is not None and (EntryKind.REPLY, request.agent_key) in record.agents_wrote
        for file in request.kept_back:
            if not (said and attachments.added_by_programs(file)):
                yield phrase("done.file_kept_back", name=seen(file.name))

    def _understood(self, change: Change) -> bool:
        """Whether more was done than the commands say word for word, so that a text does not answer for them."""
        handed_out = any(hand_outs(change.events, self.task.context.config))
        return handed_out or any(order.read_as for order in self.task.resolved.orders)

    def _notices(
        self, change: Change, report: Sequence[Phrase], found: Found, others: Sequence[Change]
    ) -> tuple[Notice, ...]:
        """An answer to a text that became a note by rule, to commands without text or not typed in full, to queries."""
        facts: list[Sentence] = []
        links: tuple[tuple[Sentence, str], ...] = ()
        post, seen = self.post, self.post.seen
        if post.writes and seen.by_rule:
            facts += [self._kept_as_note(change.after), *report]
            links = to_send_it(post.entry(self.task.request), change.after, self.task.context)
        elif post.published or not post.writes:
            facts += report or (self._nothing(),)
            facts += unread(self.task.request)
        elif self._understood(change):
            facts += report
        facts += self._kept_back()
        if any(event.kind is EventKind.MERGED for event in change.events):
            into = [each for each in others if each.after.number == change.after.merged_into]
            facts += [fact for each in into for fact in left_out(each)]
            add = ((label, f"#ticket {each.after.number}\n{body}") for each in into for label, body in agree(each, ""))
            links += (*add, (Phrase("link.undo_merge"), f"#ticket {self.task.ticket.number}\n#split\n"))
        if not facts and not found.answers:
            return ()
        notices = self.task.request.answer(NoticeKind.ANSWER, change.after, tuple(facts))
        return with_answers(tuple(replace(notice, links=links) for notice in notices), found)

    def _nothing(self) -> Phrase:
        """Why the mail did nothing: it was empty, or what it held only says what becomes of something else."""
        verbs = tuple(f"#{order.verb}" for order in self.task.resolved.orders)
        return phrase("done.nothing_else", verbs=verbs) if verbs else Phrase("done.nothing")

    def _kept_as_note(self, ticket: Ticket) -> Phrase:
        requester = ticket.requester.name or ticket.requester.email
        values = {"requester": requester, "department": self.task.ticket.department}
        return phrase("done.kept_note", why=phrase(f"visibility.{self.post.seen.why}", **values))


def unread(request: Request) -> tuple[Phrase, ...]:
    """The sentence with what the agent wrote below `#end`, as below the commands of a link."""
    said = request.unread
    return (phrase("done.unread", text=said if len(said) <= _UNREAD else f"{said[:_UNREAD]} …"),) if said else ()
