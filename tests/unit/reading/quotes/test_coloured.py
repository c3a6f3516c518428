"""Answers in colour among the copied text are shown to the reader of the mail, and are no more than that."""

from __future__ import annotations

import pytest

from mailgate.reading.body import read_mail
from mailgate.reading.quotes.coloured import announced

HEAD = (
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>From:</b>'
    " Ann Key &lt;ann@vendor.example&gt;<br><b>Sent:</b> Friday, November 20, 2026 10:00 AM<br><b>To:</b> Karen"
    " &lt;karen@client.example&gt;<br><b>Subject:</b> Card</p></div>"
)


def p(text: str, colour: str = "") -> str:
    shown = f'<span style="color:{colour}">{text}<o:p></o:p></span>' if colour else text
    return f'<p class="MsoNormal" style="margin:0cm">{shown}</p>'


def outlook(above: str, *history: str) -> str:
    """What is shown of an answer as Outlook writes it, unmarked history below its header."""
    page = f'<html><body><div class="WordSection1">{p(above)}{HEAD}{"".join(history)}</div></body></html>'
    raw = f"From: karen@client.example\nTo: support@bank.example\nSubject: RE: Card\nContent-Type: text/html\n\n{page}"
    body = read_mail(raw.encode())[1]
    assert body.lines == (above,), "nothing else is the author's for commands and answers"
    return body.visible


QUESTIONS = (p("Hello Karen,"), p("&nbsp;"), p("Which browser?"), p("Firefox", "red"), p("&nbsp;"), p("Since when?"))
END = (p("Since Monday.", "#C00000"), p("&nbsp;"), p("Thanks"), p("Ann"))
ANSWERED = "> Which browser?\nFirefox\n\n> Since when?\nSince Monday."


@pytest.mark.parametrize(
    "above",
    [
        "See my answers below in red.",
        "Meine Antworten in rot.",
        "Mes réponses en rouge.",
        "Respuestas en rojo.",
        "Odpowiedzi na czerwono",
        "Answers inline.",
        "My comments are below",
        "Antworten unten",
    ],
)
def test_answers_that_are_announced_are_shown_with_their_questions(above):
    assert outlook(above, *QUESTIONS, *END).split("\n\n", 1) == [above, ANSWERED]


def test_an_answer_on_the_line_of_its_question_is_one():
    mixed = '<p class="MsoNormal">Which browser? <font color="red">Firefox</font></p>'
    assert (
        outlook("Answers in red", p("Hello"), mixed, p("Ann"), p("Key")).split("\n\n", 1)[1]
        == "> Hello\nWhich browser? Firefox"
    )


def test_three_lines_of_a_question_are_enough():
    shown = outlook("Answers in red", p("One"), p("two"), p("three"), p("four?"), p("Yes.", "red"), p("Ann"))
    assert shown == "Answers in red\n\n> two\n> three\n> four?\nYes."


@pytest.mark.parametrize("above", ["The red light is on.", "Answers in blue.", "See you on Monday."])
def test_colours_that_nobody_announced_are_history(above):
    assert outlook(above, *QUESTIONS, *END) == above


def test_a_mail_that_is_all_in_that_colour_was_written_so():
    assert outlook("See below in red.", p("Hello", "red"), p("Bye", "red")) == "See below in red."


def test_only_the_answered_mail_is_looked_at():
    older = (HEAD.replace("Friday", "Thursday"), p("Is it urgent?"), p("Yes, very.", "red"), p("Ann"))
    assert outlook("Answers in red.", *QUESTIONS, *END, *older).endswith(ANSWERED)


def test_the_first_line_of_history_may_be_an_answer():
    shown = outlook("Answers in red.", p("Not me.", "red"), p("Who was it?"), p("Ann"), p("Key"))
    assert shown == "Answers in red.\n\nNot me."


def test_which_colours_are_announced():
    assert announced("Meine Antworten stehen in blauer Schrift") == ({"blue"}, True)
    assert announced("отвечаю красным") == ({"red"}, True)
    assert announced("I marked it in green and in orange") == ({"green", "orange"}, True)
    assert announced("the answer is red") == (set(), False)
    colours, named = announced("answers in colour below")
    assert len(colours) > 3
    assert not named
