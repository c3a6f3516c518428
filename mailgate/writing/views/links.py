"""One-tap links: `mailto:` addresses that open a filled-in mail (RFC 6068).

The mail ends its commands with `#end`, so that a signature below is never read, and
carries the ticket's token and the reader's own key. Commands are for agents alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from mailgate.phrase import Phrase, Sentence
from mailgate.ticket import Status, Ticket

_SUBJECT_LIMIT = 60  # some mail programs cut links at 2,000 characters, and a character can take 12
END = "#end"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is shown."""

    label: str
    href: str
    main: bool = False  # it answers the requester
    number: int = 0  # by which the text part names it; 0 where only the HTML has it

    def __str__(self) -> str:
        return f"{self.label} [{self.number}]" if self.number else self.label


def mailto(address: str, subject: str, offers: Iterable[tuple[str, str]], foot: str = "") -> tuple[Link, ...]:
    """Return a link for each (label, mail body), which opens a mail to `address`; `foot` ends each body.

    Nothing in the values can add a field to that mail (RFC 6068 2).
    """
    start = _start(address, subject[:_SUBJECT_LIMIT])
    end = _lines(foot) if foot else ""
    return tuple(Link(label, start + _lines(body) + end) for label, body in offers)


def numbered(links: Iterable[Link], before: int) -> tuple[Link, ...]:
    """The links with their numbers, which go on after `before` others."""
    return tuple(Link(each.label, each.href, each.main, number) for number, each in enumerate(links, before + 1))


@lru_cache(8)  # that of a mail's links
def _start(address: str, subject: str) -> str:
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject, safe='')}&body="


@lru_cache(64)  # most are the same few commands
def _lines(text: str) -> str:
    """Lines of a mail body in a link; RFC 6068 5: a line break is %0D%0A."""
    return quote(text.replace("\n", "\r\n"), safe="")


def commands(ticket: Ticket, agent: str) -> tuple[tuple[Sentence, str], ...]:
    """Return (label, mail body) of the commands for the ticket as it stands, whatever a role lets somebody do."""
    if ticket.merged_into:
        return ()  # whatever is done is done to the ticket that it went into
    claimed = ticket.assignee is not None and ticket.assignee.agent_key == agent
    offers: list[tuple[Sentence, str]] = [] if claimed else [(Phrase("link.claim"), f"#claim\n{END}\n")]
    if ticket.status.active:
        offers.append((Phrase("link.resolve"), f"#resolve\n{END}\n"))
    else:
        offers.append((Phrase("link.reopen"), f"#reopen\n{END}\n"))
    if ticket.status is not Status.CLOSED:
        offers.append((Phrase("link.close"), f"#close\n{END}\n"))
    if not ticket.spam:
        offers.append((Phrase("link.spam"), f"#spam\n{END}\n"))
    return tuple(offers)


def of_row(ticket: Ticket, agent: str) -> tuple[tuple[Sentence, str], ...]:
    """Return (label, mail body) of the commands for a ticket in a table, whatever a role lets somebody do."""
    if ticket.merged_into:
        return ()
    claimed = ticket.assignee is not None and ticket.assignee.agent_key == agent
    offers = (
        (not claimed, "link.claim", f"#claim\n{END}\n"),
        (ticket.status.active, "link.resolve", f"#resolve\n{END}\n"),
        (ticket.status.active, "link.snooze", f"#snooze tomorrow\n{END}\n"),
        (not ticket.status.active, "link.reopen", f"#reopen\n{END}\n"),
    )
    return tuple((Phrase(label), body) for sensible, label, body in offers if sensible)


def closed_off(body: str) -> str:
    """Return the body of a filled-in mail with `#end` below it, once."""
    lines = body.rstrip().split("\n")
    return "\n".join(lines if END in lines else [*lines, END]) + "\n"
