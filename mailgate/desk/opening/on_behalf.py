"""An agent's mail that opens a ticket for somebody: with `#new`, or by forwarding a customer's mail.

A forwarded mail is the first message, and the agent's own text a note (with #reply the first reply); without one,
the text below `#new` is the message. Commands are done to the new ticket. All or nothing, as for all requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mailgate.desk.agent.perform import scope_of
from mailgate.desk.agent.queries import answers_of, with_answers
from mailgate.desk.opening import by_hand
from mailgate.desk.opening.draft import rule_input
from mailgate.desk.opening.forwarded import Original, inline, original_of
from mailgate.desk.opening.requester_named import requester_named
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.prepare import ENCLOSED
from mailgate.desk.request.merge_split import Target, linked_back
from mailgate.desk.request.reply import to_send_it, with_canned
from mailgate.desk.request.request import AgentMail
from mailgate.desk.situation import Situation
from mailgate.errors import Refused
from mailgate.mail import Body
from mailgate.notice import NoticeKind
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.commands.orders import ResolvedCommands, acts_of
from mailgate.rules.commands.resolve import resolve
from mailgate.rules.commands.verbs import QUERIES, VERBS
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.collaborators import collaborators_of
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import why_not
from mailgate.rules.replies import attachments
from mailgate.rules.replies.file_texts import words_of
from mailgate.rules.replies.leak import leak
from mailgate.rules.routing.criteria import declared_language
from mailgate.rules.routing.route import Routed
from mailgate.rules.text.forms import read_form
from mailgate.rules.ticket import acts, reasons
from mailgate.settings import Config, Routing
from mailgate.ticket import Actor, Address, Assignee, Change, Entry, EntryKind, StoredAttachment, Ticket


@dataclass(frozen=True, slots=True)
class _Plan:
    """The ticket to be opened, before its commands."""

    request: AgentMail
    situation: Situation
    original: Original | None
    opening: by_hand.Opening
    own: str  # the agent's own text

    @property
    def for_self(self) -> bool:
        """Whether the agent is the requester."""
        return self.opening.requester.email in self.request.agent.emails


def open_for(request: AgentMail, context: Context) -> Outcome:
    """Open a ticket for the person that the mail names, or whose mail it forwards."""
    if request.commands.problems:
        return request.refused(None, *request.commands.problems)
    try:
        return _open(_plan(request, context), context)
    except Refused as trouble:
        return request.refused(None, *trouble.reasons)


# ── what is opened, and for whom ────────────────────────────────────────────────────────


def _plan(request: AgentMail, context: Context) -> _Plan:
    situation, agent, config = request.situation, request.agent, context.config
    _check_commands(request)
    requester = requester_of(situation, config)
    own, received = request.own_text, situation.received
    original = original_of(situation)
    if requester.email in agent.emails:  # as any mail of theirs
        original, own = None, f"{own}\n\n{received.body.forward}".strip()
    elif original is None and received.body.forwarded:  # without an address; the agent gives it
        original = inline(situation, requester, received.mail.subject)
    mail = replace(received.mail, from_=(requester,), text=own, html="", reply_to=())
    body = original.body if original else Body(own, "", tuple(own.split("\n")))
    opening = by_hand.Opening(
        requester=requester,
        given=rule_input(
            mail=original.mail if original else mail,
            body=body,
            form=read_form(body.visible),
            recipients=(request.address,),
            address=request.address,
            source=received.source,
            arrived_at=request.at,
            requester=requester.email,
            known=request.known.requesters[requester.email].known,
            auth="none",  # everything in a forwarded mail is a claim
            declared=declared_language(original.mail) if original else "",  # not that of the agent
            config=config,
        ),
        by=request.by,
        number=request.known.next_number,
        links=situation.match.strangers_to,
    )
    return _Plan(request, situation, original, opening, own)


def _check_commands(request: AgentMail) -> None:
    """Raise Refused for a command that needs an existing ticket."""
    for each in request.commands.commands:
        allowed = VERBS[each.verb].with_new or each.verb in QUERIES
        if not allowed or (each.verb == "note" and each.value):
            raise Refused(phrase("refused.line", line=each.line, why=Phrase("refused.for_existing")))


def requester_of(situation: Situation, config: Config) -> Address:
    """The person the ticket is for: named by #new, else the author of the forwarded mail, else the agent.

    Raises Refused.
    """
    agent, original = config.agents[situation.sender.agent], original_of(situation)
    named = next((each.value for each in situation.commands.commands if each.verb == "new"), "")
    if named:
        return requester_named(named, situation.known.candidates, agent, config)
    if original and desk_address(original.sender.email, config):
        raise Refused(Phrase("refused.forwards_own"))
    if original:
        return original.sender
    if situation.received.body.forwarded or any(each.type in ENCLOSED for each in situation.attachments):
        raise Refused(Phrase("refused.forwards_unknown"))
    return Address(agent.email, agent.name)


# ── opened ──────────────────────────────────────────────────────────────────────────────


def _open(plan: _Plan, context: Context) -> Outcome:
    request, config, opening = plan.request, context.config, plan.opening
    routed = opening.routed(context)
    ticket = opening.draft(routed, context)
    scope = scope_of(request, Target(ticket=ticket), context)
    resolved = resolve([each for each in request.commands.commands if each.verb != "new"], ticket, scope)
    if resolved.problems:
        raise Refused(*resolved.problems)
    chosen, reason = _chosen(resolved)
    if chosen:
        routed = opening.routed(context, chosen)
        ticket = opening.draft(routed, context)
    if not plan.original:
        mail = plan.situation.received.mail
        people = collaborators_of((*mail.to, *mail.cc), ticket, config, active=lambda _: True)
        ticket = replace(ticket, collaborators=people)
    entries = _entries(plan, resolved, ticket, context)
    _check(plan, entries, ticket, context)
    stamp = acts.Stamp(request.by, context.now, reason)
    done = [*_own_acts(plan, resolved, entries, ticket, stamp, context)]
    change = by_hand.opened(ticket, routed, entries, done, stamp, context)
    change = replace(change, known_ids=_ids(plan, context))
    return _outcome(plan, resolved, change, routed, context)


def _chosen(resolved: ResolvedCommands) -> tuple[Routing | None, str]:
    """The topic and department that the agent chose, which set other values in routing, and the reasons."""
    topic, department = resolved.of("topic"), resolved.of("transfer")
    if not (topic or department):
        return None, ""
    reasons = (order.reason for order in (topic, department) if order)
    values = {"topic": topic.value if topic else None, "department": department.value if department else None}
    named = {key: str(value) for key, value in values.items() if value}
    return Routing(**named), "; ".join(filter(None, reasons))  # type: ignore[arg-type]


def _kind(plan: _Plan, resolved: ResolvedCommands) -> EntryKind:
    """The kind of the agent's own text: by command, else a note with a forwarded mail, else the message."""
    if resolved.has("note"):
        return EntryKind.NOTE
    if resolved.has("reply", "canned"):
        return EntryKind.REPLY
    return EntryKind.NOTE if plan.original else EntryKind.MESSAGE


