"""Did another help desk send the mail, and is it the acknowledgement that such desks send by themselves?

By the line above which an answer shall be written, by what the programs of help desks write into the header, and by
what an acknowledgement says. A desk's people write through the same program: its mail is a machine's only where it
acknowledges.
"""

from __future__ import annotations

import re
from itertools import takewhile

from mailgate.mail import Mail
from mailgate.reading.quotes import attribution, shape
from mailgate.rules.screening import phrases
from mailgate.rules.screening.incoming import Incoming

# Zendesk, Jira, Freshdesk, ServiceNow, Help Scout, OTRS and Znuny, Zammad, RT, osTicket, FreeScout, Kayako, Gorgias,
# GLPI, and this program.
FIELD = re.compile(
    r"x-(?:zendesk|jira-|freshdesk|fd-|servicenow|help-?scout|otrs-|znuny-|zammad-|rt-(?:ticket|loop|originator|interface)"
    r"|osticket|freescout|kayako|gorgias|glpi|mailgate-notice)|rt-(?:ticket|originator)$"
)
# Fields that others write as well, and what makes them a sign.
VALUES = {
    "x-mailer": r"zendesk|help ?scout|freshdesk|osticket|freescout|otobo|znuny|request tracker",
    "user-agent": r"zammad",
    "x-powered-by": r"otrs|znuny|otobo",
    "managed-by": r"rt\b|request tracker",
    "x-managed-by": r"rt\b|request tracker",
}
BEGINNING = 1000  # characters in which an acknowledgement says that it is one
_ACKNOWLEDGES = re.compile("|".join(phrases.ACKNOWLEDGED.values()))


def is_by_one(incoming: Incoming) -> bool:
    """Whether another help desk sent it; an answer that holds one of our notices on top is no notice itself."""
    mail = incoming.mail
    if any(FIELD.match(name) for name, _ in mail.headers):
        return True
    if any(name in VALUES and re.match(VALUES[name], value[:100].strip().lower()) for name, value in mail.headers):
        return True
    if any(incoming.is_ours(each) for each in (*mail.in_reply_to, *mail.references)):
        return False
    return bool(attribution.is_reply_marker(mail.text[:2000].lstrip().partition("\n")[0]))


def acknowledges(incoming: Incoming) -> bool:
    """Whether it answers us, and says above all that it quotes that a request was received."""
    if not (incoming.is_reply or incoming.names_ticket):
        return False
    said = " ".join(_own_lines(incoming.mail)).lower()
    return "?" not in said and bool(_ACKNOWLEDGES.search(" ".join(said.split())))


def _own_lines(mail: Mail) -> list[str]:
    """The first lines, without the one that a notice begins with, down to what looks quoted."""
    first, *more = mail.text[:BEGINNING].lstrip().split("\n")
    return list(takewhile(_is_own, more if attribution.is_reply_marker(first) else (first, *more)))


def _is_own(line: str) -> bool:
    quoted = line.startswith((">", "|")) or attribution.is_attribution(line) or attribution.is_original(line)
    return not (quoted or shape.is_rule(line) or attribution.is_reply_marker(line) or attribution.label(line) == "from")
