"""A message that only thanks, and one that says more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.thanks import MOST, only_thanks

NAMES = ("Elliot Alderson", "First Bank Help Desk")


def thanks(text: str) -> bool:
    return only_thanks(text, "Karen Client", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thank you very much, Elliot. It works again!",
        "Thanks\nKaren",
        "Thank you, it works now.\n\nKind regards\nKaren Client\nClient Inc., 12 Street",
        "Vielen Dank für die schnelle Hilfe!\n\nMit freundlichen Grüßen\nKaren Client",
        "Merci beaucoup, tout fonctionne.",
        "¡Muchas gracias! Ya funciona perfecto.",
        *("Thanks for letting me know!", "Thanks for getting back to us so quickly.", "Thanks, that did the trick!"),
        *("Got it, thanks. Have a good one!", "Great job guys, cheers!", "It's working again, thanks!"),
        *("Thank you for the quick update.", "Thank you for your time and all your help.", "Thanks, great support!"),
        *("Thanks. My problem has been solved.", "I really appreciate your help, thank you so much."),
        *("Perfekt, vielen Dank für die prompte Erledigung!", "Danke, passt!", "Alles klar, danke für die Info."),
        *("Herzlichen Dank und ein schönes Wochenende", "Besten Dank für Ihre Mühe, das Problem ist gelöst."),
        *("Je vous remercie pour votre réactivité.", "D’accord, merci !", "Merci, c'est parfait.", "Bien reçu, merci."),
        *(
            "Merci pour l’information et bonne fin de journée !",
            "Vale, gracias!",
            "De acuerdo, muchas gracias por todo.",
        ),
        *("Muchas gracias por su pronta respuesta, que tenga un buen día.", "Gracias, ya funciona correctamente."),
        *("\U0001f44d", "\U0001f64f\U0001f3fd", "Thanks \U0001f60a", "❤️ \U0001f44d!"),
        "👍",
        "👍🏽 🙏",
        "Perfect ❤️",
        *(
            "Thanks again for all your help!",
            "Thank you so much again",
            "Danke, es geht wieder",
            "Danke, alles wieder gut",
        ),
    ],
)
def test_it_only_thanks(text):
    assert thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It works again.",
        "👎",
        "👍 but the printer?",
        *("Thanks, it did it again", "Thanks. I got it again", "Thank you, it is again", "Danke, es ist wieder so"),
        "👍 The printer prints nothing.",
        "Thanks, but the printer does not.",
        "Thanks, is it fixed now",
        "Thank you. When will it be back?",
        "Thanks, my number is 555 0100.",
        "Danke, leider geht es nicht.",
        "Thank you! " + "very " * MOST,
        "Thanks! Please close my account.",
        *(
            "Thanks, let me know.",
            "Thanks. Now fix it.",
            "Thanks, update me.",
            "Thanks, one more.",
            "Thanks in advance",
        ),
        *("Thanks for the update, the problem is back.", "Thanks for nothing", "No thanks", "Thanks, I need help"),
        *("Danke, war das alles", "Vielen Dank, ist das so klar", "Danke, noch eine Info", "Danke, ein Problem"),
        *(
            "Danke, das war es nicht",
            "Merci, ce n'est pas bon",
            "Merci, n'est",
            "Gracias, está mal",
            "Gracias, que fue",
        ),
        *("\U0001f44e", "\U0001f620", "...", "! :)", "Great."),
    ],
)
def test_it_says_more(text):
    assert not thanks(text)


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_is_judged(text, name):
    assert only_thanks(text, name, NAMES) in (True, False)
