"""From, Reply-To, subject and Message-ID of a mail, the same for its text and its header.

Rendering and composing both ask here, so that a `mailto:` link and the header above it
never disagree. Nothing here is written into a mail by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailgate.notice import Notice
from mailgate.rules.notices.destination import Destination, destination
from mailgate.rules.people.actors import name_of
from mailgate.rules.text.subject import strip_subject, titled
from mailgate.rules.threading.keys import Keyring, key_text, plus, saying
from mailgate.settings import Config, DeskAddress
from mailgate.ticket import Address
from mailgate.writing.mail.headers import plain

SUBJECT_LIMIT = 500  # characters of a requester's subject that are passed on


def message_id(notice: Notice, config: Config, keyring: Keyring, now: datetime) -> str:
    """Return the mail's Message-ID: the same for the same cause, person and day. It says where an answer goes."""
    number = notice.ticket.number if notice.ticket else 0
    said = destination(notice, config)
    open_ = said in (Destination.UNSAID, Destination.REFUSED, Destination.UNSEEN)
    public = None if open_ else said is Destination.REQUESTER
    return keyring.notice_id(number, notice.to.email, notice.kind, notice.cause, now.date(), public=public)


def desk_address(notice: Notice, config: Config) -> DeskAddress:
    """Return the desk address that the mail is from.

    The department's own address, else the one that the ticket came to; the first of the
    file where that one is gone from the configuration. Its name is in the reader's language.
    """
    found = _address(notice, config)
    own = found.names.get(language(notice, config))
    return replace(found, name=own) if own else found


def _address(notice: Notice, config: Config) -> DeskAddress:
    if not notice.ticket:
        return config.addresses.get(notice.address, config.first_address)
    department = config.departments.get(notice.ticket.department)
    own = config.addresses.get(department.address) if department else None
    return own or config.addresses.get(notice.ticket.address, config.first_address)


def desk_name(notice: Notice, config: Config) -> str:
    """Return the name of the desk in the reader's language."""
    return config.desk.names.get(language(notice, config)) or config.desk.name


def language(notice: Notice, config: Config) -> str:
    """Return the language of a mail: the ticket's for requesters, an agent's own, else the desk's."""
    if notice.kind.to_requester:
        return (notice.ticket.language if notice.ticket else "") or config.desk.language
    agent = config.agents.get(notice.agent)
    return (agent.language if agent else "") or config.desk.language


def reply_to(address: DeskAddress, message_id: str, link: str = "", about: int = 0) -> str:
    """Return the address for an agent's answer: with the mail's key in it where plus addresses are on.

    `link`: "reply" or "note" for a link whose mail is one whatever the answered mail says; `about`: the ticket in
    whose row it stands.

    It is the plain address where they do not, or where the key would make it too long;
    the key then stands in a `Ref:` line.
    """
    key = key_text(message_id)
    return plus(address.email, saying(key, link, about) if link else key) if address.plus else address.email


def from_(notice: Notice, config: Config) -> Address:
    """Return the From mailbox: the desk's address under the name of the author.

    Requesters read an agent's name as the address's pattern allows; to agents it is
    "Karen Client via First Bank Support". Mail that carries nobody's words is the desk's.
    """
    address = desk_address(notice, config)
    if not notice.kind.to_requester:
        who = plain(name_of(notice.by), 60) if notice.by else ""
        who = "" if who == config.desk.name else who  # the clock's
        return Address(address.email, f"{who} via {address.name}" if who else address.name)
    agent = agent_name(notice, config)
    if not agent:
        return Address(address.email, address.name)
    return Address(address.email, address.from_.replace("{agent}", agent).replace("{address}", address.name))


def agent_name(notice: Notice, config: Config) -> str:
    """Return the name of the agent as the requester may read it; "" for machine mail and where it is masked."""
    address = desk_address(notice, config)
    if not notice.by_agent or "{agent}" not in address.from_:
        return ""
    agent = config.agents.get(notice.by_agent)
    return agent.name if agent else ""


def token(number: int, config: Config) -> str:
    """Return the subject token of a ticket, such as "[#1001]"."""
    return config.desk.token.replace("{number}", str(number))


def subject(notice: Notice, config: Config) -> str:
    """Return the subject of a mail about a ticket; the same whatever the kind, so that conversations hold."""
    assert notice.ticket is not None
    first = "" if notice.is_first else "Re: "
    return f"{first}{token(notice.ticket.number, config)} {title(notice, config)}"


def title(notice: Notice, config: Config) -> str:
    """Return the ticket's own subject; without a ticket that of the mail it is about, without "Re:" and tokens.

    One that has none is called so in the reader's language.
    """
    own = notice.ticket.subject if notice.ticket else strip_subject(plain(str(notice.subject)), config.desk)
    return titled(plain(own, SUBJECT_LIMIT), language(notice, config), config.desk.language)
