"""What agents see and may do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailgate.rules.people.permissions import may, sees, why_not
from mailgate.settings import EVERYTHING
from mailgate.ticket import Address, Assignee, Collaborator, Ticket
from tests.lab import desk, ticket
from tests.notices import english

DESK = desk()
ELLIOT, ANN, BOB = (DESK.agents[key] for key in ("elliot", "ann", "bob"))
ADMINS = ticket(department="Systems Administrators")


@pytest.mark.parametrize(
    ("held", "seen"),
    [
        (ticket(department="Support"), True),
        (ticket(department="Maintenance"), True),
        (ADMINS, False),
        (replace(ADMINS, assignee=Assignee("agent", "elliot")), True),
        (replace(ADMINS, assignee=Assignee("agent", "bob")), False),
        (replace(ADMINS, assignee=Assignee("team", "Online Banking")), True),
        (replace(ADMINS, assignee=Assignee("team", "elliot")), False),
        (replace(ADMINS, requester=Address("elliot@home.example")), True),
        (replace(ADMINS, collaborators=(Collaborator("elliot@bank.example", active=False),)), True),
        (ticket(department="a department that is gone"), False),
    ],
)
def test_an_agent_sees_departments_teams_and_their_own(held: Ticket, seen: bool) -> None:
    assert sees(ELLIOT, held, DESK) is seen


def test_a_manager_sees_the_department_and_a_lead_the_team() -> None:
    assert sees(ANN, ticket(department="Maintenance"), DESK)
    assert sees(ANN, replace(ADMINS, assignee=Assignee("team", "Online Banking")), DESK)
    assert not sees(BOB, ticket(), DESK)


def test_the_role_follows_the_department() -> None:
    assert may(ELLIOT, "assign", "Support", DESK)
    assert not may(ELLIOT, "assign", "Maintenance", DESK)
    assert may(ELLIOT, "assign", "Systems Administrators", DESK), "elsewhere the agent's own role holds"


def test_a_refusal_names_permission_and_role() -> None:
    assert english(why_not(ELLIOT, "assign", "Maintenance", DESK)) == (
        "You may not assign tickets in Maintenance: your role there is View only; it takes the permission `assign`."
    )
    sentences = {english(why_not(ELLIOT, permission, "Maintenance", DESK)) for permission in EVERYTHING}
    assert len(sentences) == len(EVERYTHING)
    assert all(" tickets " in sentence for sentence in sentences)


def test_who_may_is_refused_nothing_and_the_administrator_may_all() -> None:
    assert why_not(ELLIOT, "reply", "Support", DESK) is None
    assert all(why_not(None, permission, "Maintenance", DESK) is None for permission in EVERYTHING)
