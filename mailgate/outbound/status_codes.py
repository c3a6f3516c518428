"""Why a mail was not delivered, in words that an agent understands; and what makes an address dead.

Reads enhanced status codes (RFC 3463) and, where a server gives none, its own words. It
does not know which mail it was.
"""

from __future__ import annotations

import re

from mailgate.phrase import Phrase, Sentence, phrase

# RFC 3463 3.2, 3.3 and RFC 7505 4.2: the codes that say an address is no mailbox any more.
DEAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})

_NO_MAILBOX = "no such mailbox"
_FULL = "the mailbox is full"
_TOO_LARGE = "the mail is too large for them"
_REFUSED = "their mail server rejects it as spam"
_NO_DOMAIN = "no such domain"
_UNREACHABLE = "their mail server could not be reached"
# By subject and detail, or by subject alone.
_BY_CODE = {
    "1.1": _NO_MAILBOX,
    "1.2": _NO_DOMAIN,
    "1.3": "the address is not written as an address",
    "1.6": "the mailbox has moved and left no new address",
    "1.10": "the domain takes no mail",
    "1.": "the address is invalid",
    "2.1": "the mailbox is switched off",
    "2.2": _FULL,
    "2.3": _TOO_LARGE,
    "2.": "the mailbox does not take it",
    "3.4": _TOO_LARGE,
    "3.": "their mail server has trouble",
    "4.6": "mail to that address loops",
    "4.": _UNREACHABLE,
    "5.": "their mail server rejected the SMTP dialogue",
    "6.7": "a server on the route does not support such addresses",
    "6.": "their mail server rejects the format of the message",
    "7.": _REFUSED,
}
_CODE = re.compile(r"\b[245]\.(\d{1,3})\.(\d{1,3})\b")
_WORDS = (
    (
        re.compile(
            r"(?:unknown|no such|invalid|inactive|non-?exist\w*) (?:local )?(?:user|mailbox|recipient|address|account)"
            r"|(?:user|mailbox|recipient|address|account)\W.{0,60}?(?:unknown|not found|not exist|doesn't exist)"
            r"|unbekannt|inconnu|desconocid|sconosciut|onbekend",
            re.IGNORECASE,
        ),
        _NO_MAILBOX,
    ),
    (re.compile(r"quota|mailbox (?:is )?full|over ?limit|voll\b|plein|llen[oa]|pien[oa]\b", re.IGNORECASE), _FULL),
    (re.compile(r"too (?:big|large)|size limit|exceeds .{0,30}size", re.IGNORECASE), _TOO_LARGE),
    (re.compile(r"spam|blocked|blacklist|policy|reputation|dmarc|\bspf\b", re.IGNORECASE), _REFUSED),
    (re.compile(r"(?:host|domain) (?:\S+ )?(?:unknown|not found)|nxdomain|unknown host", re.IGNORECASE), _NO_DOMAIN),
    (
        re.compile(r"timed? ?out|connection refused|unreachable|no route|temporar|try again", re.IGNORECASE),
        _UNREACHABLE,
    ),
)
MAX_SAID = 300  # characters
_STAGE = re.compile(r" \(at [a-z_-]+\)$")  # which step of SMTP it was says nothing to an agent
_NO_REASON = "no reason was given"
_SAYS = "their mail server says: "
# The clauses by their names in [undelivered] of words.toml.
_NAMES = {
    _NO_MAILBOX: "no_mailbox",
    _FULL: "full",
    _TOO_LARGE: "too_large",
    _REFUSED: "unwanted",
    _NO_DOMAIN: "no_domain",
    _UNREACHABLE: "unreachable",
    _BY_CODE["1.3"]: "malformed",
    _BY_CODE["1.6"]: "moved",
    _BY_CODE["1.10"]: "no_mail",
    _BY_CODE["1."]: "bad_address",
    _BY_CODE["2.1"]: "disabled",
    _BY_CODE["2."]: "mailbox",
    _BY_CODE["3."]: "trouble",
    _BY_CODE["4.6"]: "loop",
    _BY_CODE["5."]: "protocol",
    _BY_CODE["6.7"]: "utf8",
    _BY_CODE["6."]: "form",
    _NO_REASON: "no_reason",
}


def plainly(status: str, said: str) -> str:
    """One clause: the reason, and what the server said in its own words."""
    quoted = _STAGE.sub("", " ".join(said.split()))[:MAX_SAID]
    details = " ".join(part for part in (status if status not in quoted else "", quoted) if part)
    why = _by_code(status or quoted) or next((words for sign, words in _WORDS if sign.search(quoted)), "")
    if not why:
        return f"{_SAYS}{details}" if details else _NO_REASON
    return f"{why} ({details})" if details else why


def why_phrase(why: str) -> Sentence:
    """What `plainly` wrote, as a phrase; any other text as it is."""
    if why.startswith(_SAYS):
        return phrase("undelivered.server_says", details=why.removeprefix(_SAYS))
    clause, bracket, details = why.partition(" (")
    name = _NAMES.get(clause)
    if name is None:
        return why
    found = Phrase(f"undelivered.{name}")
    return phrase("undelivered.details", why=found, details=details.removesuffix(")")) if bracket else found


def _by_code(text: str) -> str:
    found = _CODE.search(text)
    if found is None or found[1] == "0":
        return ""
    return _BY_CODE.get(f"{found[1]}.{found[2]}") or _BY_CODE.get(f"{found[1]}.", "")
