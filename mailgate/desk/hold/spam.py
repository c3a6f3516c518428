"""Mail that a mail server marked as spam: held unanswered, dropped, or let in with a tag (`[spam] action`).

Only mail that would open a ticket is concerned: who answers a mail of ours is known, and is never
held. Held mail is listed once a day (`worker/daily/spam_digest.py`), and gone after 30 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailgate.desk.notify.admin import came_to
from mailgate.desk.outcome import Context, Hold, Outcome
from mailgate.desk.situation import Matter, Situation, SpamRelease
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.reasons import Reason
from mailgate.rules.notices.audience import Person, agents, person_at
from mailgate.rules.threading.keys import key_text
from mailgate.rules.ticket import acts, lifecycle
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Change, Event, EventKind

TAG = "spam"
_CONCERNED = (Matter.OPENING, Matter.AUTO_REPLY, Matter.POSTMASTER)


def readers(config: Config) -> tuple[Person, ...]:
    """Who gets the daily list, each once."""
    found = {who.address.email: who for name in config.spam.to for who in _who(name, config)}
    return tuple(found.values())


def _who(name: str, config: Config) -> Iterator[Person]:
    if name == "admin":
        yield from [person_at(config.desk.admin, config)] if config.desk.admin else []
    elif name.startswith("agent:"):
        yield from agents([name.removeprefix("agent:")], config)
    else:
        yield person_at(name, config)


def reads_list(email: str, config: Config) -> bool:
    """Whether somebody who is no agent gets the list: what they answer with a code from it is done."""
    return any(who.address.email == email for who in readers(config) if not who.agent)


def nothing_waits(situation: Situation, config: Config) -> Notice:
    """The answer to such a reader whose code releases nothing: a second tap is told that the first was enough."""
    received = situation.received
    return Notice(
        kind=NoticeKind.ANSWER,
        to=received.mail.author,
        cause=received.source_key,
        facts=(Phrase("done.code_over"),),
        in_reply_to=received.mail.message_id,
        references=received.mail.references[-3:],
        subject=received.mail.subject,
        address=came_to(situation, config),
    )


def set_aside(situation: Situation, context: Context) -> Outcome | None:
    """The outcome of a mail that is marked as spam, where it is held or dropped; None for all other mail."""
    if not situation.spam or situation.matter not in _CONCERNED or (situation.ticket and situation.match.role):
        return None
    if context.config.spam.action == "drop":
        return Outcome(state="dropped", reason=Reason.SPAM, why=situation.spam)
    if context.config.spam.action == "hold":
        hold = Hold("", _code(situation, context), Reason.SPAM)
        return Outcome(state="held", reason=Reason.SPAM, why=situation.spam, hold=hold)
    return None


def _code(situation: Situation, context: Context) -> str:
    """The code that releases it, the same each time the work is done."""
    cause = f"{situation.received.source_key}:spam"
    day = situation.received.arrived_at.date()
    return key_text(context.keyring.notice_id(0, "", NoticeKind.ADMIN, cause, day)).rpartition(".")[2][:12]


def noted(change: Change, situation: Situation, config: Config) -> Change:
    """The opened ticket with the tag of mail that is let in, or the events of mail that was released."""
    stamp = acts.Stamp(CLOCK, change.after.updated_at)
    if situation.spam:
        return lifecycle.also(change, [acts.tag((TAG,), stamp)], stamp, config)
    if situation.released:
        return replace(change, events=(*change.events, *_events(situation.released, change)))
    return change


def _events(released: SpamRelease, change: Change) -> tuple[Event, ...]:
    return (
        Event(kind=EventKind.SPAM_HELD, by=CLOCK, at=released.held_at),
        Event(kind=EventKind.SPAM_RELEASED, by=released.by, at=change.after.updated_at),
    )
