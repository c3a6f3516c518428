"""The acts of replies, notes, messages and ratings."""

from __future__ import annotations

from mailgate.rules.sla.clock import NEXT_RESPONSE
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.acts import Stamp
from mailgate.ticket import Actor, EventKind
from tests.lab import NOW, ticket

ANN = Stamp(Actor.agent("ann"), NOW, "why")
KAREN = Stamp(Actor.requester("karen@client.example"), NOW)


def test_a_message_says_who_wrote_it_and_the_first_one_starts_the_wait():
    after, (event,) = acts.receive_message("karen@client.example", NOW, KAREN, waits=True)(ticket())
    assert (event.kind, event.after) == (EventKind.MESSAGE, "karen@client.example")
    assert after.waiting_since == NOW
    assert acts.receive_message("x@y.example", NOW, KAREN, waits=False)(ticket())[0].waiting_since is None


def test_a_published_note_answers_as_a_reply_does():
    waits = ticket(waiting_since=NOW, escalated=("50%", NEXT_RESPONSE))
    for act, kind, entry in (
        (acts.reply("ann", ANN), EventKind.REPLIED, None),
        (acts.publish(3, "ann", ANN), EventKind.PUBLISHED, {"entry": 3}),
    ):
        after, (event,) = act(waits)
        assert (event.kind, event.after, event.reason) == (kind, entry, "")
        assert (after.first_response_at, after.waiting_since, after.last_respondent) == (NOW, None, "ann")
        assert after.escalated == ("50%",)


def test_a_reply_of_nobodys_leaves_the_last_respondent():
    assert acts.reply("", ANN)(ticket(last_respondent="elliot"))[0].last_respondent == "elliot"


def test_a_rating_is_recorded_once_unless_words_come_with_it():
    rated, (event,) = acts.rate("good", KAREN, anew=False)(ticket())
    assert (rated.satisfaction, event.before, event.after) == ("good", None, "good")
    assert acts.rate("good", KAREN, anew=False)(rated) == (rated, ())
    assert len(acts.rate("good", KAREN, anew=True)(rated)[1]) == 1
    (event,) = acts.rate("bad", KAREN, anew=False)(rated)[1]
    assert (event.before, event.after) == ("good", "bad")
