"""What the relay's answer means for a mail: sent, try again, give up, or the relay itself is ill.

Pure policy: no sockets, no clock, no dice; attempts, age and jitter are arguments, and
nothing here stores or sends.

- 2xx at the end of DATA: sent.
- 5xx before a recipient is named (connect, TLS, EHLO, login, MAIL): the relay is ill. So is
  it when it cannot be reached, or refuses three recipients, or three different mails after
  DATA, in a row in the same words. Nothing is given up then, however long it lasts.
- The sender may not send as this address, by the relay's words: all mail of that address is
  kept and tried again, and the other addresses go on.
- Too many connections, by the relay's words: this connection pauses; nothing is wrong.
- 5xx at RCPT: this recipient. 5xx at DATA or after it: this message. While the relay has not
  shown lately that it takes anything, either is tried three times; so is a mailbox that is full,
  after DATA, where it is not said whose.
- Anything else, 4xx and broken connections above all: again later, for five days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from mailgate.outbound.meanings import SAYS, Meaning, meaning
from mailgate.outbound.status_codes import DEAD_ADDRESS

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP = timedelta(days=5)  # RFC 5321 4.5.4.1: at least 4-5 days
RELAY_FIRST_PAUSE = timedelta(seconds=5)
RELAY_LONGEST_PAUSE = timedelta(minutes=5)
IN_A_ROW = 3
UNPROVEN_TRIES = 3  # of what a relay refuses that has not taken anything lately
LONGEST_LINE = 1000  # characters of an answer that are kept
JITTER = 0.2  # share of a pause by which it is shorter or longer

TOKEN_REFUSED = frozenset({454, 530, 534, 535, 538})  # RFC 4954 6; 454: "temporary", as Exchange says of an ended one
_LOGIN_WANTED = frozenset({530, 534, 535, 538})  # RFC 4954 6
# Said at MAIL about what was announced there: too big (RFC 1870 6.1), needs SMTPUTF8 (RFC 6531 3.5).
_ABOUT_THE_MESSAGE = frozenset({"5.2.3", "5.3.4", "5.6.3", "5.6.7"})
_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?=\s|$)")  # RFC 2034 4


class Stage(StrEnum):
    """How far the dialogue with the relay had come when it answered."""

    CONNECT = "connect"
    TLS = "tls"
    EHLO = "ehlo"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the command; its 354 is no reply worth judging
    DATA_END = "data-end"
    FILE = "file"  # no answer of the relay: an attachment of the mail cannot be read

    @property
    def about_relay(self) -> bool:
        """True for what comes before any mail is spoken of."""
        return self in (Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.LOGIN)


@dataclass(frozen=True, slots=True)
class Reply:
    """The relay's answer: SMTP code and text, or code 0 when there was none (lost, timed out).

    `ours`: we say it in the relay's place, with the code that it would use; the code is judged, and not shown.
    """

    stage: Stage
    code: int
    text: str = ""
    ours: bool = False

    @property
    def enhanced(self) -> str:
        """Enhanced status code (RFC 3463) that opens the text, "" without a fitting one."""
        found = _ENHANCED.match(self.text.strip())
        # RFC 2034 4: the class must agree with the code's first digit.
        return found.group() if found and found[1] == str(self.code)[:1] else ""

    @property
    def permanent(self) -> bool:
        """True for 5xx."""
        return 500 <= self.code <= 599

    @property
    def dead_address(self) -> bool:
        """True when the relay says that the address itself is no good."""
        return self.stage is Stage.RCPT and self.permanent and self.enhanced in DEAD_ADDRESS

    @property
    def line(self) -> str:
        """Code and text in one line: the enhanced code once, though each line repeats it (RFC 2034 4)."""
        first, *others = self.text.splitlines() or [""]
        words = " ".join(" ".join((first, *(each.removeprefix(self.enhanced) for each in others))).split())
        words = words if len(words) <= LONGEST_LINE else f"{words[:LONGEST_LINE]} …"
        return f"{self.code} {words}".strip() if self.code and not self.ours else words or "no answer"

    def __str__(self) -> str:
        return f"{self.line} (at {self.stage})"

    @property
    def explained(self) -> str:
        """What it means for all mail of the relay, where its words tell, and the answer."""
        says = SAYS.get(meaning(self.code, self.text)) if not self.ours else None
        return f"{says}: {self}" if says else str(self)


class Fault(StrEnum):
    """What a mail failed by."""

    RECIPIENT = "recipient"
    MESSAGE = "message"  # an alert is tried once more, bare
    EXPIRED = "expired"  # five days of temporary trouble


@dataclass(frozen=True, slots=True)
class Sent:
    """The relay has it."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Keep the mail and try again `after` from now."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Failed:
    """Give up: by what, and whether the address is dead."""

    fault: Fault
    dead_address: bool = False


