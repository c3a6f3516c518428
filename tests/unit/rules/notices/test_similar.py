"""Similar ended tickets in the alerts about a new one: found by words, shown to who may see them, internal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.desk.notify.related_tickets import how_it_ended
from mailgate.rules.notices.similar import LATEST, closest, words_of
from mailgate.rules.ticket import reasons
from mailgate.ticket import CLOCK, Event, EventKind, Status
from mailgate.writing.templates.phrases import Catalogue
from tests.desk import CONFIG, Bench, to

KAREN, ELLIOT, ANN = "karen@client.example", "elliot@bank.example", "ann@bank.example"
SUBJECT = "Acrobat licence expired on the laptops"


@pytest.fixture
def bench(tmp_path):
    """A desk where ticket 1001 was resolved, for a reason."""
    bench = Bench(tmp_path)
    mails = bench.send(KAREN, "Acrobat asks for a new licence on all twelve laptops.", subject=SUBJECT)
    alert = to(mails, ELLIOT)
    bench.send(ELLIOT, "#resolve -- renewed it with the vendor under contract A-77", answers=alert)
    return bench


def asked(bench, sender="joe@other.example", subject="Acrobat licence has expired", text="On my laptop.", **more):
    return bench.send(sender, text, subject=subject, **more)


def test_the_alert_about_a_new_ticket_shows_what_ended_like_it_and_how(bench):
    text = to(asked(bench), ELLIOT).text
    assert "Similar resolved tickets\n\n[#1001] Acrobat licence expired on the laptops\n" in text
    assert "    resolved by Elliot Alderson: renewed it with the vendor under contract A-77 (Fri 20 Nov" in text


def test_how_it_was_resolved_is_shown_also_when_the_desk_has_closed_it_since(bench):
    bench.wait(days=4)
    assert bench.ticket().status is Status.CLOSED
    text = to(asked(bench), ELLIOT).text
    assert "    resolved by Elliot Alderson: renewed it with the vendor under contract A-77 (Fri 20 Nov" in text


def test_a_reason_that_the_desk_gave_is_told_in_the_readers_language(bench):
    bench.configure(CONFIG.replace('admin = "root@ops.example"', 'admin = "root@ops.example"\nlanguage = "fr"'))
    closed = Event(kind=EventKind.STATUS_CHANGED, by=CLOCK, at=bench.now, reason=reasons.CLOSED, after=Status.CLOSED)
    ended = how_it_ended(bench.ticket(), closed, bench.config).ended
    assert (
        Catalogue.of(bench.config).words("fr").text(ended, ZoneInfo("UTC"))
        == "fermé\xa0: résolu depuis assez longtemps"
    )


def test_html_shows_it_too_and_the_requester_never(bench):
    mails = asked(bench)
    assert "Similar resolved tickets" in to(mails, ELLIOT).part("html")
    told = to(mails, "joe@other.example")
    assert "1001" not in told.everything
    assert "vendor" not in told.everything


def test_a_ticket_about_something_else_shows_nothing(bench):
    assert "Similar" not in to(asked(bench, subject="The coffee machine leaks", text="Water everywhere."), ELLIOT).text


def test_one_common_word_is_not_alike(bench):
    assert "Similar" not in to(asked(bench, subject="Laptops for the interns", text="Five of them."), ELLIOT).text


def test_an_open_ticket_is_not_shown_nor_one_that_was_opened_again(bench):
    bench.send(ELLIOT, "#ticket 1001\n#reopen", answers=to(asked(bench), ELLIOT))
    assert "[#1001]" not in to(asked(bench, sender="amy@other.example"), ELLIOT).text


def test_only_who_sees_the_old_ticket_is_shown_it(bench):
    """Bob is in another department; a new ticket there shows him nothing of Support."""
    mails = asked(bench, subject="Outage: Acrobat licence expired", to="outages@bank.example")
    assert "Similar" not in to(mails, "bob@bank.example").text


def test_what_was_shown_is_internal_to_the_new_ticket(bench):
    alert = to(asked(bench), ELLIOT)
    mails = bench.send(ELLIOT, "We renewed it with the vendor under contract A-77 last time.", answers=alert)
    assert [mail.kind for mail in mails] == ["held"]
    assert "internal text" in mails[0].text
    assert bench.thread(1002) == bench.thread(1002)[:1]


def test_words_of_the_requester_are_no_leak_though_an_old_ticket_has_them(bench):
    alert = to(asked(bench, subject=SUBJECT), ELLIOT)
    mails = bench.send(ELLIOT, f"You wrote: {SUBJECT}. It works again.", answers=alert)
    assert "reply" in {mail.kind for mail in mails}


def test_what_a_confidential_department_ended_is_told_to_nobody(bench):
    bench.configure(CONFIG.replace("[department.Support]", "[department.Support]\nconfidential = true"))
    assert all("A-77" not in mail.everything and "laptops" not in mail.everything for mail in asked(bench))
    moved = asked(bench, sender="amy@other.example", to="outages@bank.example")
    assert all("Similar" not in mail.everything for mail in moved)


# ── the words ───────────────────────────────────────────────────────────────────────────


def test_words_are_those_that_say_something_the_subjects_first():
    assert words_of("Hello, please HELP with Acrobat!", "The licence of Acrobat expired", 9) == (
        "acrobat",
        "licence",
        "expired",
    )
    assert words_of("Hello, please HELP with Acrobat!", "The licence of Acrobat expired", 1) == ("acrobat",)


def test_rare_words_count_for_more():
    common = [(0, number) for number in range(LATEST)]
    assert closest(3, [*common, (1, 5), (1, 6), (2, 6)]) == (6, 5)
    assert closest(2, common) == (), "one shared word is no likeness"
    assert closest(6, [(0, 5), (1, 5), (2, 6)]) == (5,)
    assert closest(0, []) == ()


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 50)), unique=True, max_size=200))
def test_nothing_is_told_twice_and_only_what_was_found(found):
    numbers = closest(8, found)
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= {number for _, number in found}
