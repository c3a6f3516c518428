"""Which of the desk's addresses a mail was sent to.

Plus forms (`support+kKEY@…`) are folded back to their address. This module does not decide
whether a mail is taken at all: that is the listener's business.
"""

from __future__ import annotations

from mailgate.mail import Envelope, Mail, normalise
from mailgate.settings import Config


def desk_address(email: str, config: Config) -> str:
    """The desk address that `email` is, or is a plus form of; "" when it is neither."""
    email = normalise(email)
    if email in config.addresses:
        return email
    local, _, domain = email.rpartition("@")
    base, _, tag = local.partition("+")
    found = config.addresses.get(f"{base}@{domain}") if tag else None
    # VERP senders come back to us even where other plus forms do not.
    verp = any(relay.envelope == "verp" for relay in config.relays)
    return found.email if found and (found.plus or (verp and tag[0] == "b")) else ""


def is_note_address(email: str, config: Config) -> bool:
    """Whether an agent's mail to this address is a note: `support+note@…`, where plus addresses reach us."""
    local, _, domain = normalise(email).rpartition("@")
    base, _, tag = local.partition("+")
    found = config.addresses.get(f"{base}@{domain}")
    return tag == "note" and found is not None and found.plus


def desk_recipients(mail: Mail, envelope: Envelope, config: Config) -> tuple[str, ...]:
    """Desk addresses of the envelope, then of To, then of Cc, each once.

    A mail to none of them counts as sent to the first desk address.
    """
    written = (*envelope.recipients, *(address.email for address in (*mail.to, *mail.cc)))
    found = dict.fromkeys(address for email in written if (address := desk_address(email, config)))
    return tuple(found) or (config.first_address.email,)


def delivered_to(mail: Mail, envelope: Envelope, config: Config) -> tuple[str, ...]:
    """What a rule compares as `recipient`: `desk_recipients`, and the plus forms (`support+vip@…`) as they stand."""
    written = (*envelope.recipients, *(address.email for address in (*mail.to, *mail.cc)))
    as_written = (email for each in written if desk_address(email := normalise(each), config))
    return tuple(dict.fromkeys((*desk_recipients(mail, envelope, config), *as_written)))


def deciding_address(recipients: tuple[str, ...], config: Config) -> str:
    """The desk address that routes: the first with a topic, else the first.

    So a mail to two addresses goes the same way whichever copy of it comes first.
    """
    return next((email for email in recipients if config.addresses[email].routing.topic), recipients[0])


POSTMASTER = "postmaster"


def is_desk(address: str, config: Config) -> bool:
    """True for a desk address (with `plus` also support+anything@) and for postmaster@ of a desk domain.

    Case does not matter; `postmaster` stands for itself without a domain (RFC 5321 4.5.1).
    """
    return bool(desk_address(address, config)) or is_postmaster(address, config)


def is_postmaster(address: str, config: Config) -> bool:
    """True for postmaster@ of a desk domain that is no desk address itself: it is the administrator's."""
    email = normalise(address)
    local, _, domain = email.rpartition("@")
    known = local == POSTMASTER and any(own.rpartition("@")[2] == domain for own in config.addresses)
    return (known or email == POSTMASTER) and not desk_address(email, config)


def only_postmaster(envelope: Envelope, config: Config) -> bool:
    """Whether a mail was sent to postmaster@ and to no address of the desk."""
    recipients = envelope.recipients
    return bool(recipients) and all(is_postmaster(email, config) for email in recipients)
