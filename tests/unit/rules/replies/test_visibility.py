"""Public or internal: every branch of the rule."""

from __future__ import annotations

import itertools

import pytest

from mailgate.notice import REPLYABLE_KINDS, NoticeKind
from mailgate.rules.replies.visibility import Addressing, Visibility, visibility

OTHERS = [kind for kind in NoticeKind if kind not in REPLYABLE_KINDS]
NEW = NoticeKind.NEW_TICKET


def decide(*, answers, verbs, transfers=False, assigns_away=False, **where):
    return visibility(Addressing(answers=answers, **where), verbs, transfers=transfers, assigns_away=assigns_away)


@pytest.mark.parametrize("kind", sorted(REPLYABLE_KINDS))
def test_an_answer_to_a_requesters_message_is_public(kind):
    assert decide(answers=kind, verbs=()) == Visibility(True, False, "answers_message")
    assert decide(answers=kind, verbs=("status", "quiet")).public


@pytest.mark.parametrize("kind", OTHERS)
def test_an_answer_to_any_other_notice_is_a_note_that_the_agent_is_told_of(kind):
    assert decide(answers=kind, verbs=()) == Visibility(False, True, "answers_alert")


FACTS = ("transfers", "assigns_away", "forwards_alert", "desk_only_copied")


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_makes_a_note_by_rule(fact):
    found = decide(answers=NEW, verbs=(), **{fact: True})
    assert (found.public, found.by_rule) == (False, True)


def test_the_desk_in_copy_of_a_mail_to_the_requester_is_public():
    assert decide(answers=NEW, verbs=(), desk_only_copied=True, requester_in_to=True).public
    assert decide(answers=None, verbs=(), desk_only_copied=True, requester_in_to=True).public


def test_a_mail_that_answers_nothing_and_goes_to_the_desk_alone_is_a_note():
    assert decide(answers=None, verbs=()) == Visibility(False, True, "answers_nothing")


EVERY_FACT = list(itertools.product([False, True], repeat=5))


@pytest.mark.parametrize("kind", [None, *NoticeKind])
def test_what_the_agent_says_wins_over_every_rule(kind):
    for facts in EVERY_FACT:
        others = dict(zip((*FACTS, "requester_in_to"), facts, strict=True))
        assert decide(answers=kind, verbs=("reply",), **others) == Visibility(True, False, "reply")
        for verbs in (("note",), ("reply", "note")):
            assert decide(answers=kind, verbs=verbs, **others) == Visibility(False, False, "note")


@pytest.mark.parametrize("kind", [None, *NoticeKind])
def test_without_a_word_of_the_agent_the_table_holds(kind):
    for facts in EVERY_FACT:
        found = decide(
            answers=kind, verbs=("assign", "status"), **dict(zip((*FACTS, "requester_in_to"), facts, strict=True))
        )
        transfers, assigns_away, forwards_alert, copied, to_requester = facts
        fits = kind in REPLYABLE_KINDS or (kind is None and to_requester)
        barred = transfers or assigns_away or forwards_alert or (copied and not to_requester)
        assert found.public == (fits and not barred)
        assert found.by_rule != found.public


def test_an_answer_to_a_question_is_a_note_that_its_author_expects():
    asked = decide(answers=NoticeKind.NOTE, verbs=("assign",), was_asked=True)
    assert (asked.public, asked.by_rule) == (False, False)
    assert decide(answers=NoticeKind.NOTE, verbs=("reply",), was_asked=True).public
    both = decide(answers=NoticeKind.NOTE, verbs=("reply",), was_asked=True, to_note_address=True)
    assert (both.public, both.by_rule) == (False, True), "#reply is not done"
