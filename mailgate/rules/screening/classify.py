"""What an incoming mail is: our own, a bounce, an auto-reply, bulk, or a human's.

The rules stand in order, and the first that finds signs decides; each is a file of its
own. A human taken for a machine is the worse error, so what no rule claims is human.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailgate.mail import Envelope, Mail
from mailgate.reasons import Reason, Screen
from mailgate.rules.screening import autoreply, bounce, bulk, loop
from mailgate.rules.screening.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Screened:
    """The verdict and every sign that the deciding rule found."""

    kind: Screen
    reasons: tuple[Reason, ...]


RULES: tuple[tuple[Screen, Callable[[Incoming], tuple[Reason, ...]]], ...] = (
    (Screen.LOOP, loop.signs),
    (Screen.BOUNCE, bounce.signs),
    (Screen.AUTO_REPLY, autoreply.signs),
    (Screen.BULK, bulk.signs),
)


def classify(
    mail: Mail,
    envelope: Envelope,
    is_ours: Callable[[str], bool],
    desk: frozenset[str],
    *,
    names_ticket: bool = False,
) -> Screened:
    """Screen a mail. `is_ours` is true for a Message-ID that this desk signed; `desk` are its normalised addresses.

    `names_ticket`: its subject holds the token of a ticket.
    """
    incoming = Incoming(mail, envelope, is_ours, desk, names_ticket)
    for kind, signs in RULES:
        found = signs(incoming)
        if found:
            return Screened(kind, found)
    return Screened(Screen.HUMAN, (Reason.NO_MACHINE_SIGN,))


def without_ticket(screened: Screened) -> Screened:
    """The verdict on a mail that belongs to no ticket.

    Another desk's acknowledgement is a notice of that desk then, and opens one: a colleague may have written there.
    """
    if screened.kind is Screen.AUTO_REPLY and {*screened.reasons} == {Reason.ACKNOWLEDGEMENT}:
        return Screened(Screen.BULK, screened.reasons)
    return screened
