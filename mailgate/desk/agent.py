"""An agent's mail: commands, replies, notes, questions, or nothing until it is confirmed.

All or nothing: one thing wrong and the agent gets the mail back, nothing done, nothing sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial

from mailgate.config.model import Config
from mailgate.desk.answers import answer_queries, answers_of
from mailgate.desk.collision import collision
from mailgate.desk.figures import answer_reports
from mailgate.desk.files import Shown, with_parcels
from mailgate.desk.guard import guarded, refusal
from mailgate.desk.letter import Letter
from mailgate.desk.limits import limit
from mailgate.desk.office import to_note_address
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.standing import with_presence
from mailgate.desk.structure import Ground, ground_of, merge_target, take_in, tell
from mailgate.errors import Refused
from mailgate.inbound.excerpt import excerpt
from mailgate.model import Assignee, Change, Collaborator, Entry, EntryKind, EventKind, NoticeKind, Status, Ticket
from mailgate.outbound.canned import fill_canned
from mailgate.reasons import Reason
from mailgate.rules import acts, asking, edits, files, lifecycle, merging
from mailgate.rules.asking import outsiders
from mailgate.rules.bans import Ban
from mailgate.rules.collaborators import collaborators_of
from mailgate.rules.commands import escaped
from mailgate.rules.handout import told as told_handed_out
from mailgate.rules.occasion import Occasion
from mailgate.rules.ordered import acts_of
from mailgate.rules.orders import Understood
from mailgate.rules.recipients import desk_address
from mailgate.rules.reopening import resolved_since
from mailgate.rules.rights import may, sees, why_not
from mailgate.rules.schedule import calendar_of
from mailgate.rules.setting import Setting
from mailgate.rules.signature import only_signature
from mailgate.rules.understanding import understand
from mailgate.rules.visibility import Visibility, decide
from mailgate.store import bans, presence, readers, tickets
from mailgate.store.db import Db

LINKED = 1500  # characters of text that a mailto: link carries
LONGEST_SIGNATURE = 8  # lines


def work(db: Db, letter: Letter, ticket: Ticket | None, context: Context) -> Outcome:
    """Carry out an agent's mail or order on the ticket that it names (None: it names none)."""
    if letter.agent and ticket and not sees(letter.agent, ticket, context.config):
        return refuse(letter, None, (f"ticket {ticket.number} was not found",))
    problems = letter.commands.problems
    understood, ground = Understood(), Ground(ticket=ticket)
    if not problems:
        try:
            ground = ground_of(db, letter, ticket, context)
            understood = understand(letter.commands.commands, ground.ticket, setting(db, letter, ground, context))
            problems = understood.problems
        except Refused as trouble:
            problems = (str(trouble),)
    if problems:
        return refuse(letter, ticket, problems)
    if understood.only_asks:
        unposted = bool(_text(db, letter, ticket, context))
        return answer_queries(db, letter, understood, ticket, context, unposted=unposted)
    about_none = ticket is None and understood.needs_no_ticket
    if about_none or (understood.only_standing and not _writes(db, letter, ticket, context)):
        return _do_beside(db, letter, understood, ticket, context)
    if ground.ticket is None:
        return refuse(letter, None, ("this mail answers no ticket; say which one with #ticket NUMBER",))
    return _do(db, letter, understood, ground, ground.ticket, context)


def _writes(db: Db, letter: Letter, ticket: Ticket | None, context: Context) -> bool:
    return bool(_text(db, letter, ticket, context) or (letter.situation and letter.situation.attachments))


def _do_beside(db: Db, letter: Letter, understood: Understood, ticket: Ticket | None, context: Context) -> Outcome:
    """Do and answer a mail about the agents or the desk; where it is about no ticket its text goes nowhere."""
    asked = answers_of(db, letter, understood, ticket, context)
    done = tuple(order.told for order in understood.orders if order.told)
    facts = [f"Done: {each}." for each in done]
    if _writes(db, letter, ticket, context):
        facts.append("The mail is about no ticket: your text below the commands was left out.")
    answer = with_parcels(letter.answer(NoticeKind.ANSWER, ticket, tuple(facts), asked.text), asked.parcels)
    outcome = Outcome(
        ticket=ticket.number if ticket else None,
        notices=(*answer, *answer_reports(db, letter, understood, context)),
        bans=_bans(understood, acts.Stamp(letter.by, letter.at)),
        unbans=_unbans(understood),
        told=(*done, *([asked.text] if asked.text else [])),
        commands=letter.commands.commands,
    )
    return with_presence(db, letter, understood, outcome, context)


