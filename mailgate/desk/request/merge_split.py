"""Merging and splitting: the ticket that a request works on, and the changes to other tickets.

The acts are `rules/ticket/acts/merging.py`; the notices `rules/notices/to_requesters.py` and `to_agents.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from mailgate.desk.outcome import Announcement, Context
from mailgate.desk.request.request import Request
from mailgate.desk.situation import Known, TicketRecord
from mailgate.errors import Refused
from mailgate.phrase import Phrase, phrase
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.rules.commands.verbs import QUERIES
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.permissions import sees, why_not
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.ticket import acts, lifecycle, merging, splitting
from mailgate.rules.ticket.acts.merging import Gone
from mailgate.rules.ticket.participants import agree, left_out
from mailgate.settings import Config
from mailgate.ticket import Change, Entry, EntryKind, Event, EventKind, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The ticket that a request works on, and what `#split` changes."""

    ticket: Ticket
    led_from: Ticket | None = None  # the ticket that the mail named, if merged into `ticket`
    source: Ticket | None = None  # the ticket that a message was split off
    acts: tuple[acts.Act, ...] = ()  # done to `ticket` before all others
    opened: Change | None = None  # the opening of `ticket`
    moved: tuple[Entry, ...] = ()
    others: tuple[Change, ...] = ()  # of other tickets
    done: Phrase | None = None  # by taking it apart from another ticket

    @property
    def named(self) -> int:
        """Number of the ticket whose alert was answered, if another one; else 0."""
        other = self.led_from or self.source
        return other.number if other else 0

    def misdirected(self, config: Config) -> Phrase | None:
        """Why a reply must not be sent: it would go to other people than the agent wrote it for; "" if it may."""
        named, ticket = self.led_from, self.ticket
        if named is None:
            return None
        if merging.shared(ticket, named, config) and named.requester.email in merging.readers(ticket, config):
            return None
        return phrase(
            "refused.astray",
            named=named.number,
            number=ticket.number,
            requester=ticket.requester.email,
            meant=named.requester.email,
        )

    def combined(self, change: Change) -> Change:
        """The change to `ticket` together with its opening."""
        if self.opened is None:
            return replace(change, moved=self.moved)
        return replace(change, before=None, events=self.opened.events + change.events, moved=self.opened.moved)


def target_of(request: Request, ticket: Ticket, context: Context) -> Target:
    """The ticket that a request naming `ticket` works on. Raises Refused."""
    verbs = request.commands.verbs
    split = next((command for command in request.commands.commands if command.verb == "split"), None)
    if verbs and verbs <= QUERIES | {"ticket", "quiet"}:
        return Target(ticket=ticket)
    if split:
        stamp = acts.Stamp(request.by, request.at, split.reason)
        return _split(request, ticket, int(split.value or 0), stamp, context.config)
    if not ticket.merged_into:
        return Target(ticket=ticket)
    return Target(ticket=_end_of(request, ticket, context.config), led_from=ticket)


def _end_of(request: Request, ticket: Ticket, config: Config) -> Ticket:
    end = request.known.end_of(ticket.number)
    if end is None or not _sees(request, end, config):
        raise Refused(phrase("refused.merged_unseen", number=ticket.number))
    return end


def _sees(request: Request, ticket: Ticket, config: Config) -> bool:
    return request.agent is None or sees(request.agent, ticket, config)


def _check(request: Request, ticket: Ticket, config: Config) -> None:
    if problem := why_not(request.agent, "merge", ticket.department, config):
        raise Refused(problem)


# ── splitting ───────────────────────────────────────────────────────────────────────────


def _split(request: Request, ticket: Ticket, entry_id: int, stamp: acts.Stamp, config: Config) -> Target:
    """Undo the merge of the ticket or of the message's ticket; without a merge, split the message off."""
    _check(request, ticket, config)
    if ticket.merged_into and not entry_id:
        return _undo(request, ticket, stamp, config)
    whole = _end_of(request, ticket, config) if ticket.merged_into else ticket
    thread = request.known.whole_thread(whole.number)
    entry = _answered(request, thread, entry_id)
    came_for = request.known.ticket(entry.came_for) if entry and entry.came_for else None
    if came_for:
        return _undo(request, came_for, stamp, config)
    return _part(request.known, whole, splitting.separable(entry, thread), stamp, config)


