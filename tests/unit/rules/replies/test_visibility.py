"""Public or internal: every branch of the rule."""

from __future__ import annotations

import itertools

import pytest

from mailgate.rules.replies.visibility import Addressing, Visibility, visibility


def decide(*, answers, verbs, transfers=False, assigns_away=False, may_reply=True, **where):
    sent = Addressing(answers_public=answers, **where)
    return visibility(sent, verbs, transfers=transfers, assigns_away=assigns_away, may_reply=may_reply)


def test_an_answer_to_a_public_notice_is_public():
    assert decide(answers=True, verbs=()) == Visibility(True, False, "answers_message")
    assert decide(answers=True, verbs=("status", "quiet")).public


def test_an_answer_to_any_other_notice_is_a_note_that_the_agent_is_told_of():
    assert decide(answers=False, verbs=()) == Visibility(False, True, "answers_alert")


def test_a_role_without_replies_is_the_reason_for_a_note_by_rule_alone():
    assert decide(answers=False, verbs=(), may_reply=False) == Visibility(False, True, "role")
    assert decide(answers=None, verbs=(), may_reply=False) == Visibility(False, True, "role")
    assert decide(answers=False, verbs=("note",), may_reply=False) == Visibility(False, False, "note")
    assert decide(answers=False, verbs=("reply",), may_reply=False) == Visibility(True, False, "reply"), "refused later"


@pytest.mark.parametrize("answers", [False, True])
def test_a_link_decides_unless_a_command_does(answers):
    assert decide(answers=answers, verbs=(), link="reply") == Visibility(True, False, "reply_link")
    assert decide(answers=answers, verbs=("assign",), link="note", transfers=True) == Visibility(
        False, False, "note_link"
    )
    assert decide(answers=answers, verbs=("note",), link="reply") == Visibility(False, False, "note")
    assert decide(answers=answers, verbs=("reply",), link="note") == Visibility(True, False, "reply")
    assert not decide(answers=answers, verbs=(), link="reply", to_note_address=True).public


@pytest.mark.parametrize("link", ["", "reply", "note"])
def test_text_beside_spam_answers_nobody(link):
    assert decide(answers=True, verbs=("spam",), link=link) == Visibility(False, link != "note", "spam")


FACTS = ("transfers", "assigns_away", "forwards_alert", "desk_only_copied")


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_makes_a_note_by_rule(fact):
    found = decide(answers=True, verbs=(), **{fact: True})
    assert (found.public, found.by_rule) == (False, True)


def test_the_desk_in_copy_of_a_mail_to_the_requester_is_public():
    assert decide(answers=True, verbs=(), desk_only_copied=True, requester_in_to=True).public
    assert decide(answers=None, verbs=(), desk_only_copied=True, requester_in_to=True).public


def test_a_mail_that_answers_nothing_and_goes_to_the_desk_alone_is_a_note():
    assert decide(answers=None, verbs=()) == Visibility(False, True, "answers_nothing")


EVERY_FACT = list(itertools.product([False, True], repeat=5))


@pytest.mark.parametrize("answers", [None, False, True])
def test_what_the_agent_says_wins_over_every_rule(answers):
    for facts in EVERY_FACT:
        others = dict(zip((*FACTS, "requester_in_to"), facts, strict=True))
        assert decide(answers=answers, verbs=("reply",), **others) == Visibility(True, False, "reply")
        for verbs in (("note",), ("reply", "note")):
            assert decide(answers=answers, verbs=verbs, **others) == Visibility(False, False, "note")


@pytest.mark.parametrize("answers", [None, False, True])
def test_without_a_word_of_the_agent_the_table_holds(answers):
    for facts in EVERY_FACT:
        found = decide(
            answers=answers, verbs=("assign", "status"), **dict(zip((*FACTS, "requester_in_to"), facts, strict=True))
        )
        transfers, assigns_away, forwards_alert, copied, to_requester = facts
        fits = answers or (answers is None and to_requester)
        barred = transfers or assigns_away or forwards_alert or (copied and not to_requester)
        assert found.public == bool(fits and not barred)
        assert found.by_rule != found.public


def test_an_answer_to_a_question_is_a_note_that_its_author_expects():
    asked = decide(answers=False, verbs=("assign",), was_asked=True)
    assert (asked.public, asked.by_rule) == (False, False)
    assert decide(answers=False, verbs=("reply",), was_asked=True).public
    both = decide(answers=False, verbs=("reply",), was_asked=True, to_note_address=True)
    assert (both.public, both.by_rule) == (False, True), "#reply is not done"
