"""The leak guard: compares what leaves the desk with the ticket's internal and public texts.

A text with a reply key is refused; a reply with internal text is held for confirmation. What is compared how is
`rules/replies/leak.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from urllib.parse import unquote

from mailgate.desk.hold.held_reply import hold
from mailgate.desk.notify.related_tickets import how_it_ended, internal_titles
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.merge_split import RelatedTexts, Target, related_texts
from mailgate.desk.request.reply import AgentText
from mailgate.desk.request.request import AgentMail, Request, signer_of
from mailgate.desk.situation import Ended
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.reading.page.excerpt import attribute_values
from mailgate.reasons import Reason
from mailgate.rules.commands.orders import Order
from mailgate.rules.notices.alert_facts import internal_sentences
from mailgate.rules.people.absence import holder_away
from mailgate.rules.replies.file_texts import raw_of, unwrapped, words_of
from mailgate.rules.replies.leak import leak
from mailgate.rules.text.cleanup import seen
from mailgate.rules.text.signature import signature_of
from mailgate.settings import Config
from mailgate.ticket import Address, Entry, EntryKind, Event, EventKind, OlderNote, Ticket


def refusal(request: Request, post: AgentText, context: Context) -> Phrase | None:
    """Why a text may not be sent at all: it holds a key; "" if it may."""
    own = unwrapped(seen(_own(post)))
    texts, public = chain((own,), _all_of(request, post), raw_of(request.files)), post.seen.public
    found = next((key.text for each in texts for key in context.keyring.find(each)), "")
    return phrase("refused.key_reply" if public else "refused.key_question", key=found) if found else None


def leaked(request: Request, post: AgentText, target: Target, context: Context) -> Phrase | None:
    """Why a reply from the command line is refused: it holds internal text; None if it does not."""
    found = _internal(request, _all_of(request, post), post.published, target, context)
    found = found or internal_file(request, target)
    return phrase("refused.leak", found=found) if found else None


def key_published(orders: Sequence[Order], context: Context) -> Phrase | None:
    """Why commands may not be done: their public values hold a key; None if they may."""
    keys = context.keyring.find(_published(orders))
    return phrase("refused.key_command", key=keys[0].text) if keys else None


def guarded(
    request: AgentMail, orders: Sequence[Order], post: AgentText, target: Target, context: Context
) -> Outcome | None:
    """The outcome of a mail that would show the requester internal text; None if it may be done.

    A mail that was released once passes: the guard can be wrong about words.
    """
    ticket = target.source or target.ticket  # what would be split off is no ticket yet
    shown = _published(orders)
    if not (shown or post.replies or post.attachments) or request.released:
        return None
    texts = chain((shown,), _all_of(request, post) if post.replies else ())
    found = _internal(request, texts, post.published, target, context)
    found = found or (internal_file(request, target) if post.replies else "")
    if not found:
        return None
    if request.known.has_older(target.ticket.number):  # one of the older entries may have told the requester
        return Outcome(unread=True)
    text = post.text if post.replies else request.text
    fact = phrase("held.leak", found=found)
    return hold(request, ticket, (Reason.LEAK, "it seems to hold internal text"), (fact,), text, context)


def _published(orders: Sequence[Order]) -> str:
    """The values of commands that requesters and collaborators read: a new subject, and people's names."""
    values = [order.value for order in orders if order.verb in ("subject", "cc", "requester")]
    people = (each for value in values for each in (value if isinstance(value, tuple) else (value,)))
    return "\n".join(each.name if isinstance(each, Address) else str(each) for each in people)


def _all_of(request: Request, post: AgentText) -> Iterator[str]:
    """The agent's own text and that of attached files, in pieces."""
    return chain((_own(post),), words_of(request.files))


def _own(post: AgentText) -> str:
    """The agent's own text, and the link targets of the HTML part."""
    linked = (part for value in attribute_values(post.html) for part in (value, unquote(value)))
    return "\n".join((post.own, post.signature, *linked))