def setting(db: Db, letter: Letter, ground: Ground, context: Context) -> Setting:
    """What the reading of orders needs; a day alone starts when business opens by the ticket's, or the usual, plan."""
    ticket = ground.ticket
    plan = context.config.slas.get(ticket.sla if ticket else str(context.config.defaults.sla))
    hours = context.config.schedules[plan.schedule] if plan else None

    def opens(day: date) -> datetime | None:
        return calendar_of(hours).opens_on(day) if hours else None

    def other(number: int) -> Ticket | None:
        found = tickets.get(db, number)
        return found if found and (letter.agent is None or sees(letter.agent, found, context.config)) else None

    away = presence.away(db, context.now)
    banned = partial(bans.patterns, db)
    led_from = ground.led_from.number if ground.led_from else 0
    return Setting(
        context.config, letter.agent, context.now, opens, other, away, banned, named=led_from, split=ground.told
    )


def _do(db: Db, letter: Letter, understood: Understood, ground: Ground, ticket: Ticket, context: Context) -> Outcome:
    own = _text(db, letter, ticket, context)
    canned = understood.of("canned")
    try:
        text = with_canned(str(canned.value), own, ticket, letter, context) if canned else own
    except Refused as trouble:
        return refuse(letter, ground.source or ticket, (str(trouble),))
    attachments = letter.situation.attachments if letter.situation else ()
    seen = _visibility(letter, understood, ground, ticket, context)
    writes = bool(text or attachments)
    html = excerpt(letter.situation.received.mail.html, text) if letter.situation and not canned else ""
    if writes:
        if problem := _unsendable(db, letter, own, html, seen, understood, ground, ticket, context):
            return refuse(letter, ground.source or ticket, (problem,))
    elif understood.asks:
        return refuse(
            letter, ground.source or ticket, ("there is nothing to ask: write your question below the commands",)
        )
    sent = text if writes and seen.public else None
    held = guarded(db, letter, understood.orders, own, html, sent, ground, context)
    if held := held or (None if sent is None else collision(db, letter, sent, ticket, context)):
        return held
    stamp = acts.Stamp(letter.by, letter.at)
    target = merge_target(db, understood)
    done = [*ground.acts, *_acts(letter, understood, ticket, stamp, seen, context, writes=writes)]
    done += [merging.into(target[0], stamp.because(target[1]), context.config)] if target else []
    entry = _entry(letter, text, html, seen) if writes else None
    change = ground.whole(lifecycle.act_on(ticket, done, stamp, context.config, (entry,) if entry else ()))
    occasion = Occasion(
        by=letter.by,
        cause=letter.cause,
        author=letter.author,
        now=context.now,
        answers=letter.message_id,
        direct=direct(letter, context),
        quiet=understood.has("quiet") or (ground.opened is not None and not ticket.autoresponse),
        on_behalf=ground.opened is not None,
        resolved_before=_resolved_before(db, ticket, context),
    )
    others = [*ground.others, *([take_in(ticket, *target, stamp, context)] if target else [])]
    change, beside, notices = tell(db, change, others, ground, occasion, context)
    handed_out = told_handed_out(change.events, context.config)
    asked = answers_of(db, letter, understood, change.after, context)
    outcome = Outcome(
        ticket=ticket.number,
        reason=letter.situation.match.why if letter.situation else None,
        changes=(change, *beside, *linked_back(db, understood, ticket, stamp, context)),
        notices=notices,
        bans=_bans(understood, stamp),
        unbans=_unbans(understood),
        told=(*_told(letter, understood, seen, handed_out, writes=writes), *([asked.text] if asked.text else [])),
        commands=letter.commands.commands,
    )
    outcome = limit(db, outcome, context, first_contact=False)
    outcome = outcome.with_notices(*answer_reports(db, letter, understood, context))
    outcome = _tell_agent(letter, outcome, seen, text, asked, writes=writes)
    return with_presence(db, letter, understood, outcome, context)


def _unsendable(
    db: Db,
    letter: Letter,
    own: str,
    html: str,
    seen: Visibility,
    understood: Understood,
    ground: Ground,
    ticket: Ticket,
    context: Context,
) -> str:
    """Why the text may not be written, or not leave the desk; "" when it may."""
    problem = why_not(letter.agent, "reply" if seen.public else "note", ticket.department, context.config)
    if problem or not (seen.public or outsiders(understood.asks, context.config)):
        return problem
    attachments = letter.situation.attachments if letter.situation else ()
    problem = files.unsendable(attachments, context.config.attachments)
    problem = problem or (ground.astray(context.config) if seen.public else "")
    return problem or refusal(db, letter, own, html, ground, context, public=seen.public)


