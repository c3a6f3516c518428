"""Agents' mail without authentication: held, with a request for confirmation to the agent's address.

Nothing of it is done until a person at that address answers with `#confirm CODE`, once, within three days.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailgate.desk.notify.admin import came_to
from mailgate.desk.outcome import Context, Hold, Outcome
from mailgate.desk.situation import Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, phrase
from mailgate.reasons import Reason
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.text.cleanup import seen
from mailgate.rules.threading.keys import key_text
from mailgate.rules.ticket import acts, lifecycle
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Address, Change, EventKind

MOST = 3  # mails that wait for one agent; the rest are summed up
SHOWN = 4000  # characters of the held mail that the confirm shows


def hold_unproven(situation: Situation, context: Context) -> Outcome:
    """Hold an agent's mail that is not authenticated, and ask the agent to confirm it."""
    config, received = context.config, situation.received
    agent = config.agents[situation.sender.agent]
    why = situation.sender.why
    if config.trust.otherwise == "refuse":
        return Outcome(state="quarantined", reason=Reason.TRUST_REFUSED, why=why)
    notice_id = context.keyring.notice_id(0, agent.email, NoticeKind.CONFIRM, received.source_key, context.now.date())
    code = key_text(notice_id).rpartition(".")[2][:12]
    waiting = situation.known.unproven
    outcome = Outcome(
        state="held",
        reason=Reason.UNPROVEN_AGENT,
        why=why,
        ticket=situation.match.number,
        changes=_event(situation, context),
        hold=Hold(agent.key, code),
    )
    if waiting > MOST:
        return outcome
    more = () if waiting < MOST else (phrase("confirm.more", count=MOST),)
    notice = Notice(
        kind=NoticeKind.CONFIRM,
        to=Address(agent.email, agent.name),
        agent=agent.key,
        cause=received.source_key,
        subject=received.mail.subject,
        address=came_to(situation, config),
        facts=(Phrase("confirm.unproven"), *_lost_key(situation), *_beside_text(situation, config), *more),
        text=received.body.visible[:SHOWN],
        text_subject=received.mail.subject,
        code=code if waiting < MOST else "",
    )
    return outcome.with_notices(notice)


def _lost_key(situation: Situation) -> tuple[Phrase, ...]:
    """Why the key of the notice that the mail answers did not count."""
    lost = situation.sender.lost_key
    return (Phrase(f"confirm.key_{lost}"),) if lost else ()


def _beside_text(situation: Situation, config: Config) -> Iterator[Phrase]:
    """What the mail would do beside its text: the ticket that it is about, its other recipients, its files."""
    mail = situation.received.mail
    if ticket := situation.ticket:
        yield phrase("confirm.about", number=ticket.number, subject=ticket.subject)
    if others := tuple(each.email for each in (*mail.to, *mail.cc) if not desk_address(each.email, config)):
        yield phrase("confirm.also_to", people=others)
    if names := tuple(seen(file.name) for file in mail.attachments):
        yield phrase("confirm.files", names=names)


def _event(situation: Situation, context: Context) -> tuple[Change, ...]:
    if situation.ticket is None:
        return ()
    stamp = acts.Stamp(CLOCK, context.now)
    after = {"agent": situation.sender.agent, "why": situation.sender.why}
    return (lifecycle.note_event(situation.ticket, EventKind.HELD, stamp, context.config, {**after}),)
