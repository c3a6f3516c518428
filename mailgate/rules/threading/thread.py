"""Which ticket a mail belongs to: the first of its references that counts.

`lookups` says what to fetch for a mail's references, `pick` decides. A reply key threads by
itself; everything else (anchor, known Message-ID, token, somebody else's key) only for a
sender who is on the ticket, or an agent who may see it. Nothing here says what the sender
may do: that is `trust.py` and `rules/people/permissions.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mailgate.notice import NoticeKind
from mailgate.reasons import Reason
from mailgate.rules.people.permissions import sees
from mailgate.rules.threading.keys import Key
from mailgate.rules.threading.references import Reference
from mailgate.rules.threading.trust import Sender
from mailgate.settings import Config
from mailgate.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Lookups:
    """What is looked up in the store before `pick`."""

    numbers: tuple[int, ...]
    message_ids: tuple[str, ...]
    keys: tuple[str, ...]  # of ours: they count when they were sent, and agents' may be burnt


@dataclass(frozen=True, slots=True)
class Found:
    """What the store answered. `tickets` also holds those that `by_message_id` names, and where merged ones went."""

    tickets: Mapping[int, Ticket]
    by_message_id: Mapping[str, tuple[int, ...]]
    burnt: frozenset[str]
    sent: frozenset[str]  # KEYs of mails that this database has sent


_TOKENS = frozenset({Reason.SUBJECT_TOKEN, Reason.QUOTED_TOKEN})
PARTICIPANTS = ("requester", "collaborator")


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket that a mail belongs to, why, and the role of its author.

    `role` is "agent", "requester", "collaborator", "inactive" (stored as an inactive
    collaborator's message), "asked" (an outsider whom an agent asked: a note) or "" (no ticket).
    `key` is the reply key that was answered, also where it names no ticket. `strangers_to`
    are tickets that the mail names and the sender has no part in; `came_for` is the ticket
    that the mail names where that was merged into `number`, and `role_there` the sender's role on it.
    """

    number: int | None
    why: Reason
    key: Key | None = None
    role: str = ""
    strangers_to: tuple[int, ...] = ()
    came_for: int = 0
    role_there: str = ""

    @property
    def participant(self) -> bool:
        """Whether it is from the requester or from an active collaborator."""
        return self.role in PARTICIPANTS

    @property
    def participant_there(self) -> bool:
        """The same of the ticket that it came for."""
        return self.role_there in PARTICIPANTS


def lookups(refs: Iterable[Reference]) -> Lookups:
    """What has to be fetched to judge these references."""
    refs = tuple(refs)
    return Lookups(
        numbers=tuple(dict.fromkeys(ref.ticket for ref in refs if ref.ticket)),
        message_ids=tuple(ref.message_id for ref in refs if ref.message_id),
        keys=tuple(ref.key.text for ref in refs if ref.key),
    )


@dataclass(frozen=True, slots=True)
class Sifted:
    """References that count, and those of ours that this database does not remember."""

    known: tuple[Reference, ...]
    lost: tuple[Reference, ...]
    answers_lost: bool  # the mail that it answers is one of the lost


def sift(refs: Iterable[Reference], found: Found) -> Sifted:
    """Take out what bears our MAC and was never sent by this database: it was restored from an older copy.

    The number in a lost reference may be another ticket's by now, so that a subject token with it
    counts only where something else of ours names that ticket.
    """
    refs = tuple(refs)
    lost = tuple(ref for ref in refs if _is_lost(ref, found))
    if not lost:
        return Sifted(refs, (), answers_lost=False)
    named = {ref.ticket for ref in refs if ref.is_ours and ref not in lost}
    doubtful = {ref.ticket for ref in lost} - named
    known = tuple(ref for ref in refs if ref not in lost and not (ref.reason in _TOKENS and ref.ticket in doubtful))
    answered = next((ref for ref in refs if ref.key), lost[0])
    return Sifted(known, lost, answers_lost=answered in lost)


def _is_lost(ref: Reference, found: Found) -> bool:
    if ref.key:
        return ref.key.text not in found.sent
    ticket = found.tickets.get(ref.ticket)
    return ref.reason is Reason.ANCHOR and (ticket is None or ticket.anchor != ref.nonce)


def pick(
    refs: Iterable[Reference], found: Found, sender: Sender, config: Config, *, lost: Collection[Reference] = ()
) -> Match:
    """The ticket of a mail: the first key that fits, else the first other reference that does.

    `refs` are those that count and `lost` the others of ours, as `sift` says.

    Who has a part in a ticket that was merged comes in on the one that it went into: as
    their role there, else as somebody not yet added by an agent.
    """
    match = _pick(refs, found, sender, config)
    if lost and match.number is None and not match.strangers_to:
        return replace(match, why=Reason.NOT_REMEMBERED)
    named = found.tickets.get(match.number) if match.number else None
    if named is None or not named.merged_into:
        return match
    goes = named
    while goes.merged_into:
        goes = found.tickets[goes.merged_into]
    role = match.role if match.role in ("agent", "asked") else _on_ticket(goes, sender, config) or "inactive"
    return replace(match, number=goes.number, role=role, came_for=named.number, role_there=match.role)