@dataclass(frozen=True, slots=True)
class SenderRefused:
    """Keep the mail and try again `after` from now, however old it is: the sender may not send as this address."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Throttled:
    """Keep the mail, close the connection and leave it closed for a while."""


@dataclass(frozen=True, slots=True)
class RelayIll:
    """Keep this and every other mail and pause the relay (`relay_pause`).

    `lasting`: it will refuse until somebody changes something.
    """

    lasting: bool


Verdict = Sent | RetryAt | Failed | SenderRefused | Throttled | RelayIll


@dataclass(frozen=True, slots=True)
class Streak:
    """Refused in a row with one and the same answer: different recipients at RCPT, or different mails after DATA."""

    answer: tuple[str, int, str] = ("", 0, "")  # of what, code, enhanced code or first words
    refused: tuple[str, ...] = ()  # recipients, or mails

    def then(self, recipient: str, reply: Reply, mail: str = "") -> Streak:
        """The streak after one more reply to `mail` (the same for all copies of one message).

        An accepted mail or other words end it. An answer that names a dead address is about
        that address, so it belongs to no streak: three customers who left their jobs do not
        stop the desk.
        """
        if reply.stage.about_relay or reply.stage in (Stage.MAIL, Stage.FILE):
            return self
        if not reply.permanent or reply.dead_address:
            return Streak()
        if _about_message(reply):
            return self  # a relay without SMTPUTF8, or with a size limit, takes all other mail
        at_rcpt = reply.stage is Stage.RCPT
        words = reply.enhanced or " ".join(reply.text.lower().split()[:3])
        answer, one = ("rcpt" if at_rcpt else "data", reply.code, words), recipient if at_rcpt else mail
        before = self.refused if self.answer == answer else ()
        return Streak(answer, before if one in before else (*before, one))

    @property
    def of_one_domain(self) -> bool:
        """Whether all refused recipients have the same domain."""
        return len({each.rpartition("@")[2] for each in self.refused}) == 1

    @property
    def means_ill(self) -> bool:
        """True once it is the relay that refuses, not its recipients and no single mail."""
        return len(self.refused) >= IN_A_ROW


def judge(
    reply: Reply,
    attempts: int,
    age: timedelta,
    jitter: float,
    streak: Streak = Streak(),
    *,
    proven: bool = True,
) -> Verdict:
    """What to do with a mail after `reply`.

    `attempts` counts this try (1 is the first), `age` is the time since the mail was
    queued, `jitter` a number from 0 to 1, `streak` what `Streak.then` made of this reply,
    `proven` whether the relay accepted another mail lately.
    When the verdict is `RelayIll` because of the streak, the others in it were refused by an
    ill relay too: the caller queues them again.
    """
    if reply.stage is Stage.DATA_END and 200 <= reply.code <= 299:
        return Sent()
    match meaning(reply.code, reply.text):
        case Meaning.THROTTLED if reply.stage.about_relay or reply.stage is Stage.MAIL:
            return Throttled()
        case Meaning.SENDER if not reply.stage.about_relay:
            return SenderRefused(_growing(attempts, jitter, FIRST_PAUSE, LONGEST_PAUSE))
        case Meaning.LOGIN | Meaning.QUOTA:
            return RelayIll(lasting=True)
        case Meaning.OWN_MAILBOX if reply.stage in (Stage.DATA, Stage.DATA_END):
            return RelayIll(lasting=True)
    if _relay_is_ill(reply, streak, proven=proven):
        return RelayIll(lasting=reply.permanent)
    if reply.permanent:
        doubtful = not (proven or reply.dead_address or _about_message(reply)) or _leaves_open_whose(reply)
        if doubtful and attempts < UNPROVEN_TRIES:
            return RetryAt(after(attempts, age, jitter))
        return Failed(Fault.RECIPIENT if reply.stage is Stage.RCPT else Fault.MESSAGE, reply.dead_address)
    if age >= GIVE_UP:
        return Failed(Fault.EXPIRED)
    return RetryAt(after(attempts, age, jitter))


def _relay_is_ill(reply: Reply, streak: Streak, *, proven: bool) -> bool:
    """Whether it is the relay that refuses.

    Recipients of one domain do not show it of a relay that accepts mail: who writes to the desk chooses where its
    answers go.
    """
    if reply.stage.about_relay or (reply.code in _LOGIN_WANTED and reply.stage in (Stage.MAIL, Stage.RCPT)):
        return True
    if reply.stage is Stage.MAIL:
        return reply.permanent and not _about_message(reply)
    chosen = proven and reply.stage is Stage.RCPT and streak.of_one_domain
    return reply.permanent and not _about_message(reply) and streak.means_ill and not chosen


def _about_message(reply: Reply) -> bool:
    """Whether a refusal speaks of the size or form of this one message."""
    return reply.enhanced in _ABOUT_THE_MESSAGE or (reply.code == 552 and not reply.enhanced)


def _leaves_open_whose(reply: Reply) -> bool:
    """Whether a refusal after DATA says that a mailbox is full: the recipient's (RFC 3463 3.3), or the sender's."""
    return reply.enhanced == "5.2.2" and reply.stage in (Stage.DATA, Stage.DATA_END)


def after(attempts: int, age: timedelta, jitter: float) -> timedelta:
    """Pause before the next try of a mail: a minute, doubling to an hour, a fifth more or less.

    Never beyond the end of the five days, so that the last try falls there.
    """
    pause = _growing(attempts, jitter, FIRST_PAUSE, LONGEST_PAUSE)
    return max(min(pause, GIVE_UP - age), FIRST_PAUSE * (1 - JITTER))


def relay_pause(failures: int, jitter: float) -> timedelta:
    """Pause of the whole relay after `failures` in a row (1 is the first): 5 s, doubling to 5 min."""
    return _growing(failures, jitter, RELAY_FIRST_PAUSE, RELAY_LONGEST_PAUSE)


def _growing(count: int, jitter: float, first: timedelta, longest: timedelta) -> timedelta:
    doublings = min(max(count - 1, 0), 16)  # bounded: 2**attempts would leave timedelta's range
    return min(first * (1 << doublings), longest) * (1 - JITTER + 2 * JITTER * jitter)
