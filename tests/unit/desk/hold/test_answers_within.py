"""An agent answers within the copied mail, in red: the desk cannot tell these words from the copy, and says so."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.desk import ELLIOT, KAREN, Bench, Sent, outside, to

ELLIOT_ = "elliot@bank.example"
RED = '<p class="MsoNormal"><span style="color:#C00000">Firefox 140 is too old.<o:p></o:p></span></p>'


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def alert(bench) -> Sent:
    return to(bench.send(KAREN, "The portal is down.\n\nI use Firefox 140."), ELLIOT_)


def outlook(alert: Sent, above: str, within: str) -> dict[str, str]:
    """Text and page of an answer as Outlook writes it: a header, and our alert without a mark that it is copied."""
    header = {
        "From": alert.message["From"],
        "Sent": "Friday, November 20, 2026 10:00 AM",
        "To": "Elliot",
        "Subject": alert.subject,
    }
    fields = "<br>".join(f"<b>{label}:</b> {value.replace('<', '&lt;')}" for label, value in header.items())
    copied = re.search(r"<body[^>]*>(.*)</body>", alert.part("html"), re.DOTALL)
    assert copied
    before, question, after = copied[1].partition("I use Firefox 140.</p>")
    assert question
    changed = f"{before}{question}{within}{after}"
    own = above.replace("\n", "<br>")
    page = f'<div class="WordSection1"><p class="MsoNormal">{own}</p><div><p>{fields}</p></div>{changed}</div>'
    text = re.sub(r"<(?:p|br|div|tr)\b[^>]*>", "\n", page)
    return {"text": unescape(re.sub(r"<[^>]+>", "", text)), "html": f"<html><body>{page}</body></html>"}


def test_an_answer_in_red_within_our_alert_is_held_with_its_words_and_sent_with_one_tap(bench, alert):
    held = to(bench.send(ELLIOT, **outlook(alert, "See my answers in red below.", RED), answers=alert), ELLIOT_)
    assert held.kind == "held"
    assert "What you wrote into the copied mail (“Firefox 140 is too old.”) would be lost." in held.text
    assert "Firefox 140 is too old." in held.text.partition("Your answer:")[2]
    assert [kind for kind, _ in bench.thread()] == ["message"]
    reply = to(bench.tap(held), "karen@client.example")
    assert (reply.kind, bench.thread()[-1]) == ("reply", ("reply", "See my answers in red below."))
    assert "too old" not in reply.text


@pytest.mark.parametrize("above", ["Mes réponses en rouge.", "Meine Antworten stehen unten in rot"])
def test_the_ways_to_announce_it(bench, alert, above):
    assert to(bench.send(ELLIOT, **outlook(alert, above, RED), answers=alert), ELLIOT_).kind == "held"


@pytest.mark.parametrize(
    ("above", "within"),
    [
        ("See my answers in red below.", ""),
        ("Please see below.", RED),  # it may be what Karen wrote
        ("I answer inline.", ""),  # the alert has colours, too
        ("Take a newer one.", RED),
    ],
)
def test_where_nothing_of_the_agent_is_lost_the_answer_goes_out(bench, alert, above, within):
    sent = bench.send(ELLIOT, **outlook(alert, above, within), answers=alert)
    assert [mail.kind for mail in outside(sent)] == ["reply"]


def test_a_note_is_held_as_well(bench, alert):
    held = to(bench.send(ELLIOT, **outlook(alert, "#note\nSee my words in red.", RED), answers=alert), ELLIOT_)
    assert held.kind == "held"
    bench.tap(held)
    assert bench.thread()[-1] == ("note", "See my words in red.")


def test_an_answer_that_the_requester_has_received_is_not_held(bench, alert):
    bench.send(ELLIOT, **outlook(alert, "Answers in red.", RED), answers=alert, cc="karen@client.example")
    assert bench.thread()[-1][0] == "reply"


def test_its_end_without_a_word_is_told_with_the_reason(bench, alert):
    bench.send(ELLIOT, **outlook(alert, "Answers in red.", RED), answers=alert)
    told = next(mail for mail in bench.wait(days=4) if mail.kind == "held")
    assert "because what you wrote into the copied mail would have been lost" in told.text
