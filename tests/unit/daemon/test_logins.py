"""What an agent may who logged in at [submission], also after the configuration has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailgate.daemon.listeners import owns
from mailgate.settings import Config, Secret
from tests.lab import desk


@pytest.fixture
def config() -> Config:
    found = desk()
    agents = {key: replace(agent, password=Secret("$scrypt$")) for key, agent in found.agents.items()}
    return replace(found, agents=agents)


def test_an_agent_sends_as_their_own_addresses_and_as_nobody(config: Config) -> None:
    ann, other = list(config.agents.values())[:2]
    assert owns(ann.key, ann.email.upper(), config)
    assert owns(ann.key, "", config)
    assert not owns(ann.key, other.email, config)


@pytest.mark.parametrize("sender", ["own", ""])
def test_a_login_ends_with_the_agent_or_the_password(config: Config, sender: str) -> None:
    """A connection may be open for hours."""
    key, agent = next(iter(config.agents.items()))
    address = sender and agent.email
    without = {other: each for other, each in config.agents.items() if other != key}
    assert not owns(key, address, replace(config, agents=without))
    assert not owns(key, address, replace(config, agents=without | {key: replace(agent, password=Secret())}))
