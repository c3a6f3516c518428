"""A mail that an agent forwards: whose it was, what it says, and which ticket has it already.

Inline or as an attached message/rfc822. Everything in it is a claim of whoever forwards:
callers act on it only for an agent whose mail is proven.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailgate.desk.outcome import Context
from mailgate.desk.situation import Situation
from mailgate.mail import Body, Mail
from mailgate.reading.quotes.forwarded import text_of
from mailgate.reasons import Reason
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import sees
from mailgate.rules.threading.thread import Match
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.queues import outbox
from mailgate.store.tickets import tickets
from mailgate.ticket import Address, StoredAttachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A forwarded mail, ready to be a ticket's first message. `ids` are Message-IDs that stand for it."""

    sender: Address
    subject: str
    text: str
    mail: Mail  # as far as the rules may ask
    body: Body
    ids: tuple[str, ...] = ()
    attachments: tuple[StoredAttachment, ...] = ()
    inline: bool = True


def original_of(situation: Situation) -> Original | None:
    """The mail that this one forwards; None when it forwards none, or does not tell whose."""
    if situation.received.mail.bounce:  # what a report returns was sent by us, and by nobody on
        return None
    told = situation.received.body.original
    return inline(situation, told.sender, told.subject) if told else _attached(situation)


def inline(situation: Situation, sender: Address, subject: str) -> Original:
    """The mail that stands forwarded in the text, as one of `sender`."""
    mail, text = situation.received.mail, text_of(situation.received.body.forward)
    return Original(
        sender=sender,
        subject=subject,
        text=text,
        mail=Mail(from_=(sender,), to=mail.to, subject=subject, text=text, attachments=mail.attachments),
        body=Body(text, "", tuple(text.split("\n"))),
        ids=mail.in_reply_to,  # most programs name there what they forward
        attachments=situation.attachments,
    )


def _attached(situation: Situation) -> Original | None:
    enclosed = situation.enclosed
    if enclosed is None or "@" not in enclosed.mail.author.email:
        return None
    mail, body = enclosed.mail, enclosed.body
    return Original(
        sender=mail.author,
        subject=mail.subject,
        text=body.whole.strip() or mail.text.strip(),
        mail=mail,
        body=body,
        ids=(mail.message_id,) if mail.message_id else (),
        attachments=enclosed.attachments,
        inline=False,
    )


def for_somebody(situation: Situation, config: Config) -> bool:
    """Whether an agent forwards somebody else's mail: not their own, and none of the desk's."""
    original = original_of(situation)
    if original is None or desk_address(original.sender.email, config):
        return False
    agent = config.agents.get(situation.sender.agent)
    return agent is not None and original.sender.email not in agent.emails


def placed(db: Db, situation: Situation, context: Context) -> Situation:
    """The situation with the ticket that the attached mail belongs to: ours by its key, or known by its id.

    Only for a proven agent, and only where nothing else names a ticket.
    """
    if situation.enclosed is None or situation.match.number or situation.match.strangers_to:
        return situation
    agent = context.config.agents[situation.sender.agent]
    message_id = situation.enclosed.mail.message_id
    key = context.keyring.read(message_id) if message_id else None
    if key and not outbox.remembered(db, [key.text]):
        return situation
    known = [key.ticket] if key else tickets.by_message_id(db, [message_id] if message_id else []).get(message_id, ())
    for ticket in tickets.get_many(db, known).values():
        if sees(agent, ticket, context.config):
            found = replace(situation.found, tickets={**situation.found.tickets, ticket.number: ticket})
            match = Match(ticket.number, Reason.KNOWN_MESSAGE_ID, None, "agent")
            return replace(situation, found=found, match=match)
    return situation