def _entries(plan: _Plan, resolved: ResolvedCommands, ticket: Ticket, context: Context) -> tuple[Entry, ...]:
    """The first message, and the agent's own text if separate."""
    request, received = plan.request, plan.situation.received
    kind, inbox_id = _kind(plan, resolved), received.id or None
    canned = resolved.of("canned")
    text = with_canned(str(canned.value), plan.own, ticket, request, context) if canned else plan.own
    own = Entry(
        kind=kind,
        by=request.by,
        author=ticket.requester if kind is EntryKind.MESSAGE else request.author,
        at=request.at,
        text=text,
        cut=received.body.cut,
        message_id=request.message_id,
        attachments=_files(plan),
        inbox_id=inbox_id,
    )
    if not plan.original:
        return (own,)
    original = plan.original
    message = Entry(
        kind=EntryKind.MESSAGE,
        by=Actor.requester(original.sender.email),
        author=original.sender,
        at=request.at,
        text=original.text,
        html=original.body.html,
        cut=original.body.cut,
        message_id="" if original.inline else original.mail.message_id,
        attachments=original.attachments,
        inbox_id=inbox_id,
    )
    return (message, own) if own.text or own.attachments else (message,)


def _files(plan: _Plan) -> tuple[StoredAttachment, ...]:
    """The files of the agent's own text: with an attached mail all others, with an inline one none."""
    if plan.original is None:
        return plan.request.own_files
    if plan.original.inline:
        return ()
    return tuple(each for each in plan.request.own_files if each.type not in ENCLOSED)


def _ids(plan: _Plan, context: Context) -> tuple[str, ...]:
    """Message-IDs by which answers are found: of the agent's and the forwarded mail; keys need no row."""
    forwarded = plan.original.ids if plan.original else ()
    ids = dict.fromkeys((plan.request.message_id, *forwarded))
    return tuple(each for each in ids if each and not context.keyring.is_ours(each))


