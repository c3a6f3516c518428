"""The built-in department, roles, plan, topic and priorities: osTicket's defaults.

A table of the same name in the configuration replaces a built-in one, except 24/7.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from mailgate.settings import Department, Hours, Role, Routing, SlaPlan, Topic
from mailgate.ticket import Status

SUPPORT = Department(name="Support")  # of agents without departments
ALL_ACCESS = Role(name="All Access")
VIEW_ONLY = Role(name="View only", may=frozenset())
DEFAULT_SLA = SlaPlan(name="Default SLA", resolve=timedelta(hours=18))
GENERAL_INQUIRY = Topic(name="General Inquiry")
ALWAYS = "24/7"
PRIORITIES = ("Low", "Normal", "High", "Emergency")
STATUSES = tuple(status.value for status in Status)
DEFAULT_ROUTING = Routing(
    topic=GENERAL_INQUIRY.name, department=SUPPORT.name, sla=DEFAULT_SLA.name, priority=PRIORITIES[1]
)


def always_open(zone: ZoneInfo) -> Hours:
    """The schedule 24/7; `zone` is only used to display times."""
    return Hours(name=ALWAYS, timezone=zone, always=True)
