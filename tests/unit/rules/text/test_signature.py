"""What stands below a block of commands: a signature, or somebody's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.signature import (
    LONGEST,
    Signer,
    ending,
    is_signed,
    learned,
    only_signature,
    signature_of,
    unsigned,
)

ELLIOT = Signer("Elliot Alderson")


def known(*signatures: str) -> Signer:
    return Signer(signatures=signatures)


def only(text: str, signer: Signer = ELLIOT, *, thanks: bool = True) -> bool:
    return only_signature(text.split("\n"), signer, thanks=thanks)


def test_nothing_and_blank_lines_are_no_text():
    assert only_signature([])
    assert only_signature(["", " ", "\u200b", "\u00a0"])


def test_the_delimiter_begins_a_signature():
    assert only_signature(["-- ", "Elliot", "please read this"])
    assert not only_signature(["Hello", "-- ", "Elliot"])


def test_a_known_signature_counts_whatever_its_spacing():
    signature = "Elliot Alderson\nFirst Bank Support\n"
    assert only_signature(["", "elliot  alderson", "", "First Bank\u00a0Support"], known(signature))
    assert not only_signature(["Elliot Alderson"], known(signature))
    assert not only_signature(["It works.", "Elliot Alderson", "First Bank Support"], known(signature))


def test_signatures_stack():
    rest = ["Elliot", "", "Sent from my iPhone", "-- ", "anything"]
    assert only_signature(rest, known("", "Elliot"))
    assert not only_signature(rest, known(""))


def test_the_longest_known_signature_is_taken():
    assert only_signature(["Ann", "Lee"], known("Lee", "Ann\nLee"))


@pytest.mark.parametrize(
    "text",
    [
        "Best regards\nElliot Alderson\nSupport Engineer",
        "Kind regards,\n\nElliot",
        "Many thanks,\nbest regards,\nElliot",
        "Thanks,\nElliot",
        "Regards",
        "Mit freundlichen Grüßen\nElliot Alderson",
        "Bien cordialement,\nAlderson",
        "Un saludo\nEA",
        "Elliot Alderson\nSupport Engineer | First Bank\n+1 555 0100\nwww.bank.example",
        "Elliot Alderson, Support",
        "Alderson, Elliot",
        "*Elliot Alderson*",
        "Elliot",
    ],
)
def test_a_closing_with_the_name_is_a_signature(text):
    assert only(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Best regards\nAnn Reyes",
        "Ann Reyes\nFirst Bank",
        "Elliot will call you back",
        "Elliot Alderson will call you back",
        "Elliot Alderson\nplease look at this, it is broken.",
        "Regards\nElliot\nPS: restart it",
        "Regards\nElliot\nDid it work?",
        "Regards\nElliot\nThe vendor has changed the lock today.",
        "Regards\nElliot\n" + "word " * 30,
        "Regards\nElliot\n" + "\n".join(f"room {number}" for number in range(LONGEST)),
        "It works.\nRegards\nElliot",
        "Regards\n12",
        "Regards\nElliot and Ann and Bob and Sue and all of us",
    ],
)
def test_what_holds_a_sentence_or_another_name_is_a_text(text):
    assert not only(text)


def test_who_has_no_name_signs_with_a_formula_alone():
    assert only("Regards", Signer())
    assert not only("Regards\nElliot", Signer())
    assert not only("Elliot", Signer())


def test_thanks_above_a_name_may_be_meant():
    assert not only("Thanks,\nElliot", thanks=False)
    assert only("Thanks,\nRegards\nElliot", thanks=False)


def test_a_line_as_long_as_a_text_is_none():
    disclaimer = "This mail is confidential. " * 40
    known = Signer(signatures=(disclaimer, disclaimer * 2))
    assert only_signature([disclaimer], known)
    assert not only_signature([disclaimer * 2], known)
    assert only_signature(["--", disclaimer * 2], known)


def test_the_signature_of_a_text_is_its_longest_end():
    text = "Hello Karen,\n\nit works.\n\nBest regards,\nElliot Alderson\n\nSupport\n"
    assert signature_of(text, ELLIOT) == "Best regards,\nElliot Alderson\n\nSupport"
    assert signature_of("Hello Karen, it works.", ELLIOT) == ""
    assert signature_of("It works.\nCall us.", known("Call us.")) == "Call us."
    assert signature_of("\n".join(["x"] * 40), ELLIOT) == ""


def test_a_text_is_signed_by_its_end():
    assert is_signed("It works.\n\nBest\nElliot Alderson\nSupport\n1 Bank Street\nwww.bank.example\n12345", ELLIOT.name)
    assert is_signed("It works.\nElliot", ELLIOT.name)
    assert not is_signed("Elliot, it works.\n" + "word\n" * 5, "Ann Reyes")
    assert not is_signed("It works.", ELLIOT.name)


# ── learned ─────────────────────────────────────────────────────────────────────────────

DESK = "The Service Desk\nFirst Bank\n+1 555 010 1000"


def having(*texts: str, name: str = "Elliot Alderson") -> Signer:
    return Signer(name, endings=tuple(map(ending, texts)))


def test_what_two_mails_end_with_is_learned():
    assert learned(f"It works.\n\n{DESK}\n", having("Hello", f"We look.\n\n{DESK}")) == DESK
    assert learned(f"It works.\n\n{DESK}", having()) == ""
    assert learned(f"It works.\n\n{DESK}", having(f"It works.\n\n{DESK}")) == "", "the same mail again"
    assert learned(DESK, having(f"We look.\n\n{DESK}")) == "", "nothing stands above it"
    assert learned(f"It works.\n\n{DESK}", having(DESK)) == ""
    assert learned("It works.\nFirst Bank", having("We look.\nFirst Bank")) == "", "one line is anybody's"


def test_a_standing_sentence_is_no_signature_but_one_with_a_contact_is():
    said = "Please restart the application now.\nThat has always helped so far."
    assert learned(f"Hello.\n{said}", having(f"Good morning.\n{said}")) == ""
    legal = "This mail may hold what is confidential and is for its reader alone, whoever that is.\n"
    block = f"{legal}Write to office@bank.example"
    assert learned(f"Hello.\n{block}", having(f"Good morning.\n{block}")) == block


def test_the_end_of_an_earlier_mail_alone_is_a_signature():
    signer = having(f"We look.\n\n{DESK}")
    assert only(DESK, signer)
    assert not only(f"Hello\n{DESK}", signer)
    assert not only("Please restart the application now.", having("Hello\nPlease restart the application now."))


def test_an_ending_keeps_no_words():
    assert "bank" not in "".join(ending(DESK)).lower()
    assert len(ending("\n".join(map(str, range(99))))) == LONGEST + 1


@given(
    st.lists(st.text(max_size=120), max_size=8),
    st.lists(st.text(max_size=60), max_size=3),
    st.text(max_size=20),
)
def test_any_text_is_judged(rest, signatures, name):
    signer = Signer(name, tuple(signatures), tuple(map(ending, signatures)))
    assert only_signature(rest, signer) in (True, False)
    assert signature_of("\n".join(rest), signer) in "\n".join(rest)
    assert learned("\n".join(rest), signer) in "\n".join(rest)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It works.\n\nBest,\nAnn", "It works."),
        ("It works.\n\nAnn Reyes\nTechnician | First Bank", "It works."),
        ("It works.\n\nMit freundlichen Grüßen\nAnn Reyes\n+49 30 1234567\n", "It works."),
        ("It works.\n\nKind regards", "It works.\n\nKind regards"),
        ("It works.\n\nThanks,\nKind regards", "It works.\n\nThanks,\nKind regards"),
        ("It works.", "It works."),
        ("It works, says Ann.", "It works, says Ann."),
        ("It works.\n\nBest,\nAnn\n\nP.S. Mind the cable.", "It works.\n\nBest,\nAnn\n\nP.S. Mind the cable."),
        ("It works.\n\nBest,\nBob Base", "It works.\n\nBest,\nBob Base"),
        ("", ""),
    ],
)
def test_a_text_without_its_signature_keeps_all_that_says_something(text, left):
    assert unsigned(text, Signer("Ann Reyes")) == left
