"""What an agent's `#confirm CODE` is told: why nothing is carried out, or what of its mail was left out.

A code stands alone: the mail that waits has its own commands and text, and who reads two
mails as one carries out what nobody meant.
"""

from __future__ import annotations

from mailgate.desk.outcome import Outcome
from mailgate.desk.request.request import Letter
from mailgate.notice import Notice, NoticeKind
from mailgate.rules.text.signature import only_signature
from mailgate.rules.threading.trust import Sender
from mailgate.settings import Config
from mailgate.ticket import Ticket

_NOTHING_WAITS = "no mail of yours waits for this code: it was carried out already, or forgotten"
_ANOTHERS = "the mail that waits for this code came from an address that is no longer yours; send it again"


def nothing_waits(letter: Letter, ticket: Ticket | None) -> Outcome:
    """The mail that the code was for was sent already, or forgotten."""
    return letter.refused(ticket, _NOTHING_WAITS, *_beside(letter))


def refused(letter: Letter, ticket: Ticket | None, held: Sender) -> Outcome | None:
    """Why the mail that waits is not carried out, None when it is. `held`: who that mail is from."""
    problems = _beside(letter)
    if letter.agent and held.agent != letter.agent.key:
        problems = (_ANOTHERS, *problems)
    return letter.refused(ticket, *problems) if problems else None


def _beside(letter: Letter) -> tuple[str, ...]:
    others = (command.line for command in letter.commands.commands if command.verb != "confirm")
    return (
        *letter.commands.problems,
        *(f"{line}: a code stands alone; send this in a mail of its own" for line in others),
    )


def left_out(letter: Letter, ticket: Ticket | None, config: Config) -> tuple[Notice, ...]:
    """The word to an agent who wrote below the code: nobody reads that."""
    signature = letter.signature(config)
    if only_signature(letter.commands.rest, [signature] if signature else []):
        return ()
    fact = "The mail that waited for this code was taken up. Your text below the code was left out."
    return letter.answer(NoticeKind.ANSWER, ticket, (fact,))
