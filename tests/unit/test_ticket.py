"""Values of the root: actors and assignees and their strings in JSON and in the database."""

from __future__ import annotations

import pytest

from mailgate.ticket import ADMIN, CLOCK, Actor, Assignee


@pytest.mark.parametrize(
    ("actor", "text"),
    [
        (Actor.agent("ann"), "agent:ann"),
        (Actor.requester("karen@client.example"), "requester:karen@client.example"),
        (Actor.requester(""), "requester:"),
        (Actor.rule("A: B"), "rule:A: B"),
        (ADMIN, "admin"),
        (CLOCK, "clock"),
    ],
)
def test_an_actor_has_one_string(actor, text):
    assert str(actor) == text
    assert Actor.parse(text) == actor


def test_a_string_of_no_actor_is_refused():
    for text in ("", "somebody", "team:Online Banking"):
        with pytest.raises(ValueError, match="ActorKind"):
            Actor.parse(text)


def test_what_an_actor_is():
    ann, karen = Actor.agent("ann"), Actor.requester("karen@client.example")
    assert [each.agent_key for each in (ann, karen, ADMIN)] == ["ann", "", ""]
    assert [each.is_agent for each in (ann, karen, ADMIN)] == [True, False, False]
    assert [each.is_requester for each in (ann, karen, ADMIN)] == [False, True, False]
    assert [each.is_staff for each in (ann, karen, ADMIN, CLOCK)] == [True, False, True, False]


def test_an_assignee_is_an_agent_or_a_team():
    ann, team = Assignee.parse("agent:ann"), Assignee.parse("team:A: B")
    assert (ann, team) == (Assignee.agent("ann"), Assignee("team", "A: B"))
    assert (ann.agent_key, team.agent_key) == ("ann", "")
    assert (str(ann), str(team)) == ("agent:ann", "team:A: B")
