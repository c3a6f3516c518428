"""What the notices about one change have in common: its author, how it came about, and remarks.

Recipients and kinds are in `to_requesters.py` and `to_agents.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence
from mailgate.rules.notices.audience import Audience, Person
from mailgate.ticket import Actor, Address, Change, Entry, Event, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What `announce` needs besides the change itself."""

    by: Actor
    cause: str  # names the act; the same when the work is redone
    author: Address
    now: datetime
    answers: str = ""  # Message-ID of the mail that did it
    direct: frozenset[str] = frozenset()  # addresses that had the mail directly
    quiet: bool = False  # no notices to requesters and collaborators
    automatic: bool = False  # an automatic answer may go out
    reveal: bool = True  # the acknowledgement may hold the requester's own text
    on_behalf: bool = False  # opened by somebody else for the requester
    signature: str = ""  # what the agent's mail program marks as one
    canned: str = ""  # the canned response that a rule answers with instead of the acknowledgement
    extra_alert: tuple[str, ...] = ()  # a rule's `alert`
    facts: tuple[Phrase, ...] = ()  # for the requester of a new ticket
    resolved_before: bool = False  # the requester had a notice that it is resolved within the day
    remarks: tuple[Sentence, ...] = ()  # for agents
    put_off: Event | None = None  # the event that set the time of a reminder
    links: tuple[tuple[Sentence, str], ...] = ()  # one-tap links for agents: (label, mail body)

    @property
    def agent(self) -> str:
        """Key of the acting agent, or an empty string."""
        return self.by.agent_key

    def notice(self, kind: NoticeKind, who: Person, ticket: Ticket, audience: Audience) -> Notice:
        """A notice with what all have in common; it answers the latest mail that its reader has.

        Requesters' mails refer to the requester's own ids alone: an agent's Message-ID is a
        key and never leaves the desk.
        """
        ours = audience.last_sent.get(who.address.email, "")
        theirs = tuple(
            entry.message_id
            for entry in audience.history
            if entry.message_id and entry.author.email == who.address.email and not entry.by.is_agent
        )
        previous = ours or (theirs[0] if theirs else "")
        return Notice(
            kind=kind,
            to=who.address,
            agent=who.agent,
            cause=self.cause,
            ticket=ticket,
            by=self.author,
            by_agent=self.agent,
            in_reply_to=previous,
            references=tuple(dict.fromkeys((*reversed(theirs[:3]), *((ours,) if ours else ())))),
            is_first=not ours,
        )


def written(change: Change) -> Entry | None:
    """The entry that the change writes: of several, the last."""
    return change.entries[-1] if change.entries else None
