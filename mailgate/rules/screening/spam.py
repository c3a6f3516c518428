"""Whether a mail server marked a mail as spam. Pure.

Only the marks above the first Received field count: those are of the server that handed the mail
over, while anybody may have written the rest. Microsoft files its marks further below, and removes
those of others: in its mailboxes they count wherever they stand. A keyword of an IMAP mailbox was
set by the server or by somebody who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from mailgate.mail import Mail
from mailgate.settings import Mailbox

_FIRST = re.compile(r"[A-Za-z]+")
MICROSOFT = "microsoft"
_SPAM_CONFIDENCE = 5  # from this level on Microsoft files a mail as junk
_LONGEST_LEVEL = 3  # digits


def _yes(value: str) -> bool:
    """The first word: "Yes, score=7.2 required=5.0 tests=BAYES_99" is a yes, "No, tests=…yes…" is none."""
    first = _FIRST.match(value.strip())
    return first is not None and first[0].lower() in ("yes", "true")


def _rspamd_result(value: str) -> bool:
    """A result such as "default: True [15.10 / 15.00]"."""
    return _yes(value.partition(":")[2])


def _rspamd_action(value: str) -> bool:
    return value.strip().lower() in ("add header", "rewrite subject", "reject")


def _one(value: str) -> bool:
    return value.strip() == "1"


def _failed(value: str) -> bool:
    return value.strip().lower() == "fail"


# https://spamassassin.apache.org/full/4.0.x/doc/Mail_SpamAssassin_Conf.html (X-Spam-Flag, X-Spam-Status)
# https://docs.rspamd.com/modules/milter_headers (X-Spam, X-Spamd-Result, X-Rspamd-Action)
# https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html (X-SES-Spam-Verdict)
# https://support.google.com/a/answer/2685650 (X-Gm-Spam, X-Gm-Phishy)
# https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store (X-Mailgun-Sflag)
MARKS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "x-spam-flag": _yes,
        "x-spam-status": _yes,
        "x-spam": _yes,
        "x-spamd-result": _rspamd_result,
        "x-rspamd-action": _rspamd_action,
        "x-ses-spam-verdict": _failed,
        "x-gm-spam": _one,
        "x-gm-phishy": _one,
        "x-mailgun-sflag": _yes,
    }
)


def _filtered(value: str) -> bool:
    """The filtering verdict of Microsoft: SFV:SPM spam, SFV:SKS spam by a rule, SFV:SKB a sender that is blocked."""
    return not {"sfv:spm", "sfv:sks", "sfv:skb"}.isdisjoint(token.strip().lower() for token in value.split(";"))


def _confident(value: str) -> bool:
    text = value.strip()
    return text.isdecimal() and len(text) <= _LONGEST_LEVEL and int(text) >= _SPAM_CONFIDENCE


# https://learn.microsoft.com/defender-office-365/message-headers-eop-mdo
MARKS_OF_MICROSOFT: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {"x-forefront-antispam-report": _filtered, "x-ms-exchange-organization-scl": _confident}
)


def mark(mail: Mail, provider: str) -> str:
    """The field that marks the mail as spam, as "name: value"; "" for none. `provider`: of its mailbox."""
    on_top: list[tuple[str, str]] = []
    for name, value in mail.headers:
        if name == "received":
            break
        on_top.append((name, value))
    found = _first(on_top, MARKS)
    return found or (_first(mail.headers, MARKS_OF_MICROSOFT) if provider == MICROSOFT else "")


# https://www.iana.org/assignments/imap-jmap-keywords ($Junk, $NotJunk, $Phishing); the others are mail programs' own
_JUNK = frozenset({"$junk", "junk", "$phishing"})
_NOT_JUNK = frozenset({"$notjunk", "notjunk", "nonjunk"})


def keyword(flags: Iterable[str]) -> str:
    """The keyword by which a mailbox marks a mail as spam; "" for none, or where another one says the opposite."""
    known = {flag.lower(): flag for flag in flags}
    junk = sorted(_JUNK & known.keys())
    return f"keyword {known[junk[0]]}" if junk and _NOT_JUNK.isdisjoint(known) else ""


def _first(headers: Iterable[tuple[str, str]], marks: Mapping[str, Callable[[str], bool]]) -> str:
    marked = (f"{name}: {value.strip()}" for name, value in headers if name in marks and marks[name](value))
    return next(marked, "")[:_LONGEST]


_LONGEST = 200  # characters that are kept of a field


def provider_of(source_key: str, mailboxes: Iterable[Mailbox]) -> str:
    """The provider of the mailbox that a mail was fetched from; "" for mail that came otherwise."""
    return next((each.provider for each in mailboxes if source_key.startswith(f"imap:{each.place}:")), "")
