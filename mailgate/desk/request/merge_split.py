"""Merging and splitting: which ticket an agent's mail is about in the end, and what else changes with it.

Decides and reads; the acts are `rules/ticket/acts/merging.py`, who is told
`rules/notices/to_requesters.py` and `rules/notices/to_agents.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailgate.desk.notify import announce
from mailgate.desk.outcome import Context
from mailgate.desk.request.request import Request
from mailgate.errors import Refused
from mailgate.notice import Notice
from mailgate.phrase import Phrase
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.rules.commands.verbs import QUERIES
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.notices.to_agents import HISTORY
from mailgate.rules.people.permissions import sees, why_not
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.ticket import acts, lifecycle, merging, splitting
from mailgate.rules.ticket.acts.merging import Gone
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.queues import inbox, outbox
from mailgate.store.tickets import histories, merged, tickets
from mailgate.ticket import Change, Entry, EntryKind, Event, EventKind, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The ticket that the rest of a mail is about, and what `#split` did to get there."""

    ticket: Ticket | None
    led_from: Ticket | None = None  # the ticket that the mail named, where that was merged into `ticket`
    source: Ticket | None = None  # the ticket that a message was split off
    acts: tuple[acts.Act, ...] = ()  # the first to be done to `ticket`
    opened: Change | None = None  # what opened `ticket`
    moved: tuple[Entry, ...] = ()
    others: tuple[Change, ...] = ()  # of other tickets
    told: str = ""

    @property
    def named(self) -> int:
        """The number of the ticket whose alert was answered, where it is another one."""
        other = self.led_from or self.source
        return other.number if other else 0

    def astray(self, config: Config) -> str:
        """Why a public reply must not be sent: other people would read it than the agent wrote it for."""
        named, ticket = self.led_from, self.ticket
        if named is None or ticket is None:
            return ""
        if merging.shared(ticket, named, config) and named.requester.email in merging.readers(ticket, config):
            return ""
        return (
            f"ticket {named.number} was merged into {ticket.number}, whose requester is {ticket.requester.email}:"
            f" your answer to {named.requester.email} was not sent. Write #ticket {ticket.number} and #reply on top to"
            f" send it there, or #ticket {named.number} and #split to undo the merge"
        )

    def whole(self, change: Change) -> Change:
        """The change to `ticket` with what came before it."""
        if self.opened is None:
            return replace(change, moved=self.moved)
        return replace(change, before=None, events=self.opened.events + change.events, moved=self.opened.moved)


def target_of(db: Db, request: Request, ticket: Ticket | None, context: Context) -> Target:
    """Where a mail that names `ticket` belongs. Raises Refused."""
    verbs = request.commands.verbs
    split = next((command for command in request.commands.commands if command.verb == "split"), None)
    if ticket is None or (verbs and verbs <= QUERIES | {"ticket", "quiet"}):
        return Target(ticket=ticket)
    if split:
        stamp = acts.Stamp(request.by, request.at, split.reason)
        return _split(db, request, ticket, int(split.value or 0), stamp, context)
    if not ticket.merged_into:
        return Target(ticket=ticket)
    return Target(ticket=_end_of(db, request, ticket, context), led_from=ticket)


def _end_of(db: Db, request: Request, ticket: Ticket, context: Context) -> Ticket:
    end = tickets.get(db, merged.end_of(db, ticket.number))
    if end is None or not _sees(request, end, context):
        raise Refused(f"ticket {ticket.number} was merged into another one, which was not found")
    return end


def _sees(request: Request, ticket: Ticket, context: Context) -> bool:
    return request.agent is None or sees(request.agent, ticket, context.config)


def _check(request: Request, ticket: Ticket, context: Context) -> None:
    if problem := why_not(request.agent, "merge", ticket.department, context.config):
        raise Refused(problem)


# ── splitting ───────────────────────────────────────────────────────────────────────────


def _split(db: Db, request: Request, ticket: Ticket, entry_id: int, stamp: acts.Stamp, context: Context) -> Target:
    """Undo a merge, where the mail is about a merged ticket or a message that came by one; else split a message off."""
    _check(request, ticket, context)
    if ticket.merged_into and not entry_id:
        return _undo(db, request, ticket, stamp, context)
    whole = _end_of(db, request, ticket, context) if ticket.merged_into else ticket
    thread = histories.whole_thread(db, whole.number)
    entry = _answered(db, request, thread, entry_id)
    came_for = tickets.get(db, entry.came_for) if entry and entry.came_for else None
    if came_for:
        return _undo(db, request, came_for, stamp, context)
    return _part(db, whole, splitting.separable(entry, thread), stamp, context)