def _answered(request: Request, thread: Sequence[Entry], entry_id: int) -> Entry | None:
    """The entry to split: by its id, else the one whose alert the mail answers, or that the mail answers itself."""
    if entry_id:
        return next((entry for entry in thread if entry.id == entry_id), None)
    cause = request.known.answered
    return next((each for each in thread if cause and each.inbox_id == cause), None) or next(
        (each for each in thread if each.message_id and each.message_id in request.answered_ids), None
    )


def _part(known: Known, ticket: Ticket, entry: Entry, stamp: acts.Stamp, config: Config) -> Target:
    number, record = known.next_number, known.records[ticket.number]
    reads_it = entry.author.email in merging.readers(ticket, config)
    own = known.subjects.get(entry.inbox_id or 0, "")
    subject = strip_subject(own or (ticket.subject if reads_it else ""), config.desk)
    opened = splitting.part(ticket, entry, number, subject, stamp, config)
    act = acts.split(number, entry, record.thread, record.events, stamp)
    off = lifecycle.act_on(ticket, [act], stamp, config)
    who = entry.author.name or entry.author.email
    done = phrase("done.split", who=who, token=config.desk.token.replace("{number}", str(number)))
    return Target(ticket=opened.after, source=ticket, opened=opened, others=(off,), done=done)


def _undo(request: Request, ticket: Ticket, stamp: acts.Stamp, config: Config) -> Target:
    """Undo a merge, with everything that came for the merged ticket since."""
    known, end = request.known, _end_of(request, ticket, config)
    if not _sees(request, ticket, config):
        raise Refused(phrase("refused.not_found", number=ticket.number))
    _check(request, end, config)
    record = known.records[ticket.number]
    event = _merging(record.events, "merged_into", ticket.merged_into)
    assert event is not None, "a ticket is merged by an event"
    elsewhere = _elsewhere(known, (ticket.number, *record.below))
    came = sorted((entry for entries in elsewhere.values() for entry in entries), key=lambda entry: entry.id or 0)
    events = [event for number in elsewhere for event in known.records[number].events]
    received = {(event.after, event.at) for event in events if event.kind is EventKind.MESSAGE}
    messages = [entry for entry in came if (entry.author.email, entry.at) in received]
    holders = dict.fromkeys((ticket.merged_into, *elsewhere))
    return Target(
        ticket=ticket,
        acts=(acts.unmerge(event, came, messages, stamp),),
        moved=tuple(replace(each, came_for=0 if each.came_for == ticket.number else each.came_for) for each in came),
        others=tuple(_without(known.records[n], ticket, elsewhere.get(n, ()), stamp, config) for n in holders),
        done=phrase("done.unmerged", number=ticket.number, into=ticket.merged_into),
    )


def _elsewhere(known: Known, numbers: Collection[int]) -> dict[int, tuple[Entry, ...]]:
    """Entries that came for one of the tickets and are stored with others, by the ticket they are stored with."""
    others = ((number, entry) for number, each in known.records.items() for entry in each.thread)
    came = [(number, entry) for number, entry in others if entry.came_for in numbers and number not in numbers]
    found: dict[int, tuple[Entry, ...]] = {}
    for number, entry in sorted(came, key=lambda each: each[1].id or 0):
        found[number] = (*found.get(number, ()), entry)
    return found


def _without(
    holder: TicketRecord, ticket: Ticket, entries: tuple[Entry, ...], stamp: acts.Stamp, config: Config
) -> Change:
    """The change to a ticket that loses `entries`, or into which `ticket` was merged."""
    into = holder.ticket.number == ticket.merged_into
    event = _merging(holder.events, "merged", ticket.number) if into else None
    act = acts.give_back(Gone(ticket.number, event, entries), holder.thread, holder.events, stamp)
    return lifecycle.act_on(holder.ticket, [act], stamp, config)


def _merging(events: Sequence[Event], field: str, number: int) -> Event | None:
    """The latest event by which a ticket was merged into `number`, or took `number` in."""
    for event in reversed(events):
        after = event.after.get(field) if event.kind is EventKind.MERGED and isinstance(event.after, dict) else None
        before = event.before.get(field) if isinstance(event.before, dict) else None
        if after == number or (isinstance(after, list) and isinstance(before, list) and number in {*after} - {*before}):
            return event
    return None


