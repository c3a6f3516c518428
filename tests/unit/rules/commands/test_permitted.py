"""Which links an agent is offered: those whose commands their role allows."""

from __future__ import annotations

import pytest

from mailgate.rules.commands.permitted import permitted
from mailgate.settings import EVERYTHING, Agent, Role
from tests.lab import desk, named

CONFIG = desk(
    roles=named(
        Role(name="All", may=EVERYTHING),
        Role(name="Notes", may=frozenset({"note"})),
        Role(name="View", may=frozenset()),
    )
)


@pytest.mark.parametrize(
    ("role", "body", "offered"),
    [
        ("All", "#note\n#resolved", True),
        ("Notes", "#note", True),
        ("Notes", "#note\n#resolved", False),
        ("View", "#note", False),
        ("View", "Words alone", True),
    ],
)
def test_a_mail_is_offered_whose_every_command_is_allowed(role: str, body: str, offered: bool) -> None:
    agent = Agent(key="zoe", name="Zoe", emails=("zoe@bank.example",), role="View", departments={"Support": role})
    assert permitted(body, agent, "Support", CONFIG) is offered
