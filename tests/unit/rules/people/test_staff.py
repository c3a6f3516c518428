"""Who is the same person after a renaming in the configuration, and whose work a ticket has become."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailgate.rules.people.staff import Staff, from_json, newly_responsible, same_people, to_json
from mailgate.settings import Agent
from mailgate.ticket import Address, Assignee, Status, Ticket

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BEFORE = Staff(
    agents={"sam": ("Sam Miller", "sam@bank.example"), "ann": ("Ann Reyes", "ann@bank.example")},
    departments={"Support": ("sam",), "Billing": ("ann",)},
    teams={"Banking": ("ann", "sam")},
)


def agent(key: str, name: str, *emails: str) -> Agent:
    return Agent(key=key, name=name, emails=emails, role="All Access", departments={})


def ticket(department: str = "Support", assignee: Assignee | None = None) -> Ticket:
    return Ticket(
        number=1,
        subject="Printer",
        status=Status.OPEN,
        requester=Address("karen@client.example"),
        department=department,
        topic="General Inquiry",
        priority="Normal",
        sla="Default SLA",
        address="support@bank.example",
        created_at=NOW,
        updated_at=NOW,
        sla_started_at=NOW,
        assignee=assignee,
    )


def test_what_is_stored_is_read_back() -> None:
    assert from_json(to_json(BEFORE)) == BEFORE


@pytest.mark.parametrize(
    ("successor", "same"),
    [
        (agent("samuel", "Sam Miller", "miller@bank.example"), True),  # the name
        (agent("samantha", "Samantha Moore", "moore@bank.example", "sam@bank.example"), True),  # an address
        (agent("tina", "Tina Tell", "tina@bank.example"), False),
        (agent("ann", "Ann Reyes", "ann@bank.example", "sam@bank.example"), False),  # she was there before
    ],
)
def test_a_new_key_is_the_same_person_by_name_or_address(successor: Agent, same: bool) -> None:
    assert bool(same_people({"sam": successor.key}, BEFORE, {successor.key: successor})) is same


def test_where_nothing_is_known_of_the_old_key_it_is_a_renaming() -> None:
    tina = agent("tina", "Tina Tell", "tina@bank.example")
    assert same_people({"gone": "tina"}, BEFORE, {"tina": tina}) == {"gone": "tina"}
    assert same_people({"sam": "tina"}, None, {"tina": tina}) == {"sam": "tina"}


def test_a_ticket_is_the_work_of_its_agent_else_of_its_team_or_department() -> None:
    assert BEFORE.responsible(ticket(assignee=Assignee.agent("sam"))) == {"sam"}
    assert BEFORE.responsible(ticket(assignee=Assignee("team", "Banking"))) == {"ann", "sam"}
    assert BEFORE.responsible(ticket(assignee=Assignee("team", "Gone"))) == set()
    assert BEFORE.responsible(ticket()) == {"sam"}
    assert BEFORE.responsible(ticket("Gone")) == set()


def test_only_those_whose_work_it_was_not_have_become_responsible() -> None:
    after = Staff(agents={}, departments={"Desk": ("samuel", "ann")}, teams={"Banking": ("ann", "bob")})
    before, now = ticket(), ticket("Desk")
    assert newly_responsible(before, now, BEFORE, after, {"sam": "samuel"}) == {"ann"}
    assert newly_responsible(before, now, BEFORE, after, {}) == {"ann", "samuel"}