def _pick(refs: Iterable[Reference], found: Found, sender: Sender, config: Config) -> Match:
    refs = tuple(refs)
    for ref in refs:
        ticket = found.tickets.get(ref.ticket)
        if ref.key and ticket and (role := _role_by_key(ref.key, ticket, sender, config)):
            return Match(ticket.number, ref.reason, ref.key, role)
    named = tuple(_named(refs, found))
    for reason, ticket in named:
        if role := _role_without_key(ticket, sender, config):
            return Match(ticket.number, reason, None, role)
    return _no_match(refs, named, found, sender, config)


def _role_by_key(key: Key, ticket: Ticket, sender: Sender, config: Config) -> str:
    """The role that a key gives a mail; "" for an agent's key in anybody else's mail."""
    if not key.kind.to_requester:
        agent = config.agents.get(sender.agent)
        hidden = key.about and not (agent and sees(agent, ticket, config))  # that number is not signed
        return "agent" if key.text in sender.own_keys and not hidden else ""
    if key.kind is NoticeKind.ASKED:
        return "asked" if key.text in sender.own_keys and sender.dmarc != "fail" else ""
    if not sender.address:
        return ""
    agent = config.agents.get(sender.agent)
    return _on_ticket(ticket, sender, config) or ("agent" if agent and sees(agent, ticket, config) else "inactive")


def _named(refs: Iterable[Reference], found: Found) -> Iterator[tuple[Reason, Ticket]]:
    """Tickets that weak references name: anchors, then ids (a key that did not fit is one), then tokens."""
    for ref in sorted(refs, key=lambda ref: _WEAK_ORDER.get(ref.reason, 1)):
        numbers = found.by_message_id.get(ref.message_id, ()) if ref.message_id else (ref.ticket,)
        reason = Reason.KNOWN_MESSAGE_ID if ref.key else ref.reason
        yield from ((reason, found.tickets[number]) for number in numbers if number in found.tickets)


_WEAK_ORDER = {Reason.ANCHOR: 0, Reason.KNOWN_MESSAGE_ID: 1, Reason.SUBJECT_TOKEN: 2, Reason.QUOTED_TOKEN: 3}


def _role_without_key(ticket: Ticket, sender: Sender, config: Config) -> str:
    """The role of a mail that only names the ticket; "" for a stranger's.

    A proven agent comes as the agent even on their own request; an unproven one as the
    customer that everybody is who has their address.
    """
    if sender.dmarc == "fail":
        return ""
    agent = config.agents.get(sender.agent)
    as_agent = "agent" if agent and sees(agent, ticket, config) else ""
    if sender.proven and as_agent:
        return as_agent
    return _on_ticket(ticket, sender, config) or as_agent or _asked(ticket, sender)


def _asked(ticket: Ticket, sender: Sender) -> str:
    """An outsider whom an agent asked may lose the key on the way, and writes notes all the same."""
    known = not sender.agent and any(each.email == sender.address for each in ticket.asked)
    return "asked" if known and sender.address else ""


def _on_ticket(ticket: Ticket, sender: Sender, config: Config) -> str:
    """The role of its author; any address of a person is that person."""
    if not sender.address:
        return ""
    if config.same_person(sender.address, ticket.requester.email):
        return "requester"
    known = (each for each in ticket.collaborators if config.same_person(sender.address, each.email))
    active = next((person.active for person in known), None)
    return "" if active is None else "collaborator" if active else "inactive"


def _no_match(
    refs: tuple[Reference, ...],
    named: tuple[tuple[Reason, Ticket], ...],
    found: Found,
    sender: Sender,
    config: Config,
) -> Match:
    key = next((ref.key for ref in refs if ref.key and ref.key.text in sender.own_keys), None)
    strangers_to = tuple(dict.fromkeys(ticket.number for _, ticket in named))
    signed = (ref.ticket for ref in refs if ref.ticket and ref.reason not in _TOKENS)
    # Who has a copy of what an outsider was asked quotes internal words: never into the thread that requesters read.
    asked = any(ref.key and ref.key.kind is NoticeKind.ASKED for ref in refs)
    joins = config.tickets.strangers == "collaborator" and not asked
    if strangers_to and joins and not sender.agent and sender.dmarc != "fail":
        return Match(strangers_to[0], Reason.STRANGER, None, "inactive")
    if strangers_to:
        return Match(None, Reason.STRANGER, key, "", strangers_to)
    if any(number not in found.tickets for number in signed):
        return Match(None, Reason.TICKET_GONE, key)
    return Match(None, Reason.NOTHING_NAMES_A_TICKET, key)
