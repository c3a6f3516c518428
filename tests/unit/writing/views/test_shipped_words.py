"""Words by language: complete, said where they should be, changed by the administrator phrase by phrase."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailgate.figures import Attainment, Spread, Times
from mailgate.mail import MARKERS
from mailgate.notice import NoticeKind
from mailgate.phrase import Day, Phrase, phrase
from mailgate.reading.body import read_body
from mailgate.reading.parse import parse
from mailgate.rules.text import moments
from mailgate.ticket import Status
from mailgate.writing.templates.folders import Folder
from mailgate.writing.templates.phrases import read_words
from mailgate.writing.templates.render import Renderer, shipped
from mailgate.writing.views.formatting import clock
from mailgate.writing.views.words import UnknownPhrase, Words
from tests.notices import CONFIG, FIGURES, INVOICE, KEYRING, MESSAGE, NOW, REPORT, TICKET, notice, put, write

K = NoticeKind
ENGLISH = read_words((Folder.read(shipped()),), "")
OTHERS = ("de", "fr", "es")
NEW_YORK = ZoneInfo("America/New_York")
_WORD = re.compile(r"(?<![{#\w])[a-zA-Z]{2,}(?![}\w])")
REQUESTERS = [kind for kind in K if kind.to_requester]


def in_language(language: str, kind: K, **fields: object):
    ticket = replace(TICKET, language=language)
    made = notice(kind, **{"ticket": ticket, **fields})
    return Renderer().render(made, CONFIG, KEYRING, NOW)


@pytest.mark.parametrize("language", OTHERS)
def test_every_phrase_is_translated_and_holds_the_same_values(language: str):
    own = tomllib.loads((shipped() / language / "words.toml").read_text("utf-8"))
    phrases = {f"{table}.{key}": text for table, texts in own.items() for key, text in texts.items()}
    english = {**ENGLISH.phrases, "dates.days": (), "dates.months": ()}
    assert phrases.keys() == english.keys()
    assert not [name for name, text in phrases.items() if text == english[name] and len(_WORD.findall(text)) > 2]
    for name, text in ENGLISH.phrases.items():
        if not name.startswith("dates"):
            assert set(re.findall(r"\{+ ?\w+", phrases[name])) == set(re.findall(r"\{+ ?\w+", text)), name


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", REQUESTERS)
def test_mail_to_requesters_is_in_the_tickets_language(kind: NoticeKind, language: str):
    found = in_language(language, kind, facts=(Phrase("told.resolved"),), history=(MESSAGE,))
    english = in_language("en", kind, facts=(Phrase("told.resolved"),), history=(MESSAGE,))
    assert found.text.startswith(MARKERS[language])
    assert f'<html lang="{language}">' in found.html
    for told in ("request", "your", "answer"):
        theirs = kind is K.OPENED_FOR_YOU or kind is K.REPLY or kind is K.REJECTED
        assert theirs or not re.search(rf"\b{told}\b", found.text, re.IGNORECASE), told
    assert found.text != english.text


def test_the_rules_write_dates_as_the_english_words_do():
    assert ENGLISH.dates == moments.ENGLISH


def test_german_is_idiomatic_to_the_day():
    text = in_language("de-AT", K.REPLY, history=(MESSAGE,)).text
    assert "Karen Client schrieb am 20. November 2026 um 08:40 Uhr:" in text
    facts = (Phrase("asked.open"), phrase("asked.answered", opened=Day(NOW), answered=Day(NOW)))
    assert "Sie wurde am 20. November 2026 eröffnet" in in_language("de", K.STATUS_CHANGED, facts=facts).text


def test_a_language_that_there_is_not_is_the_desks_and_that_failing_english():
    made = notice(K.ACKNOWLEDGEMENT, ticket=replace(TICKET, language="xx"))
    german = replace(CONFIG, desk=replace(CONFIG.desk, language="de"))
    assert "Wir haben Ihre Anfrage erhalten" in Renderer().render(made, german, KEYRING, NOW).text
    assert "We have received" in Renderer().render(made, CONFIG, KEYRING, NOW).text
    english = replace(made, ticket=replace(TICKET, language="en-GB"))
    assert "We have received" in Renderer().render(english, german, KEYRING, NOW).text


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_every_status_has_its_words(language: str, status: Status):
    words = read_words((Folder.read(shipped()),), "" if language == "en" else language)
    for table in ("status", "told", "asked"):
        assert words.phrases[f"{table}.{status}"]


def test_what_a_mail_to_a_requester_does_not_hold_is_told_in_their_language():
    files = (replace(INVOICE, name="fix.EXE"), replace(INVOICE, size=90_000_000))
    text = in_language("de", K.REPLY, attachments=files).text
    assert "fix.EXE, 120 kB (Dateien vom Typ .exe werden nicht weitergegeben)" in text
    assert "invoice.pdf" in text


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_an_answer_above_the_line_is_all_that_is_read_of_it_in_every_language(language: str):
    ticket = replace(TICKET, language=language)
    alert = parse(write(notice(K.REPLY, ticket=ticket)).data)
    for below in (alert.text, "\n".join(f"> {line}" for line in alert.text.split("\n"))):
        raw = f"From: karen@client.example\r\nSubject: Re\r\nIn-Reply-To: <a@b>\r\n\r\nMerci.\n\n{below}"
        assert read_body(parse(raw.encode())).visible == "Merci."


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("", "1 overdue, 1 yours", "2 overdue, 3 yours"),
        ("de", "1 überfällig, 1 bei Ihnen", "2 überfällig, 3 bei Ihnen"),
        ("fr", "1 en retard, 1 à vous", "2 en retard, 3 à vous"),
        ("es", "1 vencido, 1 suyo", "2 vencidos, 3 suyos"),
    ],
)
def test_one_is_said_in_the_singular(language: str, one: str, several: str):
    words = read_words((Folder.read(shipped()),), language)

    def said(overdue: int, mine: int) -> str:
        counts = (phrase("digest.overdue_count", count=overdue), phrase("digest.mine_count", count=mine))
        return words.text(counts, NEW_YORK)

    assert said(1, 1) == one
    assert said(2, 3) == several


def test_an_own_text_of_a_number_stands_for_one_as_well(tmp_path: Path):
    source = '[digest]\noverdue_count = "in ritardo: {count}"\n[report]\nmore_one = "e un altro"\n'
    words = read_words((Folder.read(put(tmp_path, "it/words.toml", source)), Folder.read(shipped())), "it")
    assert words.text(phrase("digest.overdue_count", count=1), NEW_YORK) == "in ritardo: 1"
    assert words.filled("report.more", count="1") == "e un altro"
    assert words.filled("report.more", count="2") == "and 2 more"


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "Attached: invoice.pdf, 3.4 MB", "Attached: invoice.pdf, 1 byte; invoice.pdf, 3.4 MB"),
        ("de", "Anhang: invoice.pdf, 3,4 MB", "Anhang: invoice.pdf, 1 Byte; invoice.pdf, 3,4 MB"),
        ("fr", "Pièce jointe : invoice.pdf, 3,4 Mo", "Pièces jointes : invoice.pdf, 1 o ; invoice.pdf, 3,4 Mo"),
        ("es", "Adjunto: invoice.pdf, 3,4 MB", "Adjuntos: invoice.pdf, 1 byte; invoice.pdf, 3,4 MB"),
    ],
)
def test_files_and_their_sizes_are_told_as_the_language_does(language: str, one: str, two: str):
    small, large = replace(INVOICE, size=1), replace(INVOICE, size=3_400_000)
    assert one in in_language(language, K.REPLY, attachments=(large,)).text.replace("\xa0", " ")
    assert two in in_language(language, K.REPLY, attachments=(small, large)).text.replace("\xa0", " ")


@pytest.mark.parametrize("language", ["fr", "fr-CA"])
def test_french_parts_no_sign_from_its_word(tmp_path: Path, language: str):
    source = '[report]\nmore = "« encore » {count} : quoi ? non !{% if a != b %}{% endif %}"\n'
    words = read_words((Folder.read(put(tmp_path, f"{language}/words.toml", source)), Folder.read(shipped())), language)
    said = "«\xa0encore\xa0» 2\xa0: quoi\xa0? non\xa0!{% if a != b %}{% endif %}"
    assert words.filled("report.more", count="2") == said
    shipped_words = read_words((Folder.read(shipped()),), "fr").phrases
    assert not [text for text in shipped_words.values() if re.search(r" [:;?!»]|« ", text)]
    assert "demande [#1001]\xa0: Entire" in in_language("fr", K.COLLABORATOR_ADDED).text
    assert [text for text in ENGLISH.phrases.values() if "\xa0" in text] == []


def test_a_report_of_nothing_says_so_in_text_and_page_alike():
    none, never = Attainment(0, 0), Times(0, Spread(None, None), Spread(None, None))
    totals = replace(FIGURES, resolved_in_time=none, first_response=never, resolution=never)
    report = replace(REPORT, totals=totals, by={name: {} for name in REPORT.by})
    found = Renderer().render(notice(K.REPORT, report=report), CONFIG, KEYRING, NOW)
    assert "Resolved in time: no ticket had a target\nFirst answered in time: no ticket had a target\n" in found.text
    for part in (found.text, found.html):
        assert "0 of 0" not in part
        assert "First answer<" not in part
        assert "median" not in part
    whole = Renderer().render(notice(K.REPORT), CONFIG, KEYRING, NOW)
    assert "median" in whole.text
    assert "First answer</th>" in whole.html


@pytest.mark.parametrize(("language", "gap"), [("en", ""), ("de", "\xa0"), ("fr", "\xa0"), ("es", "\xa0")])
def test_every_percentage_of_a_mail_is_written_as_its_language_does(language: str, gap: str):
    config = replace(CONFIG, desk=replace(CONFIG.desk, language=language))
    found = Renderer().render(notice(K.REPORT), config, KEYRING, NOW)
    page = re.sub(r"<style>.*?</style>|<[^>]*>", " ", found.html, flags=re.DOTALL)
    percentages = re.findall(r"\d\s?%", found.text + page)
    assert len(percentages) > 9
    assert {each[1:] for each in percentages} == {f"{gap}%"}


@pytest.mark.parametrize("kind", [K.NEW_TICKET, K.NEW_MESSAGE, K.COLLEAGUE_REPLY, K.ASSIGNED])
@pytest.mark.parametrize("name", ["Karen Client", "Acme & Co."])
def test_a_name_that_ends_in_a_full_stop_ends_its_sentence(kind: NoticeKind, name: str):
    they = replace(TICKET.requester, name=name)
    fact = phrase("event.assigned", who="Ann", name=name)
    made = notice(kind, ticket=replace(TICKET, requester=they), by=they, facts=(phrase("fact.plain", what=fact),))
    found = Renderer().render(made, CONFIG, KEYRING, NOW)
    assert f"{name.rstrip('.')}.\n" in found.text
    assert ".." not in found.text + found.html.replace("...", "")
    assert "Acme &amp; Co.</p>" in found.html or name == "Karen Client"


@pytest.mark.parametrize(
    ("within", "told"),
    [
        (timedelta(days=30), "answer this mail within 30 days: that opens it again."),
        (timedelta(hours=12), "answer this mail."),
        (timedelta(0), "answer this mail."),
    ],
)
def test_a_time_to_reopen_in_is_promised_where_it_is_days(within: timedelta, told: str):
    config = replace(CONFIG, tickets=replace(CONFIG.tickets, reopen_within=within))
    made = notice(K.STATUS_CHANGED, ticket=replace(TICKET, status=Status.RESOLVED))
    assert f"If the problem is not solved, {told}" in Renderer().render(made, config, KEYRING, NOW).text


# ── the administrator's own words ───────────────────────────────────────────────────────


def test_a_phrase_of_the_administrators_replaces_one_and_leaves_the_others(tmp_path: Path):
    put(tmp_path, "de/words.toml", '[acknowledgement]\nhappened = "Danke & bis <bald>, {{ token }}."\n')
    renderer = Renderer((tmp_path,))
    found = renderer.render(notice(K.ACKNOWLEDGEMENT, ticket=replace(TICKET, language="de")), CONFIG, KEYRING, NOW)
    assert "Danke & bis <bald>, [#1001]." in found.text
    assert "Danke &amp; bis &lt;bald&gt;, [#1001]." in found.html
    assert "antworten Sie einfach auf diese E-Mail" in found.text
    assert renderer.check() == ()
    english = renderer.render(notice(K.ACKNOWLEDGEMENT), CONFIG, KEYRING, NOW)
    assert "We have received" in english.text


def test_a_new_language_needs_one_file_and_says_the_rest_in_english(tmp_path: Path):
    source = '[mail]\nlanguage = "it"\n[acknowledgement]\nhappened = "Abbiamo ricevuto la richiesta {{ token }}."\n'
    renderer = Renderer((put(tmp_path, "it/words.toml", source),))
    found = renderer.render(notice(K.ACKNOWLEDGEMENT, ticket=replace(TICKET, language="it-it")), CONFIG, KEYRING, NOW)
    assert "Abbiamo ricevuto la richiesta [#1001]." in found.text
    assert "A person will answer you." in found.text
    assert '<html lang="it">' in found.html
    assert renderer.check() == ()


def test_an_own_template_without_a_language_speaks_all_with_phrases(tmp_path: Path):
    put(tmp_path, "acknowledgement.txt", "{{ desk }}: {% say acknowledgement.happened %}")
    renderer = Renderer((tmp_path,))
    german = notice(K.ACKNOWLEDGEMENT, ticket=replace(TICKET, language="de"))
    assert renderer.render(german, CONFIG, KEYRING, NOW).text.startswith("First Bank Help Desk: Wir haben")
    assert renderer.check() == ()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("[acknowledgement]\nhapened = 'x'", "no phrase is called acknowledgement.hapened"),
        ("[acknowledgement]\nhappened = 'a\\nb'", ""),
        ('[acknowledgement]\nhappened = "a\\nb"', "acknowledgement.happened must be one line"),
        ("[acknowledgement]\nhappened = 3", "acknowledgement.happened must be a text"),
        ("happened = 'x'", "happened stands outside of a [table]"),
        ("[dates]\ndays = ['a']", "dates.days must be 7 texts"),
        ("[dates]\nweeks = ['a']", "dates.weeks must be a text"),
        ("[mail", "this is no TOML"),
        ("[acknowledgement]\nhappened = '{{ tokn }}'", "in acknowledgement: UndefinedError: 'tokn' is undefined"),
        ("[acknowledgement]\nhappened = '{{ token'", "in acknowledgement: TemplateSyntaxError"),
        ("[overdue]\nhappened = '{{ tokn }}'", "in overdue: UndefinedError: 'tokn' is undefined"),
        ("[event]\ndue = '{whom}: {at}'", "event.due has no value {whom}"),
        ("[event]\ndue = 'Now {at}'", ""),
        ("[dates]\nday = '{year}, {day} {month}'", ""),
    ],
)
@pytest.mark.parametrize("name", ["words.toml", "de/words.toml"])
def test_check_tells_what_is_wrong_with_words(tmp_path: Path, source: str, told: str, name: str):
    found = [str(problem) for problem in Renderer((put(tmp_path, name, source),)).check()]
    assert bool(found) is bool(told)
    assert all(name in each for each in found)
    assert not told or told in found[0]


def test_a_phrase_that_there_is_not_is_told_with_its_line(tmp_path: Path):
    put(tmp_path, "reply.txt", "fine\n\n{% say mail.atached %}")
    (problem,) = Renderer((tmp_path,)).check()
    assert (problem.line, problem.what) == (3, "no phrase is called mail.atached; did you mean mail.attached?")


def test_what_is_put_into_a_phrase_is_never_looked_at_again():
    words = Words("en", {"x.y": "{a} {b} {c}"}, replace(ENGLISH.dates, day_form="{day}"))
    said = words.text(phrase("x.y", a="{b}", b=Day(datetime(2026, 1, 5, tzinfo=UTC))), ZoneInfo("UTC"))
    assert said == "{b} 5 {c}"
    with pytest.raises(UnknownPhrase):
        words.expanded("{% say no %}")


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2026, 11, 20, 16, 30, tzinfo=UTC), "today 11:30, in 2 h"),
        (datetime(2026, 11, 20, 15, 0, tzinfo=UTC), "today 10:00, in 30 min"),
        (datetime(2026, 11, 20, 14, 29, 50, tzinfo=UTC), "today 09:29, 1 min ago"),
        (datetime(2026, 11, 21, 14, 0, tzinfo=UTC), "tomorrow 09:00, in 24 h"),
        (datetime(2026, 11, 19, 14, 0, tzinfo=UTC), "yesterday 09:00, 24 h ago"),
        (datetime(2026, 11, 23, 14, 0, tzinfo=UTC), "Mon 23 Nov, 09:00, in 3 days"),
        (datetime(2027, 1, 4, 14, 0, tzinfo=UTC), "Mon 4 Jan 2027, 09:00, in 45 days"),
    ],
)
def test_a_due_time_is_told_as_people_say_it(at: datetime, told: str):
    assert clock(at, NOW, NEW_YORK, ENGLISH) == told
