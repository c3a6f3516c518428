"""Quiet hours: the alerts that wait for their end. Pure.

Urgent alerts are sent at once, and so are answers, confirmations and reminders. Waiting
notices are in the outbox, in order.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.notice import Notice, NoticeKind
from mailgate.rules.notices.to_agents import is_urgent
from mailgate.rules.sla.wall_clock import quiet_until
from mailgate.settings import Agent, Config

# Alerts about what others did.
WAITING = frozenset(
    {
        NoticeKind.NEW_TICKET,
        NoticeKind.NEW_MESSAGE,
        NoticeKind.COLLEAGUE_REPLY,
        NoticeKind.NOTE,
        NoticeKind.ASSIGNED,
        NoticeKind.TAKEN,
        NoticeKind.TRANSFERRED,
        NoticeKind.STATUS,
        NoticeKind.OVERDUE,
        NoticeKind.ESCALATED,
        NoticeKind.DELIVERY_FAILED,
    }
)


# What one mail at their end stands for (`together.py`). That a mail did not arrive is a mail of its own.
GATHERED = WAITING - {NoticeKind.DELIVERY_FAILED}
SPARE = timedelta(seconds=30)  # after their end, in which that mail is made; then each alert goes out by itself


def end_of_quiet(agent: Agent, kind: NoticeKind, written: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours in which an alert to be gathered was written (UTC); None outside of them."""
    return quiet_until(agent.quiet, written, zone) if agent.quiet and kind in GATHERED else None


def not_before(notice: Notice, config: Config, now: datetime) -> datetime | None:
    """When the notice may go out (UTC); None for at once."""
    agent = config.agents.get(notice.agent)
    if agent is None or agent.quiet is None or notice.kind not in WAITING:
        return None
    if notice.ticket and is_urgent(notice.kind, notice.ticket):
        return None
    return quiet_until(agent.quiet, now, config.zone(agent.key))