# ── merging and linking ─────────────────────────────────────────────────────────────────


def merge_target(known: Known, resolved: ResolvedCommands) -> tuple[Ticket, str] | None:
    """The ticket that `#merge` names, and the reason."""
    order = resolved.of("merge")
    target = known.ticket(order.value) if order and isinstance(order.value, int) else None
    return (target, order.reason) if order and target else None


def absorbed(ticket: Ticket, target: Ticket, reason: str, stamp: acts.Stamp, config: Config) -> Change:
    """The change to the ticket that another one is merged into."""
    return lifecycle.act_on(target, [acts.absorb(ticket, stamp.because(reason), config)], stamp, config)


def linked_back(
    known: Known, resolved: ResolvedCommands, ticket: Ticket, stamp: acts.Stamp, config: Config
) -> Iterator[Change]:
    """The changes to the other tickets of each `#link`."""
    for number, reason in {order.value: order.reason for order in resolved.orders if order.verb == "link"}.items():
        other = known.ticket(number) if isinstance(number, int) else None
        if other and ticket.number not in other.links:
            yield lifecycle.act_on(other, [acts.link(ticket.number, stamp.because(reason))], stamp, config)


# ── the readers ─────────────────────────────────────────────────────────────────────────


def announcements(
    known: Known,
    change: Change,
    others: Sequence[Change],
    target: Target,
    occasion: Occasion,
    published: Entry | None = None,
) -> Iterator[Announcement]:
    """The change and those to other tickets, each to its readers. `published`: a note that becomes a reply.

    The requesters of the other tickets are not notified: nothing changed for them.
    """
    own = known.announced(change, occasion, moved=target.opened.moved if target.opened else ())
    if published:  # shown as new, and not as an earlier note
        earlier = tuple(each for each in own.audience.history if each.id != published.id)
        own = replace(own, moved=(published,), audience=replace(own.audience, history=earlier))
    yield own
    for other in others:
        number, into = other.after.number, change.after.merged_into
        theirs = replace(occasion, quiet=True, cause=f"{occasion.cause}|{number}", on_behalf=False)
        if into == number:
            undo = ((Phrase("link.undo_merge"), f"#ticket {change.after.number}\n#split\n"),)
            came = (
                replace(e, came_for=e.came_for or change.after.number) for e in known.whole_thread(change.after.number)
            )
            offers = (*agree(other, ""), *undo)
            yield known.announced(other, replace(theirs, links=offers, remarks=left_out(other)), merged=tuple(came))
        else:
            yield known.announced(other, replace(theirs, links=()))


@dataclass(frozen=True, slots=True)
class RelatedTexts:
    """Texts of merged and split tickets, for the leak guard."""

    internal: tuple[str, ...]
    public: tuple[str, ...]
    messages: tuple[Entry, ...]  # of the ticket itself, known to its readers


def related_texts(known: Known, target: Target, config: Config) -> RelatedTexts:
    """Texts of tickets merged into this one, or that it is split off from, by whether its readers know them.

    A message that came by a merge from somebody who is no participant is internal.
    """
    ticket, readers = target.ticket, merging.readers(target.ticket, config)
    mine = [entry for entry in known.thread(ticket.number) if entry.kind is EntryKind.MESSAGE]
    guests = [entry for entry in mine if entry.came_for and entry.author.email not in readers]
    internal = [f"{entry.text}\n{entry.cut}" for entry in guests]
    public: list[str] = []
    roots = (known.records[each.number] for each in (ticket, target.source) if each and each.number in known.records)
    numbers = (number for root in roots for number in (root.ticket.number, *root.below) if number != ticket.number)
    for other in (known.records[number] for number in numbers):
        shared = merging.shared(ticket, other.ticket, config)
        internal += [event.reason for event in other.events]
        for entry in other.thread:
            theirs = entry.kind is EntryKind.MESSAGE and readers == config.addresses_of(entry.author.email)
            open_ = entry.kind is not EntryKind.NOTE and (shared or theirs)
            (public if open_ else internal).append(entry.text)
    return RelatedTexts(tuple(internal), tuple(public), tuple(entry for entry in mine if entry not in guests))
