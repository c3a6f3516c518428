"""The language of a text: told where it is sure, and otherwise not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.language import language_of, tongue

TEXTS = {
    "en": "Hello, the entire mobile banking system is down and we cannot log in. Can you please help us? Thanks",
    "de": "Hallo, seit heute ist das Portal nicht erreichbar und wir können uns nicht anmelden. Bitte um Hilfe. Danke",
    "fr": "Bonjour, je ne peux pas me connecter depuis ce matin, le site n'est pas accessible. Que faire ? Merci",
    "es": "Hola, desde esta mañana no puedo entrar en el portal y los clientes tampoco. ¿Me puede ayudar? Gracias",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_few_sentences_tell_their_language(language: str):
    assert tongue(TEXTS[language]) == language
    assert tongue(TEXTS[language].upper()) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Printer broken",
        "the",
        f"{TEXTS['en']} {TEXTS['de']}",
        "Dzień dobry, od rana nie mogę się zalogować do portalu, proszę o pomoc.",
        "Ciao, da questa mattina non riesco ad accedere al portale, potete aiutarmi? Grazie mille",
        "Hallo, sinds vanochtend kan ik niet meer inloggen op de website. Kunt u mij helpen? Dank u wel",
        "system.out.println(die) at com.example.Main.run(Main.java:12) " * 9,
    ],
)
def test_what_is_short_mixed_or_foreign_has_none(text: str):
    assert tongue(text) == ""


@given(st.text())
def test_any_text_has_one_of_four_languages_or_none(text: str):
    assert tongue(text) in ("", *TEXTS)


def test_words_come_before_the_header_and_a_broken_header_counts_for_nothing():
    assert language_of(TEXTS["de"], "en-us") == "de"
    assert language_of("Drucker", "de-at") == "de-at"
    assert language_of("Drucker", "../../etc") == ""
    assert language_of("Drucker", "") == ""
