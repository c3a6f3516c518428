"""The shipped words as a printer of their language sets them: quotation marks, question marks, and what is counted."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from mailgate.notice import ListedMail, NoticeKind
from mailgate.phrase import Phrase, phrase
from mailgate.writing.templates.folders import Folder
from mailgate.writing.templates.phrases import read_words
from mailgate.writing.templates.render import Renderer, shipped
from mailgate.writing.views.formatting import set_off
from tests.notices import CONFIG, KEYRING, MESSAGE, NOW, notice

LANGUAGES = ("en", "de", "fr", "es")
QUOTES = {"en": "“”", "de": "„“", "fr": "«»", "es": "«»"}
_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
WORDS = {
    language: read_words((Folder.read(shipped()),), "" if language == "en" else language) for language in LANGUAGES
}


def said(language: str) -> dict[str, str]:
    """Each phrase of a language without the code of its template."""
    return {name: _CODE.sub("", text) for name, text in WORDS[language].phrases.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotation_marks_are_those_of_the_language(language: str):
    opened, closed = QUOTES[language]
    for name, text in said(language).items():
        assert not re.search(rf"""["'‘{"".join({*"“”„«»"} - {opened, closed})}]""", text), name
        assert text.count(opened) == text.count(closed), name


def test_a_spanish_question_or_call_is_opened_as_well():
    for name, text in said("es").items():
        assert (text.count("¿"), text.count("¡")) == (text.count("?"), text.count("!")), name


# Said of several alone, or of one alone: the code chooses the phrase.
CHOSEN = re.compile(
    r"\.several$|^digest\.headline$|^meanwhile\.(messages?|times)$|^clock\.days$|^remark\.lines_not_shown$"
)
# Always of the same number, more than one; the last one's is a size.
FIXED = {"admin.postmaster_last", "confirm.more", "answer.too_many_words", "refused.ask_too_many"}
FIXED |= {"refused.too_many_commands", "refused.files_too_large"}
# Words behind a number that are the same for one and for several.
UNITS = {"min", "Min", "kB", "MB", "ko", "Mo", "Std", "more", "times"}
INVARIABLE = {
    "en": {"overdue", "due", "unassigned", "yours", "reopened", "new", "older"},
    "de": {"überfällig", "heute", "nicht", "bei", "wieder", "neue", "ältere"},
    "fr": {"en", "à", "au"},
    "es": {"sin", "como"},
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_that_is_counted_has_a_form_for_one(language: str):
    """Whatever number the code may say: the phrase has a sibling for one, or its word has one form."""
    phrases = said(language)
    for name, text in phrases.items():
        counted = re.findall(r"\{(?:count|shown|most|older|place)\} ([^\W\d_]{2,})", text)
        if f"{name}_one" in phrases or name in FIXED or CHOSEN.search(name):
            continue
        assert not {*counted} - UNITS - INVARIABLE[language] - {"of", "von", "sur", "de"}, (name, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_is_written_as_a_number_wherever_others_are(language: str):
    """What is said of one names no other number, and is not the sentence for several."""
    phrases = WORDS[language].phrases
    ones = [name for name in phrases if name.endswith("_one")]
    assert len(ones) > 8
    for name in ones:
        assert "{count}" not in phrases[name], name
        assert phrases[name] != phrases[name.removesuffix("_one")], name


def test_a_french_colon_is_parted_by_a_blank_wherever_a_template_sets_one():
    config = replace(CONFIG, desk=replace(CONFIG.desk, language="fr"))
    listed = ListedMail("sam@spam.example", "Cheap", Phrase("state.open"), ((Phrase("link.release"), "#confirm x"),))
    spam = Renderer().render(notice(NoticeKind.ADMIN, mails=(listed,)), config, KEYRING, NOW)
    assert "sam@spam.example\xa0: Cheap" in spam.text
    assert "sam@spam.example\xa0: Cheap" in spam.html
    assert re.search(r"^\[1\] Libérer\xa0: mailto:", spam.text, re.MULTILINE)
    report = Renderer().render(notice(NoticeKind.REPORT), config, KEYRING, NOW)
    assert re.search(r"novembre\xa0: \d", report.html)


def test_the_heading_of_an_entry_is_set_so_as_well_and_known_as_ours_where_a_requester_types_one():
    config = replace(CONFIG, desk=replace(CONFIG.desk, language="fr"))
    text = Renderer().render(notice(NoticeKind.NEW_MESSAGE, history=(MESSAGE,)), config, KEYRING, NOW).text
    (heading,) = re.findall(r"^Karen Client, .* \(message\).*$", text, re.MULTILINE)
    assert heading.endswith("\xa0:")
    assert set_off(heading) == f"> {heading}"


def test_the_labels_of_a_french_card_are_set_so_as_well():
    config = replace(CONFIG, desk=replace(CONFIG.desk, language="fr"))
    text = Renderer().render(notice(NoticeKind.NEW_MESSAGE), config, KEYRING, NOW).text
    assert re.search(r"^Demandeur\xa0:  +Karen Client <", text, re.MULTILINE)
    assert not re.search(r"^[^\W\d_]+: (?!n\.)", text.replace("Ref:", ""), re.MULTILINE)


def test_an_absence_stands_in_a_german_sentence_as_its_verb_wants_it():
    until = phrase("absence.until", until=NOW)
    said = [
        WORDS["de"].text(each, ZoneInfo("UTC"))
        for each in (
            phrase("done.away_you", absence=until),
            phrase("away.written_down", who="Ann", absence=until),
            phrase("remark.holder_away_until", name="Ann", until=NOW),
        )
    ]
    assert all(re.search(r" bis \w\w\., \d+\. \w+ \d{4}, \d\d:\d\d Uhr UTC abwesend", each) for each in said), said
