"""Reasons of events: the desk's own are said in the reader's language, people's stay as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailgate.rules.notices.reasons import reason_of
from mailgate.rules.notices.sentences import event_sentence
from mailgate.rules.people import auto_assign
from mailgate.rules.ticket import reasons, reopening
from mailgate.ticket import CLOCK, Actor, Event, EventKind
from tests.lab import NOW, desk, ticket
from tests.notices import GERMAN, UTC, english

CONFIG = desk()
ANN, KAREN, RULE = Actor.agent("ann"), Actor.requester("karen@client.example"), Actor.rule("Printers")
K = EventKind


def event(kind: EventKind, reason: str, by: Actor = ANN, before: object = None, after: object = None) -> Event:
    return Event(kind=kind, by=by, at=NOW, reason=reason, before=before, after=after)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "reason", "by", "said"),
    [
        (K.ASSIGNED, "handed out by Support", auto_assign.BY, "handed out by Support"),
        (K.ASSIGNED, "handed out by the team T", auto_assign.BY, "handed out by the team T"),
        (K.ASSIGNED, reasons.BACK_TO_CLOSER, reopening.BY, "back to who closed it"),
        (K.ASSIGNED, reasons.BACK_TO_RESOLVER, reopening.BY, "back to who resolved it"),
        (K.RELEASED, reasons.not_in("Support"), ANN, "not in Support"),
        (K.RELEASED, reasons.not_there("Bob"), reopening.BY, "Bob is not there"),
        (K.SLA_CHANGED, reasons.inherited("topic:Billing"), ANN, "that of the help topic Billing"),
        (K.SLA_CHANGED, reasons.inherited("department:Support"), ANN, "that of the department Support"),
        (K.SLA_CHANGED, reasons.inherited("address"), ANN, "that of the address it came to"),
        (K.SLA_CHANGED, reasons.inherited("defaults"), ANN, "the default"),
        (K.STATUS_CHANGED, reasons.CLOSED, CLOCK, "resolved long enough"),
        (K.STATUS_CHANGED, reasons.TIME_HAS_COME, CLOCK, "the time set has come"),
        (K.STATUS_CHANGED, reasons.merged_open(7, "open"), ANN, "ticket #7, which was open, was merged into it"),
    ],
)
def test_the_desks_own_reasons_are_phrases(kind: EventKind, reason: str, by: Actor, said: str):
    found = reason_of(event(kind, reason, by), CONFIG)
    assert not isinstance(found, str)
    assert english(found) in (said, said[:1].upper() + said[1:])
    assert GERMAN.text(found, UTC) != said


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (K.ASSIGNED, "she knows it"),
        (K.RELEASED, "not in today"),
        (K.RELEASED, "Bob is not there"),
        (K.SLA_CHANGED, "from experience"),
        (K.STATUS_CHANGED, reasons.CLOSED),
        (K.PRIORITY_CHANGED, reasons.not_in("Support")),
        (K.TAGGED, ""),
    ],
)
def test_an_agents_reason_stays_as_typed(kind: EventKind, reason: str):
    assert reason_of(event(kind, reason), CONFIG) == reason


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            event(K.STATUS_CHANGED, reasons.REOPENED, KAREN, "resolved", "open"),
            "Karen Client’s answer reopened the ticket.",
        ),
        (
            event(K.STATUS_CHANGED, reasons.ANSWERED, KAREN, "pending", "open"),
            "Karen Client answered; the ticket is open again.",
        ),
        (
            event(K.STATUS_CHANGED, reasons.WAITING, ANN, "open", "pending"),
            "Ann Admin answered; the ticket is pending until the requester writes.",
        ),
        (
            event(K.ASSIGNED, reasons.ANSWERED_FIRST, ANN, None, {"agent": "ann"}),
            "Ann Admin answered and now has the ticket.",
        ),
        (
            event(K.PRIORITY_CHANGED, "", CLOCK, "Normal", "Emergency"),
            "Priority was raised to Emergency (SLA plan Default SLA).",
        ),
        (event(K.ASSIGNED, "", CLOCK, None, {"agent": "ann"}), "The ticket was assigned to Ann Admin."),
        (event(K.ASSIGNED, "", RULE, None, {"agent": "ann"}), "The rule “Printers” assigned the ticket to Ann Admin."),
        (
            event(K.ASSIGNED, "handed out by Support", auto_assign.BY, None, {"agent": "ann"}),
            "The ticket goes to Ann Admin: handed out by Support",
        ),
        (
            event(K.RELEASED, reasons.not_there("Bob"), reopening.BY, {"agent": "bob"}),
            "The ticket was released; it is assigned to nobody: Bob is not there",
        ),
        (event(K.STATUS_CHANGED, "", ANN, "closed", "open"), "Ann Admin reopened the ticket."),
        (event(K.RATED, "", KAREN, None, "good"), "Karen Client rated the help as good."),
        (event(K.RATED, "", KAREN, "bad", "good"), "Karen Client rated the help as good (before: bad)."),
    ],
)
def test_what_happened_is_said_by_actor_and_how_it_came_about(made: Event, said: str):
    assert english(event_sentence(made, ticket(), CONFIG)) == said


def test_the_reader_is_called_you():
    handed = event(K.ASSIGNED, "handed out by Support", auto_assign.BY, None, {"agent": "bob"})
    assert english(event_sentence(handed, ticket(), CONFIG, "bob")) == "The ticket goes to you: handed out by Support"
    given = replace(handed, by=ANN, reason="")
    sentence = event_sentence(given, ticket(), CONFIG, "bob")
    assert english(sentence) == "Ann Admin assigned the ticket to you."
    assert GERMAN.sentence(sentence, UTC) == "Ann Admin hat Ihnen das Ticket zugewiesen."