def _internal(request: Request, texts: Iterable[str], published: Entry | None, target: Target, context: Context) -> str:
    """The internal text that public texts hold; "" for none. A note that is published is not compared with itself."""
    config, known, ticket = context.config, request.known, target.ticket
    events, similar = known.events(ticket.number), known.similar.get(ticket.number, ())
    related, own = related_texts(known, target, config), published.id if published else 0
    return leak(
        texts,
        internal=(
            *related.internal,
            *(entry.text for entry in _notes(request, ticket) if entry.id != own),
            *(event.reason for event in events),
            *_as_read(_sentences(events, similar, ticket, request.agent_key, config), context),
        ),
        public=_public(request, ticket, related, config),
        titles=(*(other.subject for other, _ in similar), *internal_titles(known.others, ticket, config)),
        hidden_names=[department.name for department in config.departments.values() if not department.public],
    )


def _notes(request: Request, ticket: Ticket) -> Iterator[Entry | OlderNote]:
    thread = request.known.thread(ticket.number)
    return chain(request.known.older_notes(ticket.number), (each for each in thread if each.kind is EntryKind.NOTE))


def _public(request: Request, ticket: Ticket, related: RelatedTexts, config: Config) -> Iterator[str]:
    """What the requester wrote or was sent, as far as it was read. It is asked for where a text may hold notes."""
    thread, events = request.known.thread(ticket.number), request.known.events(ticket.number)
    yield config.desk.name
    yield from (address.name for address in config.addresses.values())
    yield ticket.subject
    yield from (str(event.before) for event in events if event.kind is EventKind.SUBJECT_CHANGED)
    # What a reply quoted is no public text: it may be an alert.
    yield from (entry.text for entry in thread if entry.kind is EntryKind.REPLY)
    yield from (_had(entry, config) for entry in related.messages)
    yield from related.public
    yield from _standing(request, (*request.known.older_notes(ticket.number), *thread), config)


def _standing(request: Request, thread: Sequence[Entry | OlderNote], config: Config) -> Iterator[str]:
    """How the writer and the authors of notes sign: nothing internal, also where a note holds it."""
    for key in {request.agent_key, *(entry.by.agent_key for entry in thread)} & config.agents.keys():
        signer = signer_of(config.agents[key], request.known)
        yield from signer.signatures
        yield from (signature_of(entry.text, signer) for entry in thread if entry.by.agent_key == key)
    yield signature_of("\n".join(request.commands.rest), request.signer)


def _sentences(
    events: Iterable[Event], similar: Iterable[Ended], ticket: Ticket, writer: str, config: Config
) -> Iterator[Sentence]:
    """The sentences that alerts may have held about the ticket."""
    for event in events:
        yield from internal_sentences(event, ticket, config, writer)
    yield from (how_it_ended(other, event, config).ended for other, event in similar)
    yield from (holder_away(agent.name) for agent in config.agents.values())


def _as_read(sentences: Iterable[Sentence], context: Context) -> Iterator[str]:
    """Internal sentences in each language and time zone that an agent has."""
    readers = context.catalogue.readers(context.config)
    for sentence in sentences:
        yield from {words.sentence(sentence, zone) for words, zone in readers}


def _had(entry: Entry, config: Config) -> str:
    """The text of a message and, except for an agent's, which may quote an alert, of its quotes."""
    quotes_alerts = entry.by.is_agent or entry.author.email in config.agents_by_email
    return entry.text if quotes_alerts else f"{entry.text}\n{entry.cut}"


def internal_file(request: Request, target: Target) -> str:
    """The name of a file of the request that only internal entries of the ticket hold; "" for none.

    A picture in the author's signature is no file of theirs.
    """
    thread = request.known.thread(target.ticket.number)
    public = {file.sha256 for entry in thread if entry.kind is not EntryKind.NOTE for file in entry.attachments}
    internal = {file.sha256 for entry in _notes(request, target.ticket) for file in entry.attachments}
    signed = request.signature_pictures
    files = (file for file in request.attachments if not (file.cid and file.cid in signed))
    return next((file.name for file in files if file.sha256 in internal - public), "")
