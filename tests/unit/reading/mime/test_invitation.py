"""A calendar invitation is told in words: what, when, where."""

import pytest

from mailgate.reading.body import read_body
from mailgate.reading.mime import invitation
from mailgate.reading.parse import parse


def event(*lines: str, method: str = "REQUEST") -> bytes:
    top = ["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VTIMEZONE", "DTSTART:16010101T000000", "END:VTIMEZONE"]
    return "\r\n".join([*top, "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""]).encode()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["DTSTART:20261102T100000Z", "DTEND:20261102T110000Z"], ["When: 2026-11-02 10:00 to 11:00 UTC"]),
        (["DTSTART;TZID=Europe/Berlin:20261102T1000"], ["When: 2026-11-02 10:00 (Europe/Berlin)"]),
        (
            ['DTSTART;TZID="Some Zone":20261102T230000', "DTEND:20261103T010000"],
            ["When: 2026-11-02 23:00 to 2026-11-03 01:00 (Some Zone)"],
        ),
        (
            ['DTSTART;TZID="(UTC-05:00) Eastern Time (US & Canada)":20261102T1000'],
            ["When: 2026-11-02 10:00 ((UTC-05:00) Eastern Time (US & Canada))"],
        ),
        (["DTSTART;VALUE=DATE:20261102", "DTEND;VALUE=DATE:20261103"], ["When: 2026-11-02"]),
        (["DTSTART:soon"], ["When: soon"]),
        (
            ["DTSTART:20261102", "LOCATION:Room 1\\, second\\nfloor", "RRULE:FREQ=WEEKLY;COUNT=3"],
            ["When: 2026-11-02", "Where: Room 1, second floor", "Repeats: weekly"],
        ),
        (["DTSTART:20261102", "ORGANIZER:MAILTO:ann@x.example"], ["When: 2026-11-02", "Organizer: ann@x.example"]),
        (
            ["DTSTART:20261102", 'ORGANIZER;CN="Ann, A.":mailto:ann@x.exa', " mple"],
            ["When: 2026-11-02", "Organizer: Ann, A. <ann@x.example>"],
        ),
        (["DTSTART:20261102", "ORGANIZER;CN=Ann:urn:ann"], ["When: 2026-11-02"]),
        (["DTSTART:20261102", "no property", "BEGIN:VALARM", "LOCATION:no", "END:VALARM"], ["When: 2026-11-02"]),
    ],
)
def test_an_event_is_told(lines: list[str], told: list[str]) -> None:
    assert invitation.read(event("SUMMARY:Talk", *lines)).facts == ("Invitation: Talk", *told)


@pytest.mark.parametrize(
    ("method", "first"),
    [("CANCEL", "Cancelled: without a title"), ("X-OTHER", "Calendar entry: without a title")],
)
def test_the_method_says_what_it_is(method: str, first: str) -> None:
    assert invitation.read(event("DTSTART:20261102", method=method)).facts[0] == first


def test_an_answer_and_rubbish_tell_nothing() -> None:
    assert invitation.read(event("DTSTART:20261102", method="REPLY")) == invitation.Event()
    assert invitation.read(event("SUMMARY:no time")) == invitation.Event()
    assert invitation.read(b"\xff\x00 rubbish\nEND:VEVENT\n") == invitation.Event()


def mail(text: str, kind: str, calendar: bytes) -> bytes:
    head = f"From: ann@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: {kind}\n\n{text}\n"
    return head.encode() + b"--b\nContent-Type: text/calendar; charset=utf-8\n\n" + calendar + b"\n--b--\n"


TALK = event("SUMMARY:Talk", "DTSTART:20261102", "LOCATION:Room 1")
TOLD = "Invitation: Talk\nWhen: 2026-11-02\nWhere: Room 1"


def test_it_stands_above_the_text_and_the_page() -> None:
    assert read_body(parse(mail("Please come.", "text/plain", TALK))).visible == f"{TOLD}\n\nPlease come."
    page = parse(mail("<html><body class=x><p>Please come.</p></body></html>", "text/html", TALK))
    assert read_body(page).visible.split("\n")[0] == "Invitation: Talk"
    assert read_body(page).visible.endswith("Please come.")
    assert page.attachments[0].type == "text/calendar"


def test_it_alone_is_the_text() -> None:
    assert read_body(parse(mail("", "text/plain", TALK))).visible == TOLD


def test_commands_stay_on_top() -> None:
    assert read_body(parse(mail("#close", "text/plain", TALK))).visible == f"#close\n\n{TOLD}"
    assert read_body(parse(mail("<p>#close</p>", "text/html", TALK))).lines[0] == "#close"


def test_what_the_text_says_is_not_said_twice() -> None:
    assert read_body(parse(mail("Talk on 2 November in Room 1", "text/plain", TALK))).visible.startswith("Talk")
    answer = event("SUMMARY:Talk", "DTSTART:20261102", method="REPLY")
    assert read_body(parse(mail("Yes", "text/plain", answer))).visible == "Yes"


WORDS = "DESCRIPTION:Please bring:\\n- the papers\\, both\\n- a pen\\n\\n", " and time"


def test_its_author_s_words_are_shown_where_there_are_no_others() -> None:
    calendar = event("SUMMARY:Talk", *WORDS, "DTSTART:20261102")
    assert invitation.read(calendar).words == "Please bring:\n- the papers, both\n- a pen\n\nand time"
    alone = parse(b"Content-Type: text/calendar; method=REQUEST\n\n" + calendar)
    assert alone.text == (
        "Invitation: Talk\nWhen: 2026-11-02\n\nPlease bring:\n- the papers, both\n- a pen\n\nand time"
    )
    assert "papers" not in parse(mail("My own words", "text/plain", calendar)).text


def test_an_event_that_the_words_tell_already_is_not_told_twice() -> None:
    calendar = event("SUMMARY:Talk", "DESCRIPTION:Talk in Room 1", "DTSTART:20261102", "LOCATION:Room 1")
    assert parse(b"Content-Type: text/calendar\n\n" + calendar).text == "Talk in Room 1"


@pytest.mark.parametrize(
    ("head", "method"),
    [
        ("Content-Type: text/calendar; method=REPLY", "reply"),
        ("Content-Type: text/calendar", "reply"),
        ("Content-Type: text/calendar; method=reply; name=a.ics", "reply"),
        ("Content-Type: text/calendar; name=a.ics", ""),
        ("Content-Type: text/calendar\nContent-Disposition: attachment; filename=a.ics", ""),
        ("Content-Type: text/calendar; method=REPLY\nContent-Disposition: attachment", ""),
    ],
)
def test_the_method_of_a_calendar_that_is_the_mail(head: str, method: str) -> None:
    assert parse(f"{head}\n\n".encode() + event("DTSTART:20261102", method="REPLY")).calendar_method == method
