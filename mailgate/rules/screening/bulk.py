"""Was the mail made by a machine, or sent to many? It is a ticket like any other, unanswered.

X-Auto-Response-Suppress alone says nothing: some companies stamp it on all that their people send.
A help desk's notice is known by its header, or by its own first line, which outlives every header: two desks
that write to each other fall silent, whatever stands between them takes away.
"""

from __future__ import annotations

import re

from mailgate.reading.quotes import attribution
from mailgate.reasons import Reason
from mailgate.rules.screening import help_desk
from mailgate.rules.screening.incoming import Incoming

# RFC 2369 and RFC 2919; List-Unsubscribe alone stands in every newsletter.
LIST_FIELDS = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "list-owner", "mailing-list")
NO_REPLY = re.compile(r"^(?:(?:do[._-]?)?no[t]?[._-]?reply|mailer[._-]?daemon|bounces?)(?:$|[+._-])")

# RFC 7489 7.2.1.1 and RFC 8460 5.3: what servers report of a domain once a day, from whatever address.
AGGREGATE = re.compile(r"report domain: ?\S+\s+submitter: ?\S+\s+report-id:", re.IGNORECASE)


def signs(incoming: Incoming) -> tuple[Reason, ...]:
    """Return the reasons for which the mail is automatic or bulk."""
    found: list[Reason] = []
    ours = _is_desk_list(incoming)
    if incoming.token("auto-submitted") not in {"", "no", "auto-replied"}:  # RFC 3834 5
        found.append(Reason.AUTO_SUBMITTED_GENERATED)
    precedence = incoming.token("precedence")
    if precedence in {"bulk", "junk"} or (precedence == "list" and not ours):
        found.append(Reason.PRECEDENCE)
    if not ours and any(incoming.mail.header(name) for name in LIST_FIELDS):
        found.append(Reason.LIST_HEADER)
    if incoming.null_sender:
        found.append(Reason.NULL_SENDER)
    if NO_REPLY.match(incoming.mail.author.email.partition("@")[0]):
        found.append(Reason.ROBOT_SENDER)
    if AGGREGATE.match(incoming.mail.subject):
        found.append(Reason.AGGREGATE_REPORT)
    if help_desk.is_by_one(incoming):
        found.append(Reason.HELP_DESK)
    return tuple(found)


def below_marker(text: str) -> str:
    """The text without the line that a help desk's notice begins with."""
    first, _, rest = text.lstrip().partition("\n")
    return rest.lstrip("\n") if rest.strip() and attribution.is_reply_marker(first) else text


def _is_desk_list(incoming: Incoming) -> bool:
    """The desk's own address is a mailing list, as a group mailbox often is."""
    values = [value.lower() for name in LIST_FIELDS if (value := incoming.mail.header(name))]
    if not values:
        return False
    # RFC 2919 2: a list-id writes the address with a dot for the at sign.
    names = [form for address in incoming.desk for form in (address, address.replace("@", "."))]
    return any(_names(value, name) for value in values for name in names)


def _names(value: str, name: str) -> bool:
    at = value.find(name)
    while at >= 0:
        before, after = value[at - 1 : at], value[at + len(name) : at + len(name) + 1]
        if not _in_word(before) and not _in_word(after):
            return True
        at = value.find(name, at + 1)
    return False


def _in_word(character: str) -> bool:
    return character.isalnum() or (character != "" and character in "-_.+")
