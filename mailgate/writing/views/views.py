"""The values that a template may read, for requesters and for agents, and the rendered result.

`RequesterView` holds public values alone: a template for requesters cannot leak what it
was never given. Everything in both is finished text: no template formats a time or
looks anything up. They are filled in `for_requester.py` and `for_agent.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from textwrap import wrap

from mailgate.rules.text.moments import fill
from mailgate.writing.views.links import Link

_WIDTH = 72  # columns of a table in text: mail programs wrap longer lines, and flowed text does
_GAP = 2  # between columns
_NAME = 24  # columns of a row's name, at most, with its title beside it
_LABEL = 16  # columns of the labels of a ticket card, at least


@dataclass(frozen=True, slots=True)
class FileView:
    """An attachment by name and size: "invoice.pdf", "120 kB"; and why it was left out, where it was."""

    name: str
    size: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.size}{f' ({self.why})' if self.why else ''}"


@dataclass(frozen=True, slots=True)
class EntryView:
    """An earlier entry of the thread, cut to a readable length."""

    kind: str  # "message", "public reply", "internal note"
    internal: bool
    author: str
    at: str
    text: str
    files: tuple[FileView, ...]
    id: str = ""  # by which a command names it (`#split 17`); "" where the mail does not show it


@dataclass(frozen=True, slots=True, kw_only=True)
class RequesterView:
    """What a template for a requester or collaborator may read."""

    marker: str
    desk: str  # the desk's name
    address: str  # the desk address that the mail is from
    address_name: str
    name: str  # the reader's
    number: str  # "" without a ticket, as the next three
    token: str
    subject: str
    status: str
    status_name: str  # in the reader's language
    by: str  # the author, as the requester may know them; "" for the desk itself
    facts: tuple[str, ...]
    text: str  # "" where it must not be shown
    html: str  # the same words as sanitised HTML; "" where there is none
    canned: str  # the canned response that answers instead of the acknowledgement
    files: tuple[FileView, ...]
    left_out: tuple[FileView, ...]  # files that are not in the mail
    signature: str
    quoted: tuple[EntryView, ...]  # earlier public entries, newest first
    ratings: tuple[Link, ...]  # labelled "good", "okay", "bad": each opens a mail that says so
    reopen_days: int
    resolved: bool
    preview: str  # the first words, for the list of mails


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """The ticket card of an alert. Values are "" where there is none."""

    number: str
    token: str
    subject: str
    requester: str  # name, or address without one
    requester_email: str
    customer: str
    department: str
    topic: str
    priority: str
    status: str
    satisfaction: str
    assignee: str  # "you" for the reader
    sla: str
    due: str
    clock: str  # the due time as of now, in words: "due today 14:00, in 2 h"; without one "resolved", "pending"
    overdue: bool
    first_response_by: str
    opened: str
    collaborators: tuple[str, ...]
    tags: tuple[str, ...]
    links: tuple[str, ...]
    form: tuple[tuple[str, str], ...]  # form lines of the opening mail
    glance: str = ""  # what an agent looks for first, in a line: priority, help topic, assignee
    rows: tuple[tuple[str, str], ...] = ()  # the card, (label, value), without rows that have no value
    colon: str = ":"  # behind a label, as the language sets it

    @property
    def lines(self) -> tuple[str, ...]:
        """The card's rows as text: labels in a column, values in another."""
        labels = [label + self.colon for label, _ in self.rows]
        width = max(_LABEL, *map(len, labels))
        return tuple(f"{label:<{width}} {value}" for label, (_, value) in zip(labels, self.rows, strict=True))


@dataclass(frozen=True, slots=True)
class OtherView:
    """Another open ticket of the same requester."""

    token: str
    subject: str
    about: str  # "open, assigned to Ann Reyes, opened Fri 20 Nov 2026, 13:00 EST"
    merge: Link | None  # merges the alert's ticket into it; None where the reader may not


@dataclass(frozen=True, slots=True)
class MailView:
    """A mail that waits for somebody to look."""

    sender: str
    subject: str
    about: str  # "Fri 20 Nov 2026, 13:00 EST, x-spam-flag: YES"
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class SimilarView:
    """An ended ticket that a new one is like: "[#990]", its subject, how and when it ended."""

    token: str
    subject: str
    ended: str


