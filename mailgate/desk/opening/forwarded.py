"""Mail that an agent forwards, inline or as an attached message/rfc822: its author, text and ticket.

Everything in it is a claim of whoever forwards it: callers use it only for authenticated mail of agents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mailgate.desk.situation import Situation
from mailgate.mail import Body, Mail
from mailgate.reading.quotes.forwarded import text_of
from mailgate.reasons import Reason
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import sees
from mailgate.rules.threading.thread import Match
from mailgate.settings import Config
from mailgate.ticket import Address, StoredAttachment, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A forwarded mail as the first message of a ticket. `ids`: Message-IDs by which its answers are found."""

    sender: Address
    subject: str
    text: str
    mail: Mail  # as far as rules use it
    body: Body
    ids: tuple[str, ...] = ()
    attachments: tuple[StoredAttachment, ...] = ()
    inline: bool = True


def original_of(situation: Situation) -> Original | None:
    """The mail that this one forwards; None if it forwards none, or the author is not named."""
    if situation.received.mail.bounce:  # it returns a mail of this desk
        return None
    header = situation.received.body.original
    return inline(situation, header.sender, header.subject) if header else _attached(situation)


def inline(situation: Situation, sender: Address, subject: str) -> Original:
    """The mail that is forwarded inline, as one of `sender`."""
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


def forwards_others_mail(situation: Situation, config: Config) -> bool:
    """Whether an agent forwards somebody else's mail, not their own and none of the desk."""
    original = original_of(situation)
    if original is None or desk_address(original.sender.email, config):
        return False
    agent = config.agents.get(situation.sender.agent)
    return agent is not None and original.sender.email not in agent.emails


def with_ticket(situation: Situation, found: Iterable[Ticket], config: Config) -> Situation:
    """The situation with the first of the tickets that the agent sees as the mail's ticket."""
    agent = config.agents[situation.sender.agent]
    ticket = next((each for each in found if sees(agent, each, config)), None)
    if ticket is None:
        return situation
    tickets = replace(situation.found, tickets={**situation.found.tickets, ticket.number: ticket})
    return replace(situation, found=tickets, match=Match(ticket.number, Reason.KNOWN_MESSAGE_ID, None, "agent"))
