"""Reads the records of tickets, and what else several matters need.

A record is brief (the latest entries) or whole (every entry, every event, when its mails were worked).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mailgate.desk.outcome import Context
from mailgate.desk.situation import Known, TicketRecord
from mailgate.rules.people.absence import Absence
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.queues import sent
from mailgate.store.tickets import histories, merged, tickets
from mailgate.ticket import Ticket

LATEST = 20  # entries in a brief record


def read_records(
    db: Db, wanted: Iterable[Ticket], *, whole: bool = False, events: bool = False
) -> dict[int, TicketRecord]:
    """Records of tickets, and of those that were merged into them. `events`: also of a brief record."""
    records: dict[int, TicketRecord] = {}
    for ticket in wanted:
        below = tickets.get_many(db, merged.below(db, ticket.number)) if ticket.merged else {}
        for number, each in {ticket.number: ticket, **below}.items():
            thread_ = tickets.thread(db, number, newest=0 if whole else LATEST)
            ids = {entry.inbox_id for entry in thread_ if entry.inbox_id} if whole else set()
            records[number] = TicketRecord(
                ticket=each,
                thread=tuple(thread_),
                events=tuple(tickets.events(db, number)) if whole or events else (),
                notices=sent.about(db, number) if whole or each is ticket else (),
                below=tuple(sorted(_below(number, below))),
                worked=histories.worked_at(db, ids),
            )
    return records


def _below(number: int, family: Mapping[int, Ticket]) -> Iterator[int]:
    """The numbers of tickets in `family` that were merged into `number`, directly or not."""
    for each in family.values():
        if each.merged_into == number:
            yield each.number
            yield from _below(each.number, family)


def gather_ticket(db: Db, number: int | None, context: Context, *, events: bool = False) -> Known:
    """What a change without a mail needs: by a deadline, or a failure of the relay."""
    ticket = tickets.get(db, number) if number else None
    records = read_records(db, [ticket], events=events) if ticket else {}
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