def _answered(db: Db, request: Request, thread: Sequence[Entry], entry_id: int) -> Entry | None:
    """The entry that is meant: by its id, else the one whose alert the mail answers, or that it answers itself."""
    if entry_id:
        return next((entry for entry in thread if entry.id == entry_id), None)
    cause = outbox.caused_by(db, request.answered.text) if request.answered else None
    return next((each for each in thread if cause and each.inbox_id == cause), None) or next(
        (each for each in thread if each.message_id and each.message_id in request.answered_ids), None
    )


def _part(db: Db, ticket: Ticket, entry: Entry, stamp: acts.Stamp, context: Context) -> Target:
    config, number = context.config, tickets.next_number(db, context.first_number)
    known = entry.author.email in merging.readers(ticket, config)
    own = inbox.item(db, entry.inbox_id).subject if entry.inbox_id else ""
    subject = strip_subject(own or (ticket.subject if known else ""), config.desk)
    opened = splitting.part(ticket, entry, number, subject, stamp, config)
    thread, events = tickets.thread(db, ticket.number), tickets.events(db, ticket.number)
    off = lifecycle.act_on(ticket, [acts.split(number, entry, thread, events, stamp)], stamp, config)
    told = f"the message of {entry.author.email} is the ticket {number} now"
    return Target(ticket=opened.after, source=ticket, opened=opened, others=(off,), told=told)


def _undo(db: Db, request: Request, ticket: Ticket, stamp: acts.Stamp, context: Context) -> Target:
    """Put a merged ticket back, with everything that came for it since."""
    end = _end_of(db, request, ticket, context)
    if not _sees(request, ticket, context):
        raise Refused(f"ticket {ticket.number} was not found")
    _check(request, end, context)
    event = _merging(tickets.events(db, ticket.number), "merged_into", ticket.merged_into)
    assert event is not None, "a ticket is merged by an event"
    stands = histories.elsewhere(db, (ticket.number, *merged.below(db, ticket.number)))
    came = sorted((entry for entries in stands.values() for entry in entries), key=lambda entry: entry.id or 0)
    said = {(e.after, e.at) for number in stands for e in tickets.events(db, number) if e.kind is EventKind.MESSAGE}
    messages = [entry for entry in came if (entry.author.email, entry.at) in said]
    holders = dict.fromkeys((ticket.merged_into, *stands))
    return Target(
        ticket=ticket,
        acts=(acts.unmerge(event, came, messages, stamp),),
        moved=tuple(replace(each, came_for=0 if each.came_for == ticket.number else each.came_for) for each in came),
        others=tuple(_let_go(db, number, ticket, stands.get(number, ()), stamp, context) for number in holders),
        told=f"ticket {ticket.number} is out of {ticket.merged_into} again",
    )


def _let_go(
    db: Db, number: int, ticket: Ticket, entries: tuple[Entry, ...], stamp: acts.Stamp, context: Context
) -> Change:
    holder = tickets.get(db, number)
    assert holder is not None, "a ticket is merged into one that there is"
    events = tickets.events(db, number)
    event = _merging(events, "merged", ticket.number) if number == ticket.merged_into else None
    gone = Gone(ticket.number, event, entries)
    act = acts.give_back(gone, tickets.thread(db, number), events, stamp)
    return lifecycle.act_on(holder, [act], stamp, context.config)


def _merging(events: Sequence[Event], field: str, number: int) -> Event | None:
    """The latest event by which a ticket was merged into `number`, or took `number` in."""
    for event in reversed(events):
        after = event.after.get(field) if event.kind is EventKind.MERGED and isinstance(event.after, dict) else None
        before = event.before.get(field) if isinstance(event.before, dict) else None
        if after == number or (isinstance(after, list) and isinstance(before, list) and number in {*after} - {*before}):
            return event
    return None


# ── merging ─────────────────────────────────────────────────────────────────────────────


def merge_target(db: Db, resolved: ResolvedCommands) -> tuple[Ticket, str] | None:
    """The ticket that `#merge` names, and the reason."""
    order = resolved.of("merge")
    target = tickets.get(db, order.value) if order and isinstance(order.value, int) else None
    return (target, order.reason) if order and target else None


