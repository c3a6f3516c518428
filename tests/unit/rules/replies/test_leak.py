"""The leak guard. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.replies.leak import leak
from tests.cost import LINEAR, growth, seconds

NOTE = "The vendor's password is hunter2 and must not leave this house.\nreboot the router\nthanks\npin 4711"


def found(text, internal=(NOTE,), public=(), hidden=(), keys=()):
    return leak(text, internal=internal, public=public, hidden_names=hidden, keys=keys)


@pytest.mark.parametrize(
    "text",
    [
        "password is hunter2 and must not",
        "He says: The VENDOR'S Password,\nis “hunter2” and — must",
        "> > password is hunter2\n> > and must not leave",
        "Hello\nreboot the router\nBye",
        "Hello\n> Reboot\n> the router!\nBye",
        "Please reboot the router now.",
        "Could you first reboot\nthe router and tell us?",
        "> Could you first reboot\n>> the router and tell us?",
        "PIN 4711",
        "Your pin 4711 is new.",
        "_password_ *is* _hunter2_ and must not",
        "pass\u00adword is hun\u200bter2 and must not",
        "ｐａｓｓｗｏｒｄ is hunter2 and must not",
    ],
)
def test_internal_words_are_found_however_they_are_folded(text):
    assert found(text)


@pytest.mark.parametrize(
    "text",
    ["", "password is hunter2 and must", "Please reboot our router now.", "Thanks", "thanks\nKaren", "spin 4711 is"],
)
def test_fewer_words_or_a_part_of_a_line_or_a_word_of_courtesy_is_no_leak(text):
    assert found(text) == ""


@pytest.mark.parametrize(("line", "counts"), [("483920", True), ("48392", False), ("pin471", True), ("secret", False)])
def test_a_line_of_one_word_counts_within_another_line_where_it_is_a_code_of_six_characters(line, counts):
    assert bool(found(f"Use {line} to sign in.", internal=(f"From the vendor:\n{line}",))) is counts


def test_a_shorter_code_counts_as_a_line_of_its_own():
    assert found("It is:\n4711\nBye", internal=("From the vendor:\n4711",)) == "4711"


@pytest.mark.parametrize(
    "line",
    [
        "Thank you very much!",
        "please call me back",
        "How are you?",
        "Mit freundlichen Grüßen",
        "Merci beaucoup pour votre aide",
        "Muchas gracias por su ayuda",
    ],
)
def test_words_of_courtesy_are_nobodys_secret(line):
    """Lines such as a note and a reply end with; what short lines of real mails stand in others' text as well."""
    assert found(f"It works again. {line}", internal=(f"Ask the vendor.\n{line}",)) == ""
    assert found(f"It works again.\n{line}", internal=(f"Ask the vendor.\n{line}",)) == ""


def test_a_short_title_of_another_ticket_counts_as_a_line_of_its_own_alone():
    """Similar tickets are called alike: "Printer prints nothing" is what a reply may well say."""
    title = "Printer prints nothing"
    assert leak(f"See:\n> {title}", internal=(), titles=(title,), public=(), hidden_names=())
    assert leak(f"Your {title}, we hear.", internal=(), titles=(title,), public=(), hidden_names=()) == ""
    longer = f"{title} since the move upstairs"
    assert leak(f"Your {longer}, we hear.", internal=(), titles=(longer,), public=(), hidden_names=())


def test_what_is_public_never_counts():
    public = ("My note: password is hunter2 and must not leave, reboot the router; pin 4711. In Maintenance.",)
    for text in ("password is hunter2 and must not leave", "reboot the router", "pin 4711", "Maintenance"):
        assert found(text, public=public, hidden=("Maintenance",)) == ""
    assert found("pin 4711", public=("shipping 47110",)), "whole words alone are the same words"


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        ("Ask our Infrastructure department.", True),
        ("The department Infrastructure will call.", True),
        ("Department: Infrastructure", True),
        ("Our infrastructure people know.", True),
        ("Die Abteilung Infrastructure meldet sich.", True),
        ("We sent it to Infrastructure today.", True),
        ("I asked Infrastructure about it.", True),
        ("Our infrastructure is up again.", False),
        ("Infrastructure works again.", False),
        ("Thanks to infrastructure changes it is faster.", False),
        ("The Infrastructure Act, as a team of lawyers reads it", False),
    ],
)
def test_a_name_of_one_word_counts_where_it_is_used_as_one(text, is_name):
    assert bool(found(text, hidden=("Infrastructure",))) == is_name


def test_a_name_that_is_no_word_counts_anywhere():
    assert found("It is RedTeam who knows", hidden=("RedTeam",)) == "RedTeam"
    assert found("See Tier2 now", hidden=("Tier2",)) == "Tier2"


def test_hidden_names_and_keys():
    assert found("Ask our  Red-Team people", hidden=("", "Red Team")) == "Red Team"
    assert found("Ask the Red\u00adTeam", hidden=("RedTeam",)) == "RedTeam"
    assert found("Ask the redteamers", hidden=("Red Team",)) == ""
    assert found("x", keys=("n.a.b",)) == "n.a.b"


_SOME = ["a", "b", "c", "d", "won't", "l’été", "7", "OTP2", "straße"]  # "ss" and "ß" are one


@given(st.lists(st.sampled_from(_SOME), min_size=6, max_size=30), st.data())
def test_any_six_words_of_a_note_are_found_in_any_wrapping(words, data):
    start = data.draw(st.integers(0, len(words) - 6))
    between = st.sampled_from([" ", "\n", "\n> ", "  ", ", ", "_", "' ", " – "])
    marks = data.draw(st.lists(between, min_size=5, max_size=5))
    part = words[start : start + 6]
    text = part[0] + "".join(mark + word for mark, word in zip(marks, part[1:], strict=True))
    assert found(f"so: {text}.", internal=(" ".join(words),))
    assert found(text, internal=(" ".join(words),), public=(" ".join(words),)) == ""


def test_a_reply_that_shares_nothing_costs_little_beside_one_that_says_all_of_a_long_thread_again():
    notes = [f"note {number}: " + f"the gateway {number} was seen by nobody else " * 12 for number in range(200)]

    def compare(text: str) -> None:
        leak(text, internal=notes, public=notes, hidden_names=())

    said_again = "\n".join(notes)
    assert seconds(lambda: compare("Please try it once more.")) < seconds(lambda: compare(said_again)) / 3


def test_thousands_of_short_lines_in_notes_and_replies_take_no_time():
    """A log pasted into a note, and one into the reply: the database is held while they are compared."""

    def compare(lines: int) -> None:
        log = "\n".join(f"disk {number} of rack {number % 7}" for number in range(lines))
        assert leak(log, internal=(log,), public=(log,), hidden_names=()) == ""

    assert growth(compare, 8000) < LINEAR


def test_a_text_in_pieces_is_judged_as_a_whole() -> None:
    note = "zebra canary forty two purple monkey\nask Infrastructure"
    given = {"internal": (note,), "hidden_names": ("Maintenance",)}
    assert leak(iter(("nothing", "a zebra canary forty two purple monkey")), public=(), **given)
    assert leak(iter(("nothing", "call the Maintenance team")), public=(), **given) == "Maintenance"
    assert leak(iter(("zebra canary forty two purple monkey", "x")), public=(note,), **given) == ""
    assert leak((), public=(), **given) == ""
