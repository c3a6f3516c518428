"""What a relay's words mean beyond their code: sign in, not as this sender, wait, our own mailbox or quota is full.

Pure. Providers refuse for such reasons with codes that elsewhere condemn a recipient or a message;
the words are theirs, each with its source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Meaning(StrEnum):
    """Why a relay refuses, where its words tell."""

    LOGIN = "login"  # it wants a sign-in
    SENDER = "sender"  # it may not send as this address: other addresses may
    THROTTLED = "throttled"  # too many connections or mails: wait, nothing is wrong
    OWN_MAILBOX = "own-mailbox"  # the account that sends is full
    QUOTA = "quota"  # the account has sent all that it may for now


# For `status` and alarms, of what stops all mail of an account.
SAYS: Mapping[Meaning | None, str] = MappingProxyType(
    {
        Meaning.LOGIN: "it wants a sign-in",
        Meaning.OWN_MAILBOX: "the mailbox of the account that sends is full",
        Meaning.QUOTA: "the account may send no more mail for now",
    }
)


# https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online
# (5.7.60, 5.2.252 SendAsDenied); https://www.postfix.org/postconf.5.html#reject_sender_login_mismatch;
# https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html; Fastmail, Exim and others by their words
_SENDER = re.compile(
    r"\b5\.7\.60\b|\b5\.2\.252\b|SendAsDenied|permissions? to send as|not owned by user"
    r"|not (?:allowed|authori[sz]ed|permitted) to send (?:from|as|using)"
    r" (?:this|that|the)?\s*(?:header )?(?:address|sender)"
    r"|email address is not verified",
    re.IGNORECASE,
)
# https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements (432 4.3.2);
# https://support.google.com/a/answer/3726730 (421 4.7.0, 4.7.28, 450 4.2.1)
_THROTTLED = re.compile(
    r"concurrent connections? limit|too many (?:concurrent |simultaneous )?(?:smtp )?(?:connections|sessions)"
    r"|connection rate limit|submission rate|message rate|rate limit|rate that|too much mail|throttl|\b4\.7\.28\b",
    re.IGNORECASE,
)
# https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/fix-error-code-550-5-2-2-in-exchange-online (2):
# a submission that fails because of the sender's own quota
_OWN_MAILBOX = re.compile(
    r"\b5\.2\.2\b.*(?:STOREDRV\.Submission|Submission\.Exception|your (?:mailbox|account))", re.IGNORECASE
)

# https://support.google.com/a/answer/3726730 (550 5.4.5); Exchange by its name of the exception
_QUOTA = re.compile(
    r"\b5\.4\.5\b.*sending (?:limit|quota)|SubmissionQuotaExceeded|(?:daily|hourly) (?:\w+ )?sending (?:limit|quota)",
    re.IGNORECASE,
)

# https://www.postfix.org/postconf.5.html#reject_unauthenticated_sender_login_mismatch; (5.7.57) the page of 5.7.60
_LOGIN = re.compile(r"\bnot logged in\b|\b5\.7\.57\b|authentication (?:is )?required", re.IGNORECASE)


def meaning(code: int, text: str) -> Meaning | None:
    """What the words of a refusal tell; None when they tell nothing of the kind."""
    line = " ".join(text.split())
    if 500 <= code <= 599:
        if _LOGIN.search(line):
            return Meaning.LOGIN
        if _SENDER.search(line):
            return Meaning.SENDER
        if _OWN_MAILBOX.search(line):
            return Meaning.OWN_MAILBOX
        if _QUOTA.search(line):
            return Meaning.QUOTA
    if 400 <= code <= 499 and (code == 432 or _THROTTLED.search(line)):
        return Meaning.THROTTLED
    return None


# https://www.postfix.org/SMTPD_ACCESS_README.html (relay access denied); Exim and Exchange by their words
_RELAYING = re.compile(r"relay(?:ing)? (?:access )?(?:denied|not permitted|prohibited)|unable to relay", re.IGNORECASE)


def about_sender(code: int, text: str) -> bool:
    """Whether a refusal of a recipient is about who sends: not as this address, or not without a login."""
    if not 500 <= code <= 599:
        return False
    return meaning(code, text) in (Meaning.SENDER, Meaning.LOGIN) or bool(_RELAYING.search(" ".join(text.split())))