def _check(plan: _Plan, entries: Sequence[Entry], ticket: Ticket, context: Context) -> None:
    """Raise Refused if the agent lacks the permission, or internal text would be sent."""
    agent, config = plan.request.agent, context.config
    problem = why_not(agent, "reply", ticket.department, config, act="open_for")
    if problem and not plan.for_self:
        raise Refused(problem)
    hidden = [each.name for each in config.departments.values() if not each.public]
    for entry in entries:
        verb = {EntryKind.NOTE: "note", EntryKind.REPLY: "reply"}.get(entry.kind, "")
        if verb and (problem := why_not(agent, verb, ticket.department, config)):
            raise Refused(problem)
        if entry.kind is EntryKind.NOTE:
            continue
        theirs = entry.by.is_requester
        if not theirs and (problem := attachments.unsendable(entry.attachments, config.attachments)):
            raise Refused(problem)
        own = entry.text if theirs else plan.own
        files = () if theirs else plan.situation.received.mail.attachments
        names = () if theirs else hidden
        keys = [key.text for text in chain((own,), words_of(files)) for key in context.keyring.find(text)]
        texts = chain((own,), words_of(files))
        found = leak(texts, internal=(), public=(ticket.subject,), hidden_names=names, keys=keys)
        if found and not plan.for_self:
            raise Refused(phrase("refused.leak", found=found))


def _own_acts(
    plan: _Plan,
    resolved: ResolvedCommands,
    entries: Sequence[Entry],
    ticket: Ticket,
    stamp: acts.Stamp,
    context: Context,
) -> Iterator[acts.Act]:
    """The acts of the agent's text and commands on the new ticket, besides its routing."""
    agent, stamp = plan.request.agent, stamp.because("")
    replies = any(entry.kind is EntryKind.REPLY for entry in entries)
    if replies:
        yield acts.reply(agent.key, stamp)
    if any(entry.kind is EntryKind.NOTE for entry in entries):
        yield acts.note(stamp)
    yield from acts_of(resolved, stamp, context.config)
    free = not ticket.assignee and not resolved.has("assign", "transfer")
    if replies and free and context.config.tickets.claim_on_reply:
        yield acts.assign(Assignee.agent(agent.key), stamp.because(reasons.ANSWERED_FIRST))


# ── notices ──────────────────────────────────────────────────────────────────────────────


def _outcome(
    plan: _Plan,
    resolved: ResolvedCommands,
    change: Change,
    routed: Routed,
    context: Context,
) -> Outcome:
    request, config, ticket = plan.request, context.config, change.after
    how = "remark.forwarded" if plan.original else "remark.opened_for"
    occasion = Occasion(
        by=request.by,
        cause=request.cause,
        author=request.author,
        now=context.now,
        answers=request.message_id,
        direct=request.direct(config),
        quiet=resolved.has("quiet"),
        on_behalf=not plan.for_self,
        extra_alert=routed.alert,
        remarks=() if plan.for_self else (phrase(how, who=request.author.name, requester=str(ticket.requester)),),
    )
    stamp = acts.Stamp(request.by, context.now)
    found = answers_of(request, resolved, ticket, context, (ticket,))
    opened = phrase("done.opened", token=f"#{ticket.number}", who=str(ticket.requester))
    report = (opened, *(each.summary for each in resolved.orders if each.summary))
    links = _links(plan, resolved, change, context)
    notice = request.answer(NoticeKind.ANSWER, ticket, _facts(plan, resolved, change, report))
    known, given = request.known, plan.opening.given
    return Outcome(
        ticket=ticket.number,
        reason=plan.situation.match.why,
        announced=(known.announced(change, occasion, similar_to=given.body.visible),),
        changes=tuple(linked_back(known, resolved, ticket, stamp, config)),
        notices=with_answers(tuple(replace(each, links=links) for each in notice), found),
        report=report,
        answers=found.answers,
        commands=request.commands.commands,
        routed=routed,
        form=given.form,
    )


def _by_rule(plan: _Plan, resolved: ResolvedCommands, change: Change) -> bool:
    """Whether the agent's text became a note without a command."""
    noted = any(entry.kind is EntryKind.NOTE and entry.text for entry in change.entries)
    return noted and plan.original is not None and not resolved.has("note")


def _facts(plan: _Plan, resolved: ResolvedCommands, change: Change, report: Sequence[Phrase]) -> tuple[Phrase, ...]:
    return (*report, Phrase("done.own_note")) if _by_rule(plan, resolved, change) else tuple(report)


def _links(
    plan: _Plan, resolved: ResolvedCommands, change: Change, context: Context
) -> tuple[tuple[Sentence, str], ...]:
    return to_send_it(change.entries[-1], change.after, context) if _by_rule(plan, resolved, change) else ()