def _resolved_before(db: Db, ticket: Ticket, context: Context) -> bool:
    """Whether the requester has read within the day that the ticket was resolved."""
    if ticket.reopened == 0:
        return False
    since = resolved_since(tickets.events(db, ticket.number), context.now)
    return since is not None and readers.told_about(db, ticket.number, ticket.requester.email, since)


def _bans(understood: Understood, stamp: acts.Stamp) -> tuple[Ban, ...]:
    ordered = (order for order in understood.orders if order.verb == "ban" and order.value)
    return tuple(Ban(pattern=str(each.value), by=stamp.by, at=stamp.at, reason=each.reason) for each in ordered)


def _unbans(understood: Understood) -> tuple[str, ...]:
    return tuple(str(order.value) for order in understood.orders if order.verb == "unban" and order.value)


def _told(
    letter: Letter, understood: Understood, seen: Visibility, handed_out: tuple[str, ...], *, writes: bool
) -> tuple[str, ...]:
    """What was done, in words; the command line also hears of the text that it gave."""
    text = ("reply sent" if seen.public else "note added",) if writes and letter.situation is None else ()
    return (*text, *(order.told for order in understood.orders if order.told), *handed_out)


def _acts(
    letter: Letter,
    understood: Understood,
    ticket: Ticket,
    stamp: acts.Stamp,
    seen: Visibility,
    context: Context,
    *,
    writes: bool,
) -> list[acts.Act]:
    config = context.config
    agent = letter.agent.key if letter.agent else ""
    done: list[acts.Act] = []
    if writes:
        note = asking.ask(understood.asks, stamp) if understood.asks else acts.note(stamp)
        done.append(acts.reply(agent, stamp) if seen.public else note)
    replies = writes and seen.public
    if replies:
        done.append(acts.copy_in(_copied(letter, ticket, config), stamp))
    done += acts_of(understood, stamp, config)
    unclaimed = not ticket.assignee and not understood.has("assign", "transfer", "merge")
    if replies and agent and config.tickets.claim_on_reply and unclaimed:
        done.append(acts.assign(Assignee("agent", agent), stamp.because("answered first")))
    waits = config.tickets.after_reply == "pending" and ticket.status is Status.OPEN
    if replies and waits and not understood.has("status", "merge"):
        done.append(acts.status(Status.PENDING, stamp.because("waiting for the requester")))
    return done


def _copied(letter: Letter, ticket: Ticket, config: Config) -> tuple[Collaborator, ...]:
    """Who had a proven agent's public reply directly, and hears of the ticket from then on.

    Who is an inactive collaborator stays one: a mail program that answers to all names people whom nobody chose.
    """
    if letter.situation is None or (letter.agent and not may(letter.agent, "cc", ticket.department, config)):
        return ()
    mail = letter.situation.received.mail
    return collaborators_of((*mail.to, *mail.cc), ticket, config, active=True)


def linked_back(
    db: Db, understood: Understood, ticket: Ticket, stamp: acts.Stamp, context: Context
) -> Iterator[Change]:
    """The other ticket's side of each `#link`."""
    for number, reason in {order.value: order.reason for order in understood.orders if order.verb == "link"}.items():
        other = tickets.get(db, number) if isinstance(number, int) else None
        if other and ticket.number not in other.links:
            yield lifecycle.act_on(other, [edits.link(ticket.number, stamp.because(reason))], stamp, context.config)


def _text(db: Db, letter: Letter, ticket: Ticket | None, context: Context) -> str:
    """The agent's own text without commands; a signature below commands is no text."""
    rest = letter.commands.rest
    signature = letter.agent.signature.get(context.config.desk.language).strip() if letter.agent else ""
    text = "\n".join(rest).strip()
    if letter.commands.commands and text:
        known = [signature] if signature else []
        known += _seen_below(db, letter, ticket, text) if ticket else []
        if only_signature(rest, known):
            return ""
    return text.removesuffix(signature).rstrip() if signature else text


def with_canned(name: str, own: str, ticket: Ticket, letter: Letter, context: Context) -> str:
    """The canned response, and the agent's own text below it. Raises Refused where it cannot be filled in."""
    key = letter.agent.key if letter.agent else ""
    return f"{fill_canned(name, ticket, key, context.config)}\n\n{own}".strip()


def _seen_below(db: Db, letter: Letter, ticket: Ticket, text: str) -> list[str]:
    """`text` where it stood at the end of an earlier mail of this agent: then it is their signature."""
    if len(text.splitlines()) > LONGEST_SIGNATURE:
        return []
    earlier = (entry.text.rstrip() for entry in tickets.thread(db, ticket.number) if entry.by == letter.by)
    return [text] if any(each.endswith("\n" + text) for each in earlier) else []


