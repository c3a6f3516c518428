"""Requesters' and collaborators' own words on top of a mail: what is one, what is text. Pure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.phrase import Day, Phrase
from mailgate.rules.commands.requester_words import RequesterCommands, acts_of, answers, read_requester_words
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.ticket import Actor, Address, Collaborator, Entry, EntryKind, Status
from tests.lab import NOW, desk, ticket

STAMP = Stamp(Actor.requester("karen@client.example"), NOW)


@pytest.mark.parametrize(
    ("text", "words", "rest"),
    [
        ("#close", ("close",), ""),
        ("\n *#Close.* \n\nThanks,\nKaren", ("close",), "Thanks,\nKaren"),
        ("＃ｃｌｏｓｅ\n\u200b\n#status\n#close", ("close", "status"), ""),
        ("#status\n\nSent from my iPhone", ("status",), ""),
        ("#help\n-- \nKaren Client\nFirst Floor", ("help",), ""),
        ("#reopen\n#assign ann", ("reopen",), "#assign ann"),
    ],
)
def test_words_on_top_are_taken_and_the_rest_is_text(text, words, rest):
    assert read_requester_words(text.split("\n"), "requester") == RequesterCommands(words, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "close",
        "Hello\n#close",
        "#close it please",
        "\\#close",
        "xclose",
        "/close",
        "#leave",
        "#resolved",
        "#assign ann",
        "#",
    ],
)
def test_anything_else_of_a_requester_is_text(text):
    assert read_requester_words(text.split("\n"), "requester") == RequesterCommands()


def test_a_collaborator_may_leave_and_nothing_else_and_a_stranger_may_nothing():
    assert read_requester_words(["#leave"], "collaborator").words == ("leave",)
    for role, word in (("collaborator", "#close"), ("inactive", "#leave"), ("", "#close")):
        assert read_requester_words([word], role) == RequesterCommands()


def test_what_the_words_do():
    jane = ticket(collaborators=(Collaborator("jane@x.example"),))
    done = act_on(jane, acts_of(RequesterCommands(("leave", "help", "status")), "jane@x.example", STAMP), STAMP, desk())
    assert done.after.collaborators == ()
    closed = act_on(jane, acts_of(RequesterCommands(("close",)), "", STAMP), STAMP, desk()).after
    assert closed.status is Status.CLOSED
    assert act_on(closed, acts_of(RequesterCommands(("reopen",)), "", STAMP), STAMP, desk()).after.status is Status.OPEN


def test_what_is_told():
    def entry(kind, days):
        return Entry(kind=kind, by="", author=Address("a@x.example"), at=NOW + timedelta(days=days), text="")

    opened = ("opened", Day(ticket().created_at))
    said = answers(RequesterCommands(("status", "help")), ticket(), [])
    assert said == (Phrase("asked.open"), Phrase("asked.unanswered", (opened,)), Phrase("asked.help"))
    thread = [entry(EntryKind.REPLY, 1), entry(EntryKind.NOTE, 2)]
    answered = ("answered", Day(NOW + timedelta(days=1)))
    assert answers(RequesterCommands(("status",)), ticket(), thread)[1] == Phrase("asked.answered", (opened, answered))
    assert answers(RequesterCommands(("leave",)), ticket(), []) == (Phrase("asked.left"),)
