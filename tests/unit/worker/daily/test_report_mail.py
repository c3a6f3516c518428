"""The report by mail: when it is due, who gets what, how it looks, and the answer to #report."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.errors import ConfigError, Refused
from mailgate.figures import DIMENSIONS
from mailgate.notice import NoticeKind
from mailgate.rules.report.due import last_due, period
from mailgate.rules.report.period import read_period
from mailgate.settings import Recurring
from mailgate.worker.daily import report_mail
from tests.desk import CONFIG, KAREN, Bench, told
from tests.notices import CONFIG as CASE_CONFIG
from tests.notices import FIGURES, KEYRING, NOW, RENDERER, REPORT, notice

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = Recurring(8 * 60, 0)
DAILY = Recurring(8 * 60)
WEEKLY = CONFIG + '\n[report]\nweekly = "Mon 08:00"\n'
ZONED = WEEKLY.replace('admin = "root@ops.example"', 'admin = "root@ops.example"\ntimezone = "Europe/Berlin"')


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ── due ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "now", "due"),
    [
        (MONDAY, "2026-11-23T07:00", "2026-11-23T07:00"),  # 08:00 in Berlin, to the minute
        (MONDAY, "2026-11-23T06:59", "2026-11-16T07:00"),
        (MONDAY, "2026-11-29T23:00", "2026-11-23T07:00"),  # Monday in Berlin, and too early
        (MONDAY, "2026-03-30T06:00", "2026-03-30T06:00"),  # the first one in summer
        (DAILY, "2026-03-28T12:00", "2026-03-28T07:00"),
        (DAILY, "2026-03-29T12:00", "2026-03-29T06:00"),
        (Recurring(150), "2026-03-29T12:00", "2026-03-29T01:30"),  # 02:30 is skipped: an hour later
        (Recurring(150), "2026-10-25T00:30", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        (Recurring(150), "2026-10-25T01:30", "2026-10-25T00:30"),
    ],
)
def test_when_the_report_was_last_due(at, now, due):
    assert last_due(at, utc(now), BERLIN) == utc(due)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    st.integers(0, 1439),
    st.sampled_from([None, *range(7)]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Pacific/Auckland"]),
)
def test_periods_follow_each_other_without_a_gap(now, minute, weekday, zone):
    at = Recurring(minute, weekday)
    due = last_due(at, now.replace(tzinfo=UTC), ZoneInfo(zone))
    since, until = period(at, due, ZoneInfo(zone))
    days = 1 if weekday is None else 7
    assert until == due <= now.replace(tzinfo=UTC)
    assert last_due(at, since, ZoneInfo(zone)) == since
    assert abs(until - since - timedelta(days=days)) <= timedelta(hours=1)


# ── sent once ───────────────────────────────────────────────────────────────────────────


def look(desk: Bench):
    """What the daemon does at each look."""
    dues = report_mail.due(desk.db, desk.config, desk.now)
    mails = report_mail.write(dues, desk.desk, desk.now) if dues else []
    with desk.db.transaction():
        report_mail.post(desk.db, dues, mails, desk.now)
    return desk.new()


def test_a_report_is_sent_once_for_each_time(tmp_path):
    desk = Bench(tmp_path, ZONED)  # on a Friday
    desk.send(KAREN, "It does not print.")
    assert look(desk) == []  # nothing is sent for what was not yet asked for
    desk.now = utc("2026-11-23T06:59:59")
    assert look(desk) == []
    desk.now = utc("2026-11-23T07:00:02")
    mails = look(desk)
    assert told(mails) == {("report", "root@ops.example"), ("report", "ann@bank.example")}
    assert look(desk) == []
    desk.configure(ZONED)  # a restart
    desk.now += timedelta(days=3)
    assert look(desk) == []
    desk.now = utc("2026-11-30T07:00:00")
    assert len(look(desk)) == 2


def test_what_was_missed_while_down_is_sent_once_at_the_start(tmp_path):
    desk = Bench(tmp_path, ZONED)
    look(desk)
    desk.now += timedelta(days=20)  # two Mondays
    desk.configure(ZONED)
    mails = look(desk)
    assert len(mails) == 2
    assert "Mon 30 Nov 2026, 08:00 CET to Mon 7 Dec 2026, 08:00 CET" in mails[0].text
    assert look(desk) == []


def test_a_time_that_was_changed_begins_to_count_anew(tmp_path):
    desk = Bench(tmp_path, WEEKLY)
    look(desk)
    desk.now += timedelta(days=5)
    look(desk)
    desk.configure(WEEKLY.replace("Mon 08:00", "Tue 08:00"))
    assert look(desk) == []
    desk.now += timedelta(days=7)
    assert len(look(desk)) == 2


def test_a_crash_between_writing_and_noting_sends_no_second_copy(tmp_path):
    desk = Bench(tmp_path, WEEKLY)
    look(desk)
    desk.now += timedelta(days=5)
    dues = report_mail.due(desk.db, desk.config, desk.now)
    first = report_mail.write(dues, desk.desk, desk.now)
    assert [mail.message_id for mail in first] == [
        mail.message_id for mail in report_mail.write(dues, desk.desk, desk.now + timedelta(minutes=1))
    ]
    with desk.db.transaction():
        report_mail.post(desk.db, dues, first, desk.now)
        report_mail.post(desk.db, dues, first, desk.now)
    assert len(desk.new()) == 2


def test_daily_and_weekly_are_two_reports(tmp_path):
    desk = Bench(tmp_path, WEEKLY + 'daily = "08:00"\nto = ["agent:elliot", "boss@ops.example", "team-lead"]\n')
    look(desk)
    desk.now = utc("2026-11-23T08:00")
    mails = look(desk)
    assert sorted(mail.subject for mail in mails if mail.to == "boss@ops.example") == ["Daily report", "Weekly report"]
    assert {mail.to for mail in mails} == {"elliot@bank.example", "boss@ops.example", "ann@bank.example"}
    assert look(desk) == []


def test_a_report_that_would_go_to_nobody_is_refused(tmp_path):
    config = WEEKLY.replace('admin = "root@ops.example"', "").replace('manager = "ann"', "")
    with pytest.raises(ConfigError) as error:
        Bench(tmp_path, config)
    assert "the report has no recipients" in str(error.value.problems[0])


# ── who sees what ───────────────────────────────────────────────────────────────────────


def test_agents_are_shown_what_they_see_and_the_administrator_all(tmp_path):
    desk = Bench(tmp_path, WEEKLY + 'to = ["admin", "agent:elliot", "agent:bob"]\n')
    look(desk)
    desk.send(KAREN, "It does not print.", subject="Printer")
    desk.send(KAREN, "All is down.", to="outages@bank.example", subject="Outage")
    desk.now = utc("2026-11-23T08:00")
    mails = {mail.to: mail for mail in look(desk)}
    assert "Opened 2" in mails["root@ops.example"].text
    assert "The whole desk." in mails["root@ops.example"].text
    mine, theirs = mails["elliot@bank.example"], mails["bob@bank.example"]
    assert "Opened 1" in mine.text
    assert "Systems Administrators" not in mine.everything
    assert "What you see: Support, Online Banking." in mine.text
    assert "Opened 1" in theirs.text
    assert "Business Critical Outage" in theirs.everything
    assert "Support  " not in theirs.text


def test_a_confidential_department_is_named_to_its_members_alone(tmp_path):
    confidential = WEEKLY.replace('[department."Systems Administrators"]', "&\nconfidential = true").replace(
        "&", '[department."Systems Administrators"]'
    )
    desk = Bench(tmp_path, confidential + 'to = ["admin", "agent:elliot", "agent:bob", "boss@ops.example"]\n')
    look(desk)
    mails = desk.send(KAREN, "All is down.", to="outages@bank.example", subject="Outage")
    desk.send("bob@bank.example", "#assign online banking", answers=alert(mails, "bob@bank.example"))
    desk.now = utc("2026-11-23T08:00")
    found = {mail.to: mail for mail in look(desk)}
    for who, opened in (
        ("root@ops.example", 1),
        ("bob@bank.example", 1),
        ("elliot@bank.example", 0),
        ("boss@ops.example", 0),
    ):
        assert f"Opened {opened}" in found[who].text, who
        assert ("Systems Administrators" in found[who].everything) is bool(opened), who
    assert "that are not confidential" in found["boss@ops.example"].text


# ── #report ─────────────────────────────────────────────────────────────────────────────


def alert(mails, who: str):
    return next(mail for mail in mails if mail.to == who and mail.agent)


def test_an_agent_asks_for_a_report_by_mail(tmp_path):
    desk = Bench(tmp_path)
    mail = alert(desk.send(KAREN, "It does not print."), "elliot@bank.example")
    answers = desk.send("Elliot Alderson <elliot@bank.example>", "#report 7d", answers=mail)
    assert told(answers) == {("report", "elliot@bank.example")}
    answer = answers[0]
    assert "Fri 13 Nov 2026, 09:00 UTC to Fri 20 Nov 2026, 09:00 UTC" in answer.text
    assert "Opened 1" in answer.text
    assert answer.message["In-Reply-To"]
    assert (answer.ticket, answer.subject) == (None, "Report, last 7 days")
    assert desk.kinds() == ["opened", "routed"]


def test_several_questions_are_answered_each(tmp_path):
    desk = Bench(tmp_path)
    mail = alert(desk.send(KAREN, "It does not print."), "elliot@bank.example")
    answers = desk.send("elliot@bank.example", "#report\n#report 7d\n#list\n\nSo long.", answers=mail)
    assert [(each.kind, each.to) for each in answers] == [
        ("answer", "elliot@bank.example"),
        ("report", "elliot@bank.example"),
        ("report", "elliot@bank.example"),
    ]
    assert len({each.message_id for each in answers}) == 3
    assert "your text below them was left out" in answers[1].text


def test_a_report_beside_other_commands(tmp_path):
    desk = Bench(tmp_path)
    mail = alert(desk.send(KAREN, "It does not print."), "elliot@bank.example")
    answers = desk.send("elliot@bank.example", "#assign me\n#report", answers=mail)
    assert [each.kind for each in answers if each.to == "elliot@bank.example"] == ["report", "answer"]
    assert desk.ticket().assignee.name == "elliot"


@pytest.mark.parametrize("typed", ["soon", "0d", "9999w", "3 months"])
def test_what_is_no_period_is_returned_and_nothing_is_done(tmp_path, typed):
    desk = Bench(tmp_path)
    mail = alert(desk.send(KAREN, "It does not print."), "elliot@bank.example")
    answers = desk.send("elliot@bank.example", f"#assign me\n#report {typed}", answers=mail)
    assert told(answers) == {("command-failed", "elliot@bank.example")}
    assert "is no period" in answers[0].text or "up to ten years" in answers[0].text
    assert desk.ticket().assignee is None


@pytest.mark.parametrize(
    ("typed", "hours"), [("", 720), ("30d", 720), ("2w", 336), ("12 hours", 12), ("7", 168), ("1 Week", 168)]
)
def test_periods_as_people_type_them(typed, hours):
    assert read_period(typed) == timedelta(hours=hours)


def test_a_period_over_ten_years_is_refused():
    with pytest.raises(Refused):
        read_period("4000d")


def test_a_requester_who_writes_report_has_written_text(tmp_path):
    desk = Bench(tmp_path)
    mails = desk.send(KAREN, "#report\n\nOf what?")
    assert not [mail for mail in mails if mail.kind == "report"]


# ── how it looks ────────────────────────────────────────────────────────────────────────


class Page(HTMLParser):
    """Elements left open, and what a mail program would have to fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.widths: list[int] = []
        self.suspect: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in ("meta", "br", "img", "hr"):
            self.open.append(tag)
        if tag in ("img", "script", "svg", "link", "iframe", "object", "canvas"):
            self.suspect.append(tag)
        if tag == "td" and str(named.get("width", "")).endswith("%"):
            self.widths.append(int(named["width"][:-1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_loads_nothing_and_its_bars_stand_beside_numbers(tmp_path):
    desk = Bench(tmp_path, WEEKLY)
    look(desk)
    for number in range(3):
        mails = desk.send(KAREN, "It does not print.", subject=f"Printer {number}")
        if number:
            desk.send("elliot@bank.example", "#resolved", answers=alert(mails, "elliot@bank.example"))
    desk.now = utc("2026-11-23T08:00")
    html = look(desk)[0].part("html")
    page = Page(html)
    assert page.open == []
    assert page.suspect == []
    assert not re.search(r"url\(|https?://|@import", html)
    assert all(0 < width <= 100 for width in page.widths)
    assert "Resolved in time <b>100%</b>" in html
    assert "(2 of 2)" in html
    assert "1 at the end" in html


def test_a_desk_with_many_names_makes_no_mail_that_is_cut_off(tmp_path):
    many = {f"Very long name of help topic / number {n}": replace(FIGURES, opened=n) for n in range(60)}
    by = dict.fromkeys(DIMENSIONS, many)
    rendered = RENDERER.render(notice(NoticeKind.REPORT, report=replace(REPORT, by=by)), CASE_CONFIG, KEYRING, NOW)
    assert len(rendered.html) < 100_000
    assert rendered.html.count("and 48 more") == len(DIMENSIONS)
    assert "number 59" in rendered.html
    assert "number 47<" not in rendered.html
    text = " ".join(rendered.text.split())  # a long name is wrapped in its column
    assert text.count("number 3 ") == len(DIMENSIONS)


def test_an_empty_report_is_a_page_too(tmp_path):
    desk = Bench(tmp_path, WEEKLY)
    look(desk)
    desk.now = utc("2026-11-23T08:00")
    mail = look(desk)[0]
    assert Page(mail.part("html")).open == []
    assert "no ticket had a target" in mail.part("html")
    assert "Opened 0" in mail.text


def test_a_report_on_no_days_is_a_page_too():
    empty = replace(REPORT, days=(), totals=replace(FIGURES, backlog=()))
    rendered = RENDERER.render(notice(NoticeKind.REPORT, report=empty), CASE_CONFIG, KEYRING, NOW)
    assert Page(rendered.html).open == []
    assert "no days" in rendered.html
    assert "no days" in rendered.text


def test_names_are_no_markup(tmp_path):
    desk = Bench(tmp_path, WEEKLY.replace("Elliot Alderson", "<b>Elliot</b>"))
    look(desk)
    mails = desk.send(KAREN, "It does not print.")
    desk.send("elliot@bank.example", "Done.", answers=alert(mails, "elliot@bank.example"))
    desk.now = utc("2026-11-23T08:00")
    html = look(desk)[0].part("html")
    assert "&lt;b&gt;Elliot&lt;/b&gt;" in html


def test_no_line_of_a_table_is_broken_on_its_way(tmp_path):
    """Mail programs that do not join flowed lines show them as they came."""
    bench = Bench(tmp_path)
    alert = next(mail for mail in bench.send(KAREN, "It does not open.") if mail.agent)
    mails = bench.send(alert.to, "#report 7d", answers=alert)
    text = next(mail for mail in mails if mail.kind == "report").part("plain")
    heads = [line for line in text.splitlines() if line.lstrip().startswith("opened ")]
    assert heads
    assert all(line.endswith(" open overdue") for line in heads)
    bench.db.close()
