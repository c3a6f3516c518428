"""Reads the records of tickets, and what else several matters need.

A record is brief (the latest entries, the latest notice to each reader) or whole (every entry, event and notice, when
its mails were worked). With what may be answered (`Extent`) a brief one has what an agent's reply is compared with.
A thread of a thousand entries is answered by nearly the same reads as one of ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.desk.outcome import Context
from mailgate.desk.situation import Known, TicketRecord
from mailgate.rules.people.absence import Absence
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.queues import sent
from mailgate.store.tickets import histories, merged, tickets
from mailgate.ticket import Entry, EntryKind, Ticket

LATEST = 20  # entries in a brief record


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much of a record is read."""

    whole: bool = False
    events: bool = False  # of a brief record those that say more than that there is an entry
    notes: bool = False  # those before the latest entries, who wrote any, and when the mails of the latest were worked
    since: int | None = None  # all notices from this id on


BRIEF = Extent()


def read_records(db: Db, wanted: Iterable[Ticket], extent: Extent = BRIEF) -> dict[int, TicketRecord]:
    """Records of tickets, and of those that were merged into them."""
    records: dict[int, TicketRecord] = {}
    for ticket in wanted:
        below = tickets.get_many(db, merged.below(db, ticket.number)) if ticket.merged else {}
        for number, each in {ticket.number: ticket, **below}.items():
            record = TicketRecord(ticket=each, below=tuple(sorted(_below(number, below))))
            if extent.whole:
                records[number] = _whole(db, record)
            else:
                records[number] = _brief(db, record, extent, to_readers=each is ticket)
    return records


def _whole(db: Db, record: TicketRecord) -> TicketRecord:
    number = record.ticket.number
    thread = tickets.thread(db, number)
    return replace(
        record,
        thread=tuple(thread),
        agents_wrote=_agents_wrote(thread),
        events=tuple(tickets.events(db, number)),
        notices=sent.about(db, number),
        worked=_worked(db, thread),
    )


def _brief(db: Db, record: TicketRecord, extent: Extent, *, to_readers: bool) -> TicketRecord:
    number = record.ticket.number
    thread = tickets.thread(db, number, newest=LATEST)
    older = len(thread) == LATEST
    return replace(
        record,
        thread=tuple(thread),
        older=older,
        notes=tuple(tickets.notes_before(db, number, thread[0].id or 0)) if extent.notes and older else (),
        agents_wrote=tuple(tickets.agents_wrote(db, number)) if extent.notes and older else _agents_wrote(thread),
        events=tuple(tickets.events_beside_entries(db, number)) if extent.events else (),
        notices=sent.latest(db, number, extent.since) if to_readers else (),
        worked=_worked(db, thread) if extent.notes else {},
    )


def _agents_wrote(thread: Sequence[Entry]) -> tuple[tuple[EntryKind, str], ...]:
    return tuple(dict.fromkeys((entry.kind, entry.by.agent_key) for entry in thread if entry.by.is_agent))


def _worked(db: Db, thread: Sequence[Entry]) -> Mapping[int, datetime]:
    return histories.worked_at(db, {entry.inbox_id for entry in thread if entry.inbox_id})


def _below(number: int, family: Mapping[int, Ticket]) -> Iterator[int]:
    """The numbers of tickets in `family` that were merged into `number`, directly or not."""
    for each in family.values():
        if each.merged_into == number:
            yield each.number
            yield from _below(each.number, family)


def gather_ticket(db: Db, number: int | None, context: Context, *, events: bool = False) -> Known:
    """What a change without a mail needs: by a deadline, or a failure of the relay."""
    ticket = tickets.get(db, number) if number else None
    records = read_records(db, [ticket], Extent(events=events)) if ticket else {}
    return Known(away=absences.away(db, context.now), records=records)


def gather_absence(db: Db, absence: Absence, config: Config) -> tuple[TicketRecord, ...]:
    """The tickets of an agent that changed during an absence, with their events since."""
    numbers = absences.touched(db, absence.agent, config.teams_of(absence.agent), absence.since)
    found = tickets.get_many(db, numbers)
    return tuple(
        TicketRecord(ticket=found[number], events=tuple(e for e in tickets.events(db, number) if e.at >= absence.since))
        for number in sorted(found)
    )


def next_number(db: Db, config: Config, highest: int = 0) -> int:
    """The number of the next ticket. `highest`: one that was used before the database was restored."""
    return tickets.next_number(db, max(config.desk.first_number, highest + 1))
