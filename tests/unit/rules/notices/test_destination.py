"""Where an answer goes, what a mail names, and whether one that waits is still due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailgate.notice import Listing, NoticeKind, Similar
from mailgate.phrase import Phrase
from mailgate.rules.notices.destination import Destination, destination, named, promised
from mailgate.rules.notices.waiting import not_due, not_reader
from mailgate.ticket import Address, Assignee, Collaborator, Status
from tests.notices import CONFIG, ELLIOT, NOW, TICKET, notice

K = NoticeKind
MINE = replace(TICKET, assignee=Assignee.agent("elliot"), overdue=True)
MAY_NOTE = replace(
    CONFIG, roles={**CONFIG.roles, "All Access": replace(CONFIG.roles["All Access"], may=frozenset({"note"}))}
)


def test_a_mail_that_waits_for_a_code_or_is_about_nothing_promises_nothing():
    for made in (notice(K.HELD), notice(K.CONFIRM), notice(K.ANSWER, ticket=None), notice(K.NEW_TICKET, agent="gone")):
        assert destination(made, CONFIG) is Destination.UNSAID


def test_a_mail_about_a_ticket_that_its_reader_does_not_see_is_answered_by_nothing():
    elsewhere = replace(TICKET, department="Elsewhere")
    for kind in (K.ANSWER, K.NEW_MESSAGE, K.TAKEN):
        assert destination(notice(kind, ticket=elsewhere), CONFIG) is Destination.UNSEEN


def test_the_readers_are_the_requester_and_active_collaborators():
    people = (Collaborator("j@x.example"), Collaborator("k@x.example", active=False))
    made = notice(K.NOTE, ticket=replace(TICKET, collaborators=people))
    assert promised(made, CONFIG) == ("karen@client.example", "j@x.example")
    assert promised(made, MAY_NOTE) is None
    assert promised(notice(K.DIGEST), CONFIG) is None
    assert promised(notice(K.REPLY), CONFIG) is None


def test_every_other_ticket_in_a_mail_to_an_agent_is_named():
    listing = Listing(
        Phrase("digest.mine"),
        ("number", "subject"),
        (("#1002", "x"), ("#1001", "x"), ("a", "x"), (Phrase("x"), "x")),
        4,
    )
    made = notice(
        K.NEW_TICKET,
        others=(replace(TICKET, number=998),),
        similar=(Similar(990, "x", Phrase("state.resolved"), NOW),),
        listings=(listing,),
        numbers=(1001, 1005),
    )
    assert named(made) == (990, 998, 1002, 1005)
    assert named(replace(made, ticket=None))[2] == 1001
    assert named(notice(K.REPLY)) == ()


# ── still due ───────────────────────────────────────────────────────────────────────────


def late(kind, ticket=MINE, agent="elliot", recipient=ELLIOT.email, config=CONFIG):
    return not_due(kind, agent, recipient, ticket, config)


@pytest.mark.parametrize("kind", [kind for kind in K if not kind.to_requester])
def test_what_holds_is_due(kind):
    assert late(kind) == ""
    assert late(kind, agent="", recipient="root@ops.example") == ""


@pytest.mark.parametrize(
    ("kind", "ticket", "why"),
    [
        (K.ASSIGNED, replace(MINE, assignee=None), "somebody else"),
        (K.NEW_TICKET, replace(MINE, spam=True, status=Status.CLOSED), "spam"),
        (K.NEW_TICKET, replace(MINE, merged_into=7), "merged"),
        (K.OVERDUE, replace(MINE, status=Status.RESOLVED), "is resolved"),
        (K.REMINDER, replace(MINE, status=Status.CLOSED), "is closed"),
        (K.ESCALATED, replace(MINE, status=Status.RESOLVED), "is resolved"),
        (K.OVERDUE, replace(MINE, overdue=False), "not overdue"),
        (K.NOTE, replace(MINE, department="Elsewhere", assignee=None), "does not see"),
    ],
)
def test_what_does_not_hold_any_more_is_not(kind, ticket, why):
    assert why in late(kind, ticket)


def test_who_left_gets_nothing():
    assert "no agent" in late(K.NOTE, agent="gone")
    assert "no agent" in late(K.NOTE, recipient="old@bank.example")
    assert not_reader("elliot", ELLIOT.email, CONFIG) == ""


def test_of_a_confidential_ticket_only_answers_go():
    department = replace(CONFIG.departments["Support"], confidential=True)
    config = replace(CONFIG, departments={**CONFIG.departments, "Support": department})
    assert "confidential" in late(K.NEW_MESSAGE, config=config)
    assert late(K.ANSWER, config=config) == ""


def test_requesters_mail_goes_to_those_on_the_ticket():
    people = (Collaborator("j@x.example"), Collaborator("k@x.example", active=False))
    ticket = replace(TICKET, collaborators=people, requester=Address("karen@client.example"))

    def theirs(kind, recipient):
        return not_due(kind, "", recipient, ticket, CONFIG)

    assert theirs(K.REPLY, "karen@client.example") == ""
    assert theirs(K.REPLY, "j@x.example") == ""
    assert "not on the ticket" in theirs(K.REPLY, "k@x.example")
    assert theirs(K.STATUS_CHANGED, "gone@x.example") == ""
    assert theirs(K.ASKED, "expert@x.example") == ""
