"""The leak guard's last word on a text that leaves the desk: what is internal to the ticket, and what is known outside.

Reads threads and events; what a leak is, is `rules/leak.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from mailgate.config.model import Config
from mailgate.desk import others, similar
from mailgate.desk.attached import raw_of, words_of
from mailgate.desk.letter import Letter
from mailgate.desk.outcome import Context
from mailgate.desk.structure import Ground, texts_beside
from mailgate.inbound.excerpt import attribute_values
from mailgate.model import EntryKind, EventKind
from mailgate.rules.cleaning import seen
from mailgate.rules.facts import agent_fact
from mailgate.rules.leak import leak
from mailgate.rules.presence import whose
from mailgate.store import tickets
from mailgate.store.db import Db

_WRAPPING = re.compile(r"[\s>|]+")  # what a mail program may have put into a long word


def refusal(db: Db, letter: Letter, text: str, html: str, ground: Ground, context: Context, *, public: bool) -> str:
    """The refusal when a text that leaves the desk would give internal text away; of a question to outsiders, a key."""
    attached = letter.situation.received.mail.attachments if letter.situation else ()
    # The page has the words of the text; beyond them, where its links lead.
    linked = (part for value in attribute_values(html) for part in (value, unquote(value)))
    text = "\n".join((text, *words_of(attached), *linked))
    unwrapped = _WRAPPING.sub("", seen(text))
    keys = [key.text for each in (text, unwrapped, *raw_of(attached)) for key in context.keyring.find(each)]
    if not public:
        return f"your question holds a key of the desk (“{keys[0]}”); take it out" if keys else ""
    found = _internal(db, text, ground, keys, context.config)
    if not found:
        return ""
    return f"your reply would show the requester internal text (“{found}”); take it out, or write #note on top"


def _internal(db: Db, text: str, ground: Ground, keys: Sequence[str], config: Config) -> str:
    """What of the desk's internal text, or of its keys, a public text holds."""
    ticket = ground.ticket
    assert ticket is not None
    thread, events = tickets.thread(db, ticket.number), tickets.events(db, ticket.number)
    beside = texts_beside(db, ticket, thread, ground, config)
    return leak(
        text,
        internal=(
            *beside.internal,
            *(entry.text for entry in thread if entry.kind is EntryKind.NOTE),
            *(event.reason for event in events),
            *(agent_fact(event, ticket, config) for event in events),
            *similar.ends(db, ticket.number, config),
            *(whose(agent.name) for agent in config.agents.values()),
        ),
        # What a reply quoted is no public text: it may be an alert.
        public=(
            config.desk.name,
            *(address.name for address in config.addresses.values()),
            ticket.subject,
            *(str(event.before) for event in events if event.kind is EventKind.SUBJECT_CHANGED),
            *(entry.text for entry in thread if entry.kind is EntryKind.REPLY),
            *(f"{entry.text}\n{entry.cut}" for entry in beside.messages),
            *beside.public,
        ),
        titles=(*similar.titles(db, ticket.number), *others.internal(db, ticket, config)),
        hidden_names=[department.name for department in config.departments.values() if not department.public],
        keys=keys,
    )
