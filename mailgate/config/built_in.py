"""The built-in department, roles, plan, topic and priorities: osTicket's defaults.

A table of the same name in the configuration replaces a built-in one, except 24/7. So does a table that names it in
`was`: then it has the new name, wherever the configuration names none.
"""

from __future__ import annotations

from collections.abc import Mapping
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


LANGUAGES = ("en", "de", "fr", "es")  # with shipped texts


def always_open(zone: ZoneInfo) -> Hours:
    """The schedule 24/7; `zone` is only used to display times."""
    return Hours(name=ALWAYS, timezone=zone, always=True)


def name_of_built_in(name: str, tables: object) -> str:
    """What a built-in thing is called here: `name`, or that of the table with it in `was`.

    `tables` are those of its kind as parsed, by name.
    """
    if not isinstance(tables, Mapping) or name in tables:
        return name
    was = ((key, table.get("was")) for key, table in tables.items() if isinstance(table, Mapping))
    return next((key for key, old in was if old == name or (isinstance(old, list) and name in old)), name)
