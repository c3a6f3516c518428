"""The labs' desk as values, for tests of the core: config, mail, body, ticket in one call each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailgate.mail import Body, Envelope, Mail
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import (
    EVERYTHING,
    Agent,
    Alerts,
    Config,
    Department,
    Desk,
    DeskAddress,
    Hours,
    Notices,
    Relay,
    Role,
    Routing,
    SlaPlan,
    Storage,
    Team,
    Tickets,
    Topic,
    Trust,
)
from mailgate.ticket import Address, Status, Ticket

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEYRING = Keyring((b"new secret", b"old secret"), "bank.example")
ENVELOPE = Envelope("karen@client.example", ("support@bank.example",))


def named(*values: Any) -> dict[str, Any]:
    """By name, as the config holds them."""
    return {value.name: value for value in values}


def desk(**changes: Any) -> Config:
    """The desk of the two labs; `changes` replaces parts of it."""
    agents = (
        Agent(
            key="elliot",
            name="Elliot Alderson",
            emails=("elliot@bank.example", "elliot@home.example"),
            departments={"Support": "All Access", "Maintenance": "View only"},
        ),
        Agent(key="ann", name="Ann Admin", emails=("ann@bank.example",), departments={"Support": "All Access"}),
        Agent(
            key="bob",
            name="Bob Base",
            emails=("bob@base.example",),
            departments={"Systems Administrators": "View only"},
        ),
    )
    topics = (
        Topic(name="General Inquiry"),
        Topic(
            name="Business Critical Outage",
            routing=Routing(department="Systems Administrators", sla="Sev-A", priority="Emergency", tags=("outage",)),
        ),
        Topic(name="Report a Problem", routing=Routing(department="Maintenance", assign="agent:elliot")),
        Topic(
            name="Report a Problem / Personal Computer Issues",
            parent="Report a Problem",
            routing=Routing(department="Support"),
        ),
        Topic(name="Report a Problem / Other", parent="Report a Problem"),
        Topic(name="Internal / Other", public=True),
        Topic(name="Internal / Audit", public=False),
    )
    config = Config(
        file=Path("config.toml"),
        desk=Desk(
            name="First Bank Help Desk", domain="bank.example", timezone=ZoneInfo("UTC"), admin="root@ops.example"
        ),
        storage=Storage(database=Path("mailgate.db"), attachments=Path("attachments")),
        addresses={
            "support@bank.example": DeskAddress(email="support@bank.example", name="First Bank Support", plus=True),
            "outages@bank.example": DeskAddress(
                email="outages@bank.example", name="Outages", routing=Routing(topic="Business Critical Outage")
            ),
        },
        smtp=None,
        mailboxes={},
        relays=(Relay(),),
        http=None,
        departments=named(
            Department(name="Support", manager="ann"),
            Department(name="Maintenance", public=False, manager="ann", routing=Routing(sla="Sev-B", tags=("house",))),
            Department(name="Systems Administrators"),
        ),
        roles=named(
            Role(name="All Access", may=EVERYTHING),
            Role(name="View only", may=frozenset()),
            Role(name="Notes", may=frozenset({"note"})),
        ),
        agents={agent.key: agent for agent in agents},
        teams=named(Team(name="Online Banking", lead="ann", members=("elliot",))),
        schedules=named(Hours(name="24/7", timezone=ZoneInfo("UTC"), always=True)),
        slas=named(SlaPlan(name="Default SLA"), SlaPlan(name="Sev-A"), SlaPlan(name="Sev-B"), SlaPlan(name="Sev-C")),
        topics=named(*topics),
        priorities=("Low", "Normal", "High", "Emergency"),
        defaults=Routing(topic="General Inquiry", department="Support", sla="Default SLA", priority="Normal"),
        rules=(),
        alerts=Alerts(),
        notices=Notices(),
        trust=Trust(),
        tickets=Tickets(),
    )
    return replace(config, **changes)


def mail(sender: str = "karen@client.example", subject: str = "Portal is down", **changes: Any) -> Mail:
    """A plain mail to the support address."""
    values: dict[str, Any] = {
        "message_id": "<one@client.example>",
        "from_": (Address(sender, "Karen Client"),) if sender else (),
        "to": (Address("support@bank.example"),),
        "subject": subject,
        "text": "It does not open.",
        "size": 1000,
        **changes,
    }
    return Mail(**values)


def body(visible: str = "It does not open.", **changes: Any) -> Body:
    """The author's own words."""
    return Body(visible=visible, cut=changes.pop("cut", ""), lines=tuple(visible.split("\n")), **changes)


def ticket(number: int = 1001, **changes: Any) -> Ticket:
    """An open ticket of Karen's in Support."""
    values: dict[str, Any] = {
        "number": number,
        "subject": "Portal is down",
        "status": Status.OPEN,
        "requester": Address("karen@client.example", "Karen Client"),
        "department": "Support",
        "topic": "General Inquiry",
        "priority": "Normal",
        "sla": "Default SLA",
        "address": "support@bank.example",
        "created_at": NOW,
        "updated_at": NOW,
        "sla_started_at": NOW,
        **changes,
    }
    return Ticket(**values)
