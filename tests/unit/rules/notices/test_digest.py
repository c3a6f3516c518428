"""Which tickets stand in whose digest, and in which table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from mailgate.config.load import load
from mailgate.rules.notices.digest import MINE, OVERDUE, TODAY, UNASSIGNED, listings, subject
from mailgate.ticket import Assignee, Ticket
from tests.desk import CONFIG as TEXT
from tests.notices import ENGLISH, NOW, TICKET

ELLIOT, ANN, BOB = Assignee("agent", "elliot"), Assignee("agent", "ann"), Assignee("agent", "bob")
TEAM = Assignee("team", "Online Banking")
LATER = NOW + timedelta(days=3)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("desk") / "config.toml"
    path.write_text(TEXT)
    return load(path)[0]


def ticket(**fields: object) -> Ticket:
    return replace(TICKET, **{"due_at": LATER, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("agent", "fields", "table"),
    [
        ("elliot", {}, UNASSIGNED),
        ("elliot", {"assignee": ELLIOT}, MINE),
        ("elliot", {"assignee": ELLIOT, "due_at": NOW + timedelta(hours=2)}, TODAY),
        ("elliot", {"assignee": ELLIOT, "overdue": True}, OVERDUE),
        ("elliot", {"assignee": TEAM, "department": "Maintenance"}, MINE),
        ("elliot", {"assignee": ANN, "overdue": True}, ""),  # a colleague's
        ("elliot", {"department": "Maintenance"}, ""),
        ("bob", {"requester": replace(TICKET.requester, email="bob@bank.example")}, ""),  # his own request
        ("ann", {"assignee": ELLIOT, "overdue": True}, OVERDUE),  # she manages the department
        ("ann", {"assignee": ELLIOT, "due_at": NOW + timedelta(hours=2)}, TODAY),
        ("ann", {"assignee": ELLIOT}, ""),
        (
            "ann",
            {"assignee": BOB, "department": "gone", "requester": replace(TICKET.requester, email="ann@bank.example")},
            "",
        ),
    ],
)
def test_a_ticket_stands_in_the_table_that_it_belongs_to(agent, fields, table, config):
    found = listings(config.agents[agent], [ticket(**fields)], {}, NOW, config)
    assert [each.title.name for each in found] == ([f"digest.{table}"] if table else [])


def test_the_most_pressing_stands_first_and_the_subject_counts(config):
    waiting = [ticket(number=1, due_at=None), ticket(number=2), ticket(number=3, due_at=LATER - timedelta(hours=1))]
    found = listings(config.agents["elliot"], [*waiting, ticket(number=4, overdue=True)], {}, NOW, config)
    assert [[row[0] for row in each.rows] for each in found] == [["#4"], ["#3", "#2", "#1"]]
    assert ENGLISH.text(subject(found), ZoneInfo("UTC")) == "Your queue: 1 overdue, 3 unassigned"