def take_in(ticket: Ticket, target: Ticket, reason: str, stamp: acts.Stamp, context: Context) -> Change:
    """The side of the ticket that another one is merged into."""
    config = context.config
    return lifecycle.act_on(target, [acts.absorb(ticket, stamp.because(reason), config)], stamp, config)


def linked_back(
    db: Db, resolved: ResolvedCommands, ticket: Ticket, stamp: acts.Stamp, context: Context
) -> Iterator[Change]:
    """The other ticket's side of each `#link`."""
    for number, reason in {order.value: order.reason for order in resolved.orders if order.verb == "link"}.items():
        other = tickets.get(db, number) if isinstance(number, int) else None
        if other and ticket.number not in other.links:
            yield lifecycle.act_on(other, [acts.link(ticket.number, stamp.because(reason))], stamp, context.config)


# ── who is told ─────────────────────────────────────────────────────────────────────────


def announce_target(
    db: Db, change: Change, others: Sequence[Change], target: Target, occasion: Occasion, context: Context
) -> tuple[Change, tuple[Change, ...], tuple[Notice, ...]]:
    """The changes, handed out where that is due, and every notice of a mail: one a person, of a merge on what remains.

    Whose ticket took another in, or lost a message, is told nothing: nothing of theirs changed.
    """
    shown = replace(change, entries=(*(target.opened.moved if target.opened else ()), *change.entries))
    told, own = announce.announce_change(db, shown, occasion, context)
    beside: list[Notice] = []
    done: list[Change] = []
    for other in others:
        number, into = other.after.number, change.after.merged_into
        undo = ((Phrase("link.undo_merge"), f"#ticket {change.after.number}\n#split\n"),) if into == number else ()
        theirs = replace(occasion, quiet=True, cause=f"{occasion.cause}|{number}", links=undo, on_behalf=False)
        handed, notices = announce.announce_change(db, other, theirs, context)
        done.append(handed)
        beside += _with_history(db, notices, change.after.number) if undo else notices
    first, second = (beside, own) if change.after.merged_into else (own, beside)
    heard = {notice.to.email for notice in first if notice.agent}
    kept = (notice for notice in second if not notice.agent or notice.to.email not in heard)
    return replace(told, entries=change.entries), tuple(done), (*first, *kept)


def _with_history(db: Db, notices: Sequence[Notice], number: int) -> Iterator[Notice]:
    """The alerts of a merge, with what stands in the ticket that comes."""
    came = [
        replace(entry, came_for=entry.came_for or number)
        for entry in histories.whole_thread(db, number, newest=HISTORY)
    ]
    for notice in notices:
        both = sorted((*notice.history, *came), key=lambda entry: entry.id or 0, reverse=True)
        yield replace(notice, history=tuple(both[:HISTORY])) if notice.agent else notice


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands beside a ticket's own notes and replies, for the leak guard."""

    internal: tuple[str, ...]
    public: tuple[str, ...]
    messages: tuple[Entry, ...]  # of the ticket itself, that its readers may know


def texts_beside(db: Db, ticket: Ticket, thread: Sequence[Entry], target: Target, config: Config) -> Neighbours:
    """Threads of tickets that were merged into this one, or that it was split off: known to its readers, or not.

    A message of somebody else, who came by a merge and whom no agent has let in, is not.
    """
    known = merging.readers(ticket, config)
    mine = [entry for entry in thread if entry.kind is EntryKind.MESSAGE]
    guests = [entry for entry in mine if entry.came_for and entry.author.email not in known]
    internal = [f"{entry.text}\n{entry.cut}" for entry in guests]
    public: list[str] = []
    roots = (ticket.number, target.source.number) if target.source else (ticket.number,)
    for number in (each for root in roots for each in (root, *merged.below(db, root)) if each != ticket.number):
        other = tickets.get(db, number)
        shared = other is not None and merging.shared(ticket, other, config)
        internal += [event.reason for event in tickets.events(db, number)]
        for entry in tickets.thread(db, number):
            theirs = entry.kind is EntryKind.MESSAGE and known == config.addresses_of(entry.author.email)
            open_ = entry.kind is not EntryKind.NOTE and (shared or theirs)
            (public if open_ else internal).append(entry.text)
    return Neighbours(tuple(internal), tuple(public), tuple(entry for entry in mine if entry not in guests))