def _visibility(letter: Letter, understood: Understood, ground: Ground, ticket: Ticket, context: Context) -> Visibility:
    verbs = frozenset(order.verb for order in understood.orders)
    assigns = understood.of("assign")
    own = Assignee("agent", letter.agent.key) if letter.agent else None
    away = assigns is not None and assigns.value is not None and assigns.value != own
    if letter.situation is None:  # an order from the command line says what it wants; without a word it answers
        return decide(answers=NoticeKind.NEW_MESSAGE, verbs=verbs, transfers="transfer" in verbs, assigns_away=away)
    mail, key = letter.situation.received.mail, letter.situation.match.key
    to = {address.email for address in mail.to}
    answers = key.kind if key and key.ticket in (ticket.number, ground.named) else None  # or #ticket names another
    found = decide(
        answers=answers,
        verbs=verbs,
        transfers="transfer" in verbs,
        assigns_away=away,
        forwards_alert=letter.situation.received.body.forwarded or letter.situation.enclosed is not None,
        desk_only_copied=not any(desk_address(email, context.config) for email in to),
        requester_in_to=not to.isdisjoint(context.config.addresses_of(ticket.requester.email)),
        to_note_address=to_note_address(letter.situation, context.config),
    )
    # Who was asked answers who asked: that it stays a note is no news.
    asked = answers is NoticeKind.NOTE and any(each.email == letter.author.email for each in ticket.asked)
    return replace(found, by_rule=False) if asked and not understood.has("reply") else found


def _entry(letter: Letter, text: str, html: str, seen: Visibility) -> Entry:
    received = letter.situation.received if letter.situation else None
    return Entry(
        kind=EntryKind.REPLY if seen.public else EntryKind.NOTE,
        by=letter.by,
        author=letter.author,
        at=letter.at,
        text=text,
        html=html,
        cut=received.body.cut if received else "",
        message_id=letter.message_id,
        attachments=letter.situation.attachments if letter.situation else (),
        inbox_id=(received.id or None) if received else None,
    )


def direct(letter: Letter, context: Context) -> frozenset[str]:
    """Who had the agent's mail directly and is not sent it again."""
    if letter.situation is None:
        return frozenset()
    mail = letter.situation.received.mail
    return frozenset(
        address.email for address in (*mail.to, *mail.cc) if not desk_address(address.email, context.config)
    )


# ── what the agent hears ────────────────────────────────────────────────────────────────


def _tell_agent(
    letter: Letter, outcome: Outcome, seen: Visibility, text: str, asked: Shown, *, writes: bool
) -> Outcome:
    """The agent hears after a note that the rule made, when commands came without text, and what they asked."""
    told: list[str] = []
    links: tuple[tuple[str, str], ...] = ()
    if writes and seen.by_rule:
        told.append(f"Your text was kept as an internal note, because {seen.why}. The requester was not written to.")
        if text and len(text) <= LINKED:  # a longer one would be cut, and files cannot travel in a link
            links = (("Send it to the requester", f"#reply\n\n{escaped(text)}"),)
    elif not writes:
        told += [f"Done: {each}." for each in outcome.told if each != asked.text]
        told = told or ["Nothing to do: the mail held no text and no command."]
    if any(event.kind is EventKind.MERGED for event in outcome.changes[0].events):
        links += (("Undo the merge", f"#ticket {outcome.ticket}\n#split\n"),)
    if not told and not asked.text:
        return outcome
    notices = letter.answer(NoticeKind.ANSWER, outcome.changes[0].after, tuple(told), asked.text)
    return outcome.with_notices(*with_parcels(tuple(replace(notice, links=links) for notice in notices), asked.parcels))


def not_found(letter: Letter) -> Outcome:
    """`#ticket N` names no ticket (that this agent may see: the two look alike)."""
    number = next((command.value for command in letter.commands.commands if command.verb == "ticket"), "")
    return refuse(letter, None, (f"ticket {number} was not found",))


def refuse(letter: Letter, ticket: Ticket | None, problems: Sequence[str]) -> Outcome:
    """Nothing is done; the agent has the mail back with everything that was wrong."""
    text = letter.situation.received.body.visible if letter.situation else ""
    return Outcome(
        reason=Reason.REFUSED,
        why="; ".join(problems),
        ticket=ticket.number if ticket else None,
        notices=letter.answer(NoticeKind.COMMAND_FAILED, ticket, tuple(problems), text),
        commands=letter.commands.commands,
        problems=tuple(problems),
    )
