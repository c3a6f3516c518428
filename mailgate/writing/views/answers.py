"""The answers to an agent's questions, in their language: tables, lines, tickets with their threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from textwrap import wrap
from zoneinfo import ZoneInfo

from mailgate.notice import Answer, Columns, Fixed, Lines, Listing, ShownTicket
from mailgate.phrase import Value
from mailgate.rules.text.subject import titled
from mailgate.ticket import Entry, Ticket
from mailgate.writing.mail.headers import plain
from mailgate.writing.mail.mime import readable
from mailgate.writing.views.formatting import entry_view
from mailgate.writing.views.links import Link
from mailgate.writing.views.views import AnswerView, EntryView, ListingView, TicketView
from mailgate.writing.views.words import Words

_EMPTY = "-"
_COLUMN = 28  # where explanations of commands begin
_WIDTH = 76


def listing_view(
    listing: Listing, own: Words, zone: ZoneInfo, links_of: Callable[[Ticket], tuple[Link, ...]] | None = None
) -> ListingView:
    """A table with its cells as text, and the links of each row's ticket."""
    title, shown = own.text(listing.title, zone), len(listing.rows)

    def cell_text(cell: Value) -> str:
        said = plain(own.text(cell, zone))
        return titled(said, own.language) if said else _EMPTY

    of = "listing.title" if shown == listing.count else "listing.first"
    return ListingView(
        title=own.filled(of, title=title, shown=str(shown), count=str(listing.count)),
        columns=tuple(own.phrases[f"column.{name}"] for name in listing.columns),
        rows=tuple(tuple(cell_text(cell) for cell in row) for row in listing.rows),
        labels=tuple(own.phrases.get(f"cell.{name}", "") for name in listing.columns),
        links=tuple(map(links_of, listing.tickets)) if links_of else (),
        said=tuple(own.filled("listing.said", words=readable(words)) if words else "" for words in listing.said),
        late=tuple(ticket.overdue for ticket in listing.tickets),
    )


def answer_views(
    answers: tuple[Answer, ...],
    own: Words,
    zone: ZoneInfo,
    card: Callable[[Ticket], TicketView],
    about: int,
    links_of: Callable[[Ticket], tuple[Link, ...]] | None = None,
) -> Iterator[AnswerView]:
    """Each answer as text and with its structure. `about`: the ticket whose card the mail has already."""
    for answer in answers:
        match answer:
            case Listing():
                table = listing_view(answer, own, zone, links_of)
                unnumbered = not any(link.number for row in table.links for link in row)
                how = ("", own.phrases["listing.how"]) if any(table.links) and unnumbered else ()
                yield AnswerView(text="\n".join((table.title, "", *table.lines, *how)), listing=table)
            case Lines():
                yield AnswerView(text="\n".join(readable(own.sentence(line, zone)) for line in answer.lines))
            case Columns():
                rows = [(usage, own.text(text, zone)) for usage, text in answer.rows]
                lines = (line for row in rows for line in _in_columns(*row))
                yield AnswerView(text="\n".join(lines), explained=tuple(rows), fixed=True)
            case Fixed():
                yield AnswerView(text=answer.text, fixed=True)
            case _:
                yield _shown(answer, own, zone, card(answer.ticket), with_card=answer.ticket.number != about)


def _in_columns(usage: str, text: str) -> list[str]:
    """A command and its explanation beside it, or below a long command, if it does not fit behind that."""
    if len(usage) >= _COLUMN and len(usage) + 2 + len(text) <= _WIDTH:
        return [f"{usage}  {text}"]
    lines = wrap(text, _WIDTH - _COLUMN)
    beside = lines.pop(0) if len(usage) < _COLUMN and lines else ""
    return [f"{usage:{_COLUMN}}{beside}".rstrip(), *(f"{'':{_COLUMN}}{line}" for line in lines)]


def _shown(answer: ShownTicket, own: Words, zone: ZoneInfo, ticket: TicketView, *, with_card: bool) -> AnswerView:
    entries = [_whole(entry) if answer.full else entry for entry in answer.thread]
    thread = tuple(
        replace(
            entry_view(entry, own.dates.moment(entry.at, zone), own, limit=len(entry.text), on=answer.ticket),
            id=str(entry.id or ""),
        )
        for entry in entries
    )
    events = tuple(
        f"{own.dates.moment(at, zone)}{own.phrases['mail.colon']} {own.sentence(sentence, zone)}"
        for at, sentence in answer.events
    )
    head = [f"{ticket.token} {ticket.subject}", "", *ticket.lines] if with_card else []
    said = [_said(entry, own) for entry in thread]
    happened = [own.phrases["answer.events"], "", *map(readable, events)] if events else []
    text = "\n\n".join(filter(None, ("\n".join(head), *said, "\n".join(happened))))
    return AnswerView(text=text, ticket=ticket if with_card else None, thread=thread, events=events)


def _said(entry: EntryView, own: Words) -> str:
    """An entry as text: who wrote it, when, its id, its words and files."""
    head = f"{entry.author}, {entry.at} ({', '.join(filter(None, (entry.kind, entry.id and f'id {entry.id}')))})"
    files = own.filled("answer.attached", files="; ".join(map(str, entry.files))) if entry.files else ""
    return "\n\n".join(filter(None, (head + own.phrases["mail.colon"], entry.text, files)))


def _whole(entry: Entry) -> Entry:
    """The entry with what was cut from its mail, as a quotation below its text."""
    cut = "\n".join(f"> {line}".rstrip() for line in entry.cut.split("\n")) if entry.cut else ""
    return replace(entry, text=f"{entry.text}\n\n{cut}".strip()) if cut else entry
