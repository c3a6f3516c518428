"""An alert never goes to nobody, whoever is away, hears little or sleeps; and skips who need not hear."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.notices.audience import Audience, alert_recipients
from mailgate.rules.people.absence import Absence
from mailgate.rules.people.permissions import confidential, sees
from mailgate.ticket import Assignee
from tests.notices import CONFIG, NOW, TICKET

AGENTS = tuple(CONFIG.agents)
NAMES = ("assignee", "team", "team-lead", "department", "manager", "last-respondent", "alerted", "admin")
WHOSE = st.sampled_from(
    [None, *(Assignee("agent", key) for key in AGENTS), *(Assignee("team", name) for name in CONFIG.teams)]
)


@st.composite
def worlds(draw):
    """A desk whose people hear and are here at random, and a ticket of somebody's in some department."""
    hear = {key: draw(st.sampled_from(["department", "mine", "digest"])) for key in AGENTS}
    departments = {
        name: replace(each, confidential=draw(st.booleans()), manager=draw(st.sampled_from(["", *AGENTS])))
        for name, each in CONFIG.departments.items()
    }
    config = replace(
        CONFIG,
        agents={key: replace(agent, hear=hear[key]) for key, agent in CONFIG.agents.items()},
        departments=departments,
        desk=replace(CONFIG.desk, admin=draw(st.sampled_from(["", "postmaster@bank.example"]))),
    )
    away = {key: Absence(agent=key, since=NOW) for key in draw(st.sets(st.sampled_from(AGENTS)))}
    ticket = replace(
        TICKET,
        department=draw(st.sampled_from(list(departments))),
        assignee=draw(WHOSE),
        priority=draw(st.sampled_from(["Normal", "High"])),
        last_respondent=draw(st.sampled_from(["", *AGENTS])),
    )
    return config, ticket, Audience(away=away, involved=tuple(draw(st.sets(st.sampled_from(AGENTS)))))


@given(worlds(), st.lists(st.sampled_from(NAMES), max_size=4), st.booleans())
def test_somebody_hears_wherever_there_is_anybody(world, names, urgent):
    config, ticket, audience = world
    heard = alert_recipients(names, ticket, audience, config, urgent=urgent)
    could = [agent for agent in config.agents.values() if ticket.department in agent.departments]
    if config.desk.admin or could:
        assert heard
    here = [who for who in heard if who.agent not in audience.away]
    assert len(here) == len(heard) or (not here and not config.desk.admin)  # who is away hears where nobody is left
    agents = [config.agents[who.agent] for who in heard if who.agent]
    assert not confidential(ticket.department, config) or all(sees(agent, ticket, config) for agent in agents)


@given(worlds(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))
def test_an_agents_own_ticket_is_told_however_little_they_hear(world, names):
    config, ticket, audience = world
    holder = ticket.assignee.name if ticket.assignee and ticket.assignee.kind == "agent" else ""
    if holder and holder not in audience.away and not confidential(ticket.department, config):
        assert holder in {who.agent for who in alert_recipients(("assignee", *names), ticket, audience, config)}
