"""What is wrong with a daemon now, as alarms: each with a name that stays, its words, and the mail about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.connect.access_tokens import SignIn
from mailgate.daemon.status import DaemonStatus, RelayStatus
from mailgate.settings import Config

EXPIRES_SOON = timedelta(days=14)
LASTED = timedelta(minutes=5)  # trouble of a network that is over sooner is only shown
REFUSAL_LASTED = timedelta(seconds=30)  # of a relay that refuses for good: it may be one mail that it dislikes
STORAGE_LASTED = timedelta(minutes=1)
REFUSED, UNAVAILABLE, EXPIRES = "refused", "unavailable", "expires"
_MAIL_WAITS = "Mail through this account waits; none of it is lost."
_WORKS = "Mail through this account is read and sent again."
_KEPT = "Outgoing mail is kept and tried again with growing pauses."


@dataclass(frozen=True, slots=True)
class Alarm:
    """A problem: "mailbox", "relay", "storage", "sign-in", "no-mail" or "worker", of which one, and in words."""

    kind: str
    name: str
    text: str
    about: str = ""  # tells apart what may be wrong with one relay or sign-in
    lasted: timedelta = timedelta()  # a problem that is over sooner is no alarm
    subject: str = ""  # of the mail to the administrator; "" for none
    over: str = ""  # of the mail at its end; "" for "Over: " and the subject
    facts: tuple[str, ...] = ()  # lines of the mail below the text
    over_facts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What makes two problems the same."""
        return ":".join((self.kind, self.name, *([self.about] if self.about else [])))


def problems(status: DaemonStatus, config: Config, silent_since: datetime | None, now: datetime) -> Iterator[Alarm]:
    """The problems there are now. One of a sign-in is one, not one more for each connection that needs it."""
    without_token = {state.account for state in status.sign_ins if not state.ok}
    for state in status.sign_ins:
        yield from _of_sign_in(state, now)
    for way in status.ways_in:
        name = way.name.removeprefix("imap ")
        if way.problem and name != way.name and name not in without_token:
            text, subject = f"the mailbox {name} cannot be read: {way.problem}", f"The mailbox {name} cannot be read"
            yield Alarm("mailbox", name, text, lasted=LASTED, subject=subject)
    accounts = {relay.name: relay.credentials.account for relay in config.relays}
    for relay in status.relays:
        yield from _of_relay(relay, one_of=len(config.relays), waits=accounts.get(relay.name) in without_token)
    for problem in status.storage:
        subject, over = "Storage trouble", "Storage trouble is over"
        yield Alarm("storage", problem.what, str(problem), lasted=STORAGE_LASTED, subject=subject, over=over)
    if status.worker:
        yield Alarm("worker", "", status.worker)
    if silent_since:
        text = f"no mail has come since {silent_since:%Y-%m-%d %H:%M} UTC, longer than usual"
        yield Alarm("no-mail", "", text, subject="No mail for longer than usual")


def _of_sign_in(state: SignIn, now: datetime) -> Iterator[Alarm]:
    name = state.account
    if not state.ok:
        about, lasted = (REFUSED, timedelta()) if state.lasting else (UNAVAILABLE, LASTED)
        works = f"The sign-in {name} works again"
        is_so = "is refused" if state.lasting else "gets no access token"
        text, subject = f"the sign-in {name} {is_so}: {state.error}", f"The sign-in {name} {is_so}"
        yield Alarm(
            "sign-in",
            name,
            text,
            about,
            lasted=lasted,
            subject=subject,
            over=works,
            facts=(_MAIL_WAITS,),
            over_facts=(_WORKS,),
        )
    if state.expires_at and state.expires_at - now <= EXPIRES_SOON:
        # mailed by `SignIns`, twice
        yield Alarm("sign-in", name, f"the sign-in {name} expires on {state.expires_at:%Y-%m-%d %H:%M} UTC", EXPIRES)


def _of_relay(relay: RelayStatus, *, one_of: int, waits: bool) -> Iterator[Alarm]:
    """`waits`: for a token, so that its own trouble is none."""
    relay_name = f" {relay.name}" if one_of > 1 else ""
    called = f"The relay{relay_name}"
    if relay.down and not waits:
        text, lasted = f"the relay{relay_name} is down: {relay.down}", REFUSAL_LASTED if relay.lasting else LASTED
        yield Alarm("relay", relay.name, text, lasted=lasted, subject=f"{called} accepts no mail", facts=(_KEPT,))
    for sender, answer in relay.refused_senders:
        refuses = f"does not accept {sender} as sender"
        text = f"the relay{relay_name} {refuses}: {answer}"
        yield Alarm("relay", relay.name, text, sender, subject=f"{called} {refuses}", facts=(_KEPT,))


def is_known(status: DaemonStatus, kind: str, name: str, about: str) -> bool:
    """Whether this daemon has seen for itself how it stands: after a start nothing is wrong before it was tried."""
    match kind:
        case "mailbox":
            return all(way.connected for way in status.ways_in if way.name == f"imap {name}")
        case "sign-in":
            return about == EXPIRES or all(state.tried for state in status.sign_ins if state.account == name)
        case "relay":
            own = [relay for relay in status.relays if relay.name == name]
            return all(about in relay.accepted_senders if about else relay.tried for relay in own)
    return True
