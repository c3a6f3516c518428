"""`tickets list`: tickets as a table, or as JSON. Both are written while the tickets are read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from shutil import get_terminal_size
from typing import IO

from mailgate.cli.common import config_of, json_text, plain, reading, say
from mailgate.cli.pager import paged
from mailgate.config.built_in import STATUSES
from mailgate.errors import BadArgument
from mailgate.rules.sla.explained import explain_due
from mailgate.rules.text import names
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.text.names import Ambiguous, Candidate, Matched, match
from mailgate.rules.ticket.as_json import ticket_json
from mailgate.settings import Config
from mailgate.store.tickets import search
from mailgate.store.tickets.names_in_use import names_in_use
from mailgate.store.tickets.queries import Query, find_in_batches
from mailgate.ticket import Assignee, Ticket

_BATCH = 200  # tickets that are read before the first is shown; the widths of the columns are those of the first batch
_GAP = "  "
_MOST = 40  # characters of a column that is not the last, at most
_SUBJECT = 24  # characters that the subject keeps on a narrow terminal, at least, before another column is left out


def listing(args: argparse.Namespace) -> int:
    """`tickets list`: print a table or JSON."""
    config = config_of(args, thorough=False, or_in_force=True)
    with reading(config) as db:
        query = _query(args, config, names_in_use(db))
        if query.words and (percent := search.unfinished(db)) is not None:
            say(f"the search index is being built ({percent} %): tickets may be missing")
        # A query without a limit has 0.
        batches = iter(find_in_batches(db, query, _BATCH) if args.limit != 0 else ())
        if args.json:
            _print_json(chain.from_iterable(batches), config)
        elif first := next(batches, None):
            with paged() as out:
                _print_table(first, batches, config, out)
        else:
            say("no tickets")
    return 0


def _print_json(found: Iterable[Ticket], config: Config) -> None:
    """One JSON array, an element at a time."""
    separator = "["
    for ticket in found:
        sys.stdout.write(separator)
        sys.stdout.write(json_text({**ticket_json(ticket), "due_explained": list(explain_due(ticket, config))}))
        separator = ", "
    print("]" if separator == ", " else "[]")


def _query(args: argparse.Namespace, config: Config, used: Mapping[str, Mapping[str, int]]) -> Query:
    """What is asked for. `used`: names that tickets use, also of departments, agents and teams that are gone."""
    query = Query(
        statuses=_statuses(args.status),
        overdue=args.overdue,
        words=tuple(args.search.split()),
        limit=args.limit or 0,
    )
    if args.department in used["department"]:
        query = replace(query, department=args.department)
    elif args.department:
        query = replace(query, department=_named(args.department, names.departments(config), "department"))
    if args.assignee.lower() in ("nobody", "none"):
        query = replace(query, unassigned=True)
    elif args.assignee in used.get("agent", ()):
        query = replace(query, agent=args.assignee)
    elif args.assignee in used.get("team", ()):
        query = replace(query, team=args.assignee)
    elif args.assignee:
        assignee = Assignee.parse(_named(args.assignee, names.assignees(config), "agent or team"))
        query = replace(query, agent=assignee.agent_key, team="" if assignee.agent_key else assignee.name)
    return query


def _statuses(text: str) -> tuple[str, ...]:
    if not text:
        return ("open", "pending")
    if text == "all":
        return ()
    wanted = tuple(text.split(","))
    if wrong := [each for each in wanted if each not in STATUSES]:
        raise BadArgument(f"--status {wrong[0]}: must be one of {', '.join(STATUSES)}, or all")
    return wanted


def _named(typed: str, candidates: tuple[Candidate, ...], what: str) -> str:
    found = match(typed, candidates)
    if isinstance(found, Matched):
        return found.id
    near = found.candidates if isinstance(found, Ambiguous) else found.nearest
    raise BadArgument(f"no {what} is called “{typed}”{'; did you mean ' + ' or '.join(near) + '?' if near else ''}")


def held_by(ticket: Ticket, config: Config) -> str:
    """The assignee by name, "-" for none; whoever is no agent any more as "elliot (left)"."""
    if ticket.assignee is None:
        return "-"
    known = config.agents if ticket.assignee.kind == "agent" else config.teams
    return f"{config.called(ticket.assignee)}{'' if ticket.assignee.name in known else ' (left)'}"


# ── the table ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Column:
    """A column; the higher its rank, the sooner a narrow terminal is without it."""

    title: str
    rank: int
    cell: Callable[[Ticket, Config], str]


def _due(ticket: Ticket, config: Config) -> str:
    due = ENGLISH.short(ticket.due_at, config.desk.timezone) if ticket.due_at else "-"
    return f"{due} overdue" if ticket.overdue else due


_COLUMNS = (
    _Column("Number", 0, lambda ticket, _: str(ticket.number)),
    _Column("Status", 1, lambda ticket, _: ticket.status.value),
    _Column("Priority", 5, lambda ticket, _: ticket.priority),
    _Column("Department", 6, lambda ticket, _: ticket.department),
    _Column("Assigned to", 3, held_by),
    _Column("Due", 2, _due),
    _Column("Requester", 4, lambda ticket, _: ticket.requester.email),
    _Column("Subject", 0, lambda ticket, _: ticket.subject),
)


def _print_table(first: list[Ticket], batches: Iterable[list[Ticket]], config: Config, out: IO[str]) -> None:
    """Print the table; on a terminal a row is a line. Elsewhere the subject is whole, and every column there."""
    from rich.cells import cell_len, set_cell_size  # late: needed only for a table
    from rich.console import Console

    terminal = sys.stdout.isatty()
    room = get_terminal_size().columns if terminal else 0
    titles = [column.title for column in _COLUMNS]
    columns = zip(titles, *(_cells(ticket, config) for ticket in first), strict=True)
    widths = [min(_MOST, max(map(cell_len, cells))) for cells in columns]
    shown = _that_fit(widths, room)
    widths[-1] = room - sum(widths[place] + len(_GAP) for place in shown)

    def row(texts: Sequence[str]) -> str:
        fitted = (set_cell_size(_cut(texts[place], widths[place]), widths[place]) for place in shown)
        return _GAP.join((*fitted, _cut(texts[-1], widths[-1]) if room else texts[-1]))

    red = Console(file=out, force_terminal=terminal, soft_wrap=True, highlight=False, markup=False, emoji=False)
    print(row(titles), file=out)
    for batch in chain([first], batches):
        for ticket in batch:
            text = row(_cells(ticket, config))
            if ticket.overdue and terminal:
                red.print(text, style="red")
            else:
                print(text, file=out)
        out.flush()


def _cells(ticket: Ticket, config: Config) -> list[str]:
    return [plain(column.cell(ticket, config)).replace("\n", " ") for column in _COLUMNS]


def _cut(text: str, width: int) -> str:
    """The text, with an ellipsis at its end where it has more than `width` columns."""
    from rich.cells import cell_len, set_cell_size  # late: needed only for a table

    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _that_fit(widths: Sequence[int], room: int) -> list[int]:
    """The places of the columns before the subject that there is room for; `room`: 0 for all."""
    places = list(range(len(_COLUMNS) - 1))
    while room and sum(widths[place] + len(_GAP) for place in places) + _SUBJECT > room and len(places) > 1:
        places.remove(max(places, key=lambda place: _COLUMNS[place].rank))
    return places
