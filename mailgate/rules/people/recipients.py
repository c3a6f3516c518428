"""Which recipients the desk takes mail for: its addresses and postmaster@, nothing else.

Pure. What becomes of the mail is not asked here.
"""

from __future__ import annotations

from mailgate.mail import normalise
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.settings import Config

POSTMASTER = "postmaster"


def is_desk(address: str, config: Config) -> bool:
    """True for a desk address (with `plus` also support+anything@) and for postmaster@ of a desk domain.

    Case does not matter; `postmaster` stands for itself without a domain (RFC 5321 4.5.1).
    """
    email = normalise(address)
    if email == POSTMASTER or desk_address(email, config):
        return True
    local, _, domain = email.rpartition("@")
    return local == POSTMASTER and any(own.rpartition("@")[2] == domain for own in config.addresses)