@dataclass(frozen=True, slots=True)
class ListingView:
    """A table: its title, columns and rows for HTML, and the same as lines of text.

    The first two columns name a row: a ticket's number and subject. `labels` say what a cell
    is where its column's heading is not seen ("due {value}"); "" for cells that say so by
    themselves. The other lists have an item a row, or are empty.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    links: tuple[tuple[Link, ...], ...] = ()  # what can be done with a row's ticket
    said: tuple[str, ...] = ()  # the newest words of a row's requester, in quotation marks
    late: tuple[bool, ...] = ()  # the row's ticket is overdue

    @property
    def details(self) -> tuple[tuple[str, ...], ...]:
        """What is known of each row beside its name, each cell as it reads without its column's heading."""
        return tuple(tuple(self._details(row)) for row in self.rows)

    @property
    def lines(self) -> tuple[str, ...]:
        """Aligned rows below their columns, where a line holds them; else the rest of a row stands below its name."""
        table = (self.columns, *self.rows)
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        numbered = any(link.number for row in self.links for link in row)
        if numbered or any(self.said) or sum(widths) + _GAP * (len(widths) - 1) > _WIDTH:
            width = min(max((len(row[0]) for row in self.rows), default=0), _NAME)
            return tuple(line for place, row in enumerate(self.rows) for line in self._by_itself(place, row, width))
        gap = " " * _GAP
        return tuple(gap.join(map(str.ljust, row, widths)).rstrip() for row in table)

    def _details(self, row: Sequence[str]) -> Iterator[str]:
        for label, cell in zip(self.labels[2:], row[2:], strict=True):
            if cell not in ("", "-"):
                yield fill(label, {"value": cell}) if label else cell

    def _by_itself(self, place: int, row: Sequence[str], width: int) -> Iterator[str]:
        """A row without columns: "#1001  The portal is down", and below "Karen Client, due Fri 20 Nov 12:00"."""
        name, title, *_ = row
        indent = " " * (width + _GAP)
        said = self.said[place] if self.said else ""
        offers = "  ".join(str(link) for link in (self.links[place] if self.links else ()) if link.number)
        texts = (title, ", ".join(self._details(row)), said, offers)
        below = [line for text in texts for line in wrap(text, _WIDTH - len(indent))]
        beside = below.pop(0) if len(name) <= width and title else ""
        named = wrap(name, _WIDTH) or [""]
        yield from named[:-1]
        yield (named[-1].ljust(len(indent)) + beside).rstrip()
        yield from (indent + line for line in below)


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answer to one question: as text, and with the structure that its HTML has."""

    text: str
    listing: ListingView | None = None
    ticket: TicketView | None = None  # its card
    thread: tuple[EntryView, ...] = ()
    events: tuple[str, ...] = ()  # what happened to it, each with its time
    explained: tuple[tuple[str, str], ...] = ()  # commands, each with its explanation
    fixed: bool = False  # the blanks of the text matter

    @property
    def asked(self) -> bool:
        """Whether it holds what was asked for, and not only a sentence about it."""
        return self.fixed or self.listing is not None or self.ticket is not None or bool(self.thread)


@dataclass(frozen=True, slots=True)
class BarView:
    """A figure with its bar: `percent` of the full length, None for no bar."""

    label: str
    text: str  # "92%", "–"
    hint: str = ""  # "35 of 38"
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of a table: its name, then the cells in the order of the columns."""

    name: str
    cells: tuple[BarView, ...]


@dataclass(frozen=True, slots=True)
class TableView:
    """A table of figures below its title."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[RowView, ...]
    more: str = ""  # "and 3 more", where there was no room


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """What a template may read of a report: finished text, and how long each bar is."""

    period: str
    scope: str  # the places that it covers
    counts: tuple[BarView, ...]
    attainment: tuple[BarView, ...]
    satisfaction: tuple[BarView, ...]  # empty where nobody has said anything
    backlog: tuple[BarView, ...]  # a column a day, or every few days
    backlog_said: str  # the same in words
    times: TableView
    tables: tuple[TableView, ...]
    text: str  # the whole report as plain text


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """What a template for an agent, or the administrator, may read."""

    marker: str
    desk: str
    address: str
    address_name: str
    name: str
    destination: str  # where an answer goes; "" where an answer goes nowhere
    public: bool  # an answer is a public reply
    by: str
    facts: tuple[str, ...]
    text: str
    html: str  # the same words as sanitised HTML; "" where there is none
    not_shown: str  # how many lines of the mail are left out, with the command that shows them; "" for none
    files: tuple[FileView, ...]
    left_out: tuple[FileView, ...]  # files that are not in the mail
    subject: str
    ticket: TicketView | None
    similar: tuple[SimilarView, ...]
    others: tuple[OtherView, ...]  # the requester's other open tickets
    mails: tuple[MailView, ...]  # that wait for somebody to look
    latest: EntryView | None  # the requester's newest message, in an alert that has no words of its own
    history: tuple[EntryView, ...]  # without `latest`
    links: tuple[Link, ...]
    numbered: tuple[Link, ...]  # every link that the text part names by a number, with those of rows
    listings: tuple[ListingView, ...]
    answers: tuple[AnswerView, ...]  # to the questions of the agent's mail; `text` has them as text
    ref: str  # the key, where it cannot travel in the address
    code: str
    preview: str  # the first words, for the list of mails
    report: ReportView | None


View = RequesterView | AgentView


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A notice as text and HTML, before it is a mail."""

    message_id: str  # in angle brackets
    text: str
    html: str  # "" where the template set has none
    parts: tuple[bytes, bytes]  # text and HTML as MIME parts; b"" for no HTML
    language: str = ""  # of the words around what people wrote: an RFC 5646 tag
    subject: str = ""  # of a mail without a ticket
    headers: tuple[tuple[str, str], ...] = ()  # further fields that the template sets
    problem: str = ""  # why the administrator's template was not used, and the shipped one was


_NAMES = {view: tuple(field.name for field in fields(view)) for view in (RequesterView, AgentView)}


def values(view: View) -> Mapping[str, object]:
    """Return the view's fields by name, as a template reads them."""
    return {name: getattr(view, name) for name in _NAMES[type(view)]}
