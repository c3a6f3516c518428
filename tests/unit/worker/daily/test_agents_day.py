"""An agent's day: the digest, quiet hours, hearing less; and a whole day by the clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.store.queues import outbox, trace
from mailgate.worker.daily import agents_day
from tests.desk import CONFIG, KAREN, Bench, to, told

ANN, ELLIOT, BOB, VERA = (f"{name}@bank.example" for name in ("ann", "elliot", "bob", "vera"))


def config(**agents: str) -> str:
    """The usual desk with more keys for some agents."""
    text = CONFIG
    for name, keys in agents.items():
        text = text.replace(f'email = ["{name}@bank.example"]', f'email = ["{name}@bank.example"]\n{keys}')
    return text


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def until(bench: Bench, moment: str) -> list:
    return bench.wait(seconds=(at(moment) - bench.now).total_seconds())


def handed_over(bench: Bench) -> list[tuple[str, str]]:
    """What the relay gets now: (recipient, kind), in order."""
    found = []
    while jobs := outbox.claim(bench.db, bench.now, 50):
        found += [(job.recipient, job.kind.value) for job in jobs]
        outbox.sent(bench.db, [(job.id, "250 ok") for job in jobs], bench.now)
    return found


# ── the digest ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def digest(tmp_path):
    return Bench(tmp_path, config(ann='digest = "08:00"\ntimezone = "Europe/Berlin"'))


def test_a_digest_comes_once_a_day_at_the_hour_in_the_agents_zone(digest):
    digest.wait()
    digest.send(KAREN, "The portal is down.")
    assert not [each for each in until(digest, "2026-11-21 06:59") if each.kind == "digest"]
    (mail,) = [each for each in until(digest, "2026-11-21 07:00") if each.kind == "digest"]
    assert (mail.to, mail.subject) == (ANN, "Your queue: 1 overdue")
    assert not [each for each in until(digest, "2026-11-22 06:59") if each.kind == "digest"]
    (mail,) = [each for each in until(digest, "2026-11-22 07:00") if each.kind == "digest"]
    assert mail.subject == "Your queue: 1 overdue"


def test_a_restart_neither_repeats_nor_forgets_it(digest):
    digest.wait()
    digest.send(KAREN, "The portal is down.")
    until(digest, "2026-11-21 07:00")
    digest.configure((digest.folder / "config.toml").read_text())
    assert digest.wait() == []
    digest.now = at("2026-11-24 15:00")  # days later, and after its hour
    found = [each for each in digest.wait() if each.kind == "digest"]
    assert len(found) == 1, "of several that were missed it is the last alone"


def test_an_empty_digest_is_not_sent(digest):
    digest.wait()
    assert until(digest, "2026-11-21 07:00") == []
    digest.send(KAREN, "The portal is down.")
    assert not [each for each in until(digest, "2026-11-21 23:00") if each.kind == "digest"]


def test_one_that_cannot_be_written_stops_nobody_and_is_not_tried_for_ever(digest, monkeypatch):
    digest.configure(config(ann='digest = "08:00"', elliot='digest = "08:00"'))
    digest.wait()
    digest.send(KAREN, "The portal is down.")
    made = agents_day._digest
    monkeypatch.setattr(
        agents_day, "_digest", lambda db, due, *more: 1 / 0 if due.agent.key == "ann" else made(db, due, *more)
    )
    found = [each.to for each in until(digest, "2026-11-21 08:00") if each.kind == "digest"]
    assert found == [ELLIOT]


def test_who_is_away_gets_none(digest):
    digest.wait()
    digest.send(KAREN, "The portal is down.")
    digest.db.run("INSERT INTO absence (agent, since, by) VALUES ('ann', 0, 'admin')")
    assert not [each for each in until(digest, "2026-11-21 08:00") if each.kind == "digest"]


def test_clock_changes_bring_neither_two_nor_none(digest):
    for start, days in (("2026-10-23 12:00", 4), ("2027-03-26 12:00", 4)):
        digest.configure(config(ann='digest = "02:30"\ntimezone = "Europe/Berlin"'))
        digest.now = at(start)
        digest.wait()
        digest.send(KAREN, "The portal is down.")
        found = []
        for _ in range(days * 48):
            found += [digest.now for each in digest.wait(minutes=30) if each.kind == "digest"]
        assert len(found) == days
        assert len({moment.astimezone(digest.config.zone("ann")).date() for moment in found}) == days


def test_it_holds_each_ticket_once_in_the_table_that_presses_most(digest):
    digest.wait()
    for subject in ("Late", "Soon", "Mine"):
        digest.send(KAREN, "Help.", subject=subject)
    answers = {mail.subject.rpartition(" ")[2]: mail for mail in digest.sent() if mail.to == ANN}
    digest.send(ANN, "#claim\n#due 2026-11-30 09:00\n", answers=answers["Mine"])
    digest.send(ANN, "#due 2h\n", answers=answers["Late"])
    digest.send(ANN, "#due 2026-11-21 12:00\n", answers=answers["Soon"])
    (mail,) = [each for each in until(digest, "2026-11-21 07:00") if each.kind == "digest"]
    tables = re.findall(r"^(\w[\w ]+ \(\d+\))$", mail.text, re.MULTILINE)
    assert tables == ["Overdue (1)", "Due today (1)", "Yours (1)"]
    assert [mail.text.count(f"#{number} ") for number in (1001, 1002, 1003)] == [1, 1, 1]
    assert mail.part("html").count("<caption") == 3


def test_an_answer_to_the_digest_works_on_a_ticket_by_number(digest):
    digest.wait()
    digest.send(KAREN, "The portal is down.")
    (mail,) = [each for each in until(digest, "2026-11-21 07:00") if each.kind == "digest"]
    digest.send(ANN, "#ticket 1001\n#claim\n", answers=mail)
    assert str(digest.ticket().assignee) == "agent:ann"


# ── quiet hours ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def quiet(tmp_path):
    bench = Bench(tmp_path, config(elliot='quiet = "20:00-07:00"'))
    bench.now = at("2026-11-20 22:00")
    return bench


def test_an_alert_that_waits_tells_times_as_of_when_it_comes(quiet):
    quiet.now = at("2026-11-20 22:00")
    mails = {mail.to: mail for mail in quiet.send(KAREN, "The portal is down.")}
    assert "due tomorrow 16:00, in 18 h" in mails[ANN].text
    assert "due today 16:00, in 9 h" in mails[ELLIOT].text
    until(quiet, "2026-11-21 07:00")
    assert (ELLIOT, "new-ticket") in handed_over(quiet), "one alert is sent as it is"
    assert mails[ELLIOT].message["Date"] == "Sat, 21 Nov 2026 07:00:00 +0000"


@pytest.fixture
def night(quiet):
    """Three alerts about two tickets wait for Elliot."""
    mails = quiet.send(KAREN, "The portal is down.")
    quiet.ack = to(mails, "karen@client.example")
    quiet.send(KAREN, "Hello?\n\nIs anybody there?", answers=quiet.ack)
    quiet.anns = {1001: to(mails, ANN), 1002: to(quiet.send(KAREN, "Anybody?", subject="Two"), ANN)}
    assert ELLIOT not in [who for who, _ in handed_over(quiet)]
    assert until(quiet, "2026-11-21 06:59") == []
    assert handed_over(quiet) == []
    return quiet


def test_alerts_wait_until_quiet_hours_end_and_come_as_one_mail(night):
    (mail,) = until(night, "2026-11-21 07:00")
    assert (mail.to, mail.kind, mail.subject) == (ELLIOT, "digest", "2 tickets in your quiet hours")
    assert mail.message.get_all("X-Mailgate-Ticket") == ["1001", "1002"]
    assert "1 new message, opened, assigned to nobody, open" in " ".join(mail.text.split())
    assert "“Hello? Is anybody there?”" in mail.text
    assert handed_over(night) == [(ELLIOT, "digest")]
    told_of = [line.text for line in trace.by_ticket(night.db, 1001) if line.address == ELLIOT][-3:]
    assert told_of == ["digest about tickets 1001, 1002", *["one mail stands for all that waited"] * 2]
    night.now += timedelta(hours=1)
    assert night.wait() == [] == handed_over(night), "nothing of it comes once more"


def test_the_mail_after_quiet_hours_tells_what_is_true_then_and_only_of_what_its_reader_sees(night):
    night.send(ANN, "#transfer Maintenance", answers=night.anns[1002])
    night.send(ANN, "#resolve", answers=night.anns[1001])
    mails = until(night, "2026-11-21 07:00")
    assert [mail.subject for mail in mails if mail.to == ELLIOT] == ["1 ticket in your quiet hours"]
    text = " ".join(to(mails, ELLIOT).text.split())
    assert "now resolved" in text
    assert "#1002" not in text


@pytest.mark.parametrize(("minutes", "kind"), [(-10, "reply"), (5, "held")])
def test_an_answer_from_a_row_is_held_where_a_colleague_answered_after_the_mail(night, minutes, kind):
    """What the mail says already, its reader knows."""

    def ann_answers():
        night.send(ANN, "We look into it.", answers=night.anns[1001])

    until(night, "2026-11-21 06:50")
    if minutes < 0:
        ann_answers()
    mail = to(until(night, "2026-11-21 07:00"), ELLIOT)
    until(night, "2026-11-21 07:05")
    if minutes > 0:
        ann_answers()
    body = "#ticket 1001\n#reply\n\nIt works again.\n"
    sent = night.send(ELLIOT, body, to=mail.reply_to, subject="Re: [#1001]")
    assert [each.kind for each in sent if each.kind in ("reply", "held")] == [kind]


def test_of_what_its_reader_sees_no_more_there_is_no_mail(night):
    for number in (1001, 1002):
        night.send(ANN, "#transfer Maintenance", answers=night.anns[number])
    assert [mail for mail in until(night, "2026-11-21 07:00") if mail.to == ELLIOT] == []
    assert ELLIOT not in [who for who, _ in handed_over(night)]


def test_alerts_that_nobody_gathers_go_out_by_themselves_and_in_order(night):
    night.now = at("2026-11-21 07:01")
    assert handed_over(night) == [(ELLIOT, "new-ticket"), (ELLIOT, "new-ticket"), (ELLIOT, "new-message")]
    assert night.wait() == []


def test_other_quiet_hours_since_leave_what_waits_as_it_is(night):
    night.configure(config(elliot='quiet = "20:00-06:30"'))
    night.now = at("2026-11-21 07:01")
    assert len(handed_over(night)) == 3


def test_what_is_urgent_comes_through_behind_what_came_before_it(quiet):
    mails = quiet.send(KAREN, "The portal is down.")
    quiet.send(ANN, "#assign elliot\n#due 2h\n", answers=to(mails, ANN))
    assert ELLIOT not in [who for who, _ in handed_over(quiet)]
    quiet.wait(hours=3)
    got = [kind for who, kind in handed_over(quiet) if who == ELLIOT]
    assert got == ["new-ticket", "assigned", "overdue"]


def test_an_urgent_priority_does_not_wait(quiet):
    mails = quiet.send(KAREN, "The portal is down.")
    handed_over(quiet)
    quiet.send(ANN, "#prio high\n#assign elliot\n", answers=to(mails, ANN))
    assert [kind for who, kind in handed_over(quiet) if who == ELLIOT] == ["new-ticket", "assigned"]


def test_an_answer_to_a_night_owl_comes_at_once(quiet):
    quiet.now = at("2026-11-20 19:00")
    mails = quiet.send(KAREN, "The portal is down.")
    quiet.now = at("2026-11-20 23:00")
    handed_over(quiet)
    quiet.send(KAREN, "Hello?", answers=to(mails, "karen@client.example"))
    quiet.send(ELLIOT, "#show\n", answers=to(mails, ELLIOT))
    assert [kind for who, kind in handed_over(quiet) if who == ELLIOT] == ["new-message", "answer"]


def test_a_mail_that_the_relay_put_off_is_not_hurried(quiet):
    quiet.now = at("2026-11-20 12:00")
    mails = quiet.send(KAREN, "The portal is down.")
    jobs = outbox.claim(quiet.db, quiet.now, 50)
    later = quiet.now + timedelta(hours=1)
    outbox.later(quiet.db, [(job.id, later, "450 wait") for job in jobs])
    quiet.send(ELLIOT, "#show\n", answers=to(mails, ELLIOT))
    assert ELLIOT not in [who for who, _ in handed_over(quiet)]


# ── hearing less ────────────────────────────────────────────────────────────────────────


def test_mine_hears_nothing_that_goes_to_the_department_and_all_of_their_own(tmp_path):
    bench = Bench(tmp_path, config(elliot='hear = "mine"'))
    mails = bench.send(KAREN, "The portal is down.")
    assert told(mails) == {("acknowledgement", "karen@client.example"), ("new-ticket", ANN)}
    bench.send(ANN, "#assign elliot\n", answers=to(mails, ANN))
    more = bench.send(KAREN, "Hello?", answers=to(mails, "karen@client.example"))
    assert told(more) == {("new-message", ELLIOT)}


def test_digest_hears_of_the_department_what_is_urgent(tmp_path):
    bench = Bench(tmp_path, config(bob='hear = "digest"\ndigest = "08:00"', elliot='hear = "digest"\ndigest = "08:00"'))
    assert ELLIOT not in {mail.to for mail in bench.send(KAREN, "The printer is slow.")}
    outage = bench.send(KAREN, "Down.", to="outages@bank.example")  # priority Emergency
    assert BOB in {mail.to for mail in outage}


def test_where_everybody_hears_little_somebody_hears_all_the_same(tmp_path):
    text = config(ann='hear = "mine"', elliot='hear = "mine"').replace('admin = "root@ops.example"', "")
    bench = Bench(tmp_path, text.replace('[department.Support]\nmanager = "ann"', "[department.Support]"))
    alerts = {mail.to for mail in bench.send(KAREN, "The portal is down.") if mail.kind == "new-ticket"}
    assert alerts == {ANN, ELLIOT}


def test_without_an_hour_of_the_digest_nobody_hears_it_alone(tmp_path):
    with pytest.raises(Exception, match='needs the time of the digest: write digest = "08:00"'):
        Bench(tmp_path, config(ann='hear = "digest"'))


# ── a whole day ─────────────────────────────────────────────────────────────────────────


def test_a_day_by_the_clock(tmp_path):
    """Night mail waits, the digest opens the day, an absence at noon passes the work on, the evening is quiet."""
    bench = Bench(
        tmp_path,
        config(
            elliot='digest = "08:00"\nquiet = "20:00-07:00"\ntimezone = "Europe/Berlin"',
            ann='digest = "09:00"\nquiet = "22:00-06:00"',
        ),
    )
    bench.wait()
    diary: list[tuple[str, str, str]] = []
    mails: dict[str, object] = {}

    def on(clock: str, act) -> None:
        moment = at(f"2026-11-21 {clock}")
        while bench.now < moment:
            bench.wait(seconds=min(900, (moment - bench.now).total_seconds()))
            diary.extend((f"{bench.now:%H:%M}", who.partition("@")[0], kind) for who, kind in handed_over(bench))
        act()
        diary.extend((f"{bench.now:%H:%M}", who.partition("@")[0], kind) for who, kind in handed_over(bench))

    def say(name: str, sender: str, text: str, answers: str = "", whose: str = "") -> None:
        answered = to(mails[answers], whose or sender) if answers else None
        mails[name] = bench.send(sender, text, answers=answered)

    bench.now = at("2026-11-21 00:00")
    on("02:00", lambda: say("night", KAREN, "The portal is down."))
    on("10:00", lambda: say("claim", ELLIOT, "#claim\n", "night"))
    on("12:00", lambda: say("away", ELLIOT, "#away until 2026-11-21 15:00\n", "night"))
    on("13:00", lambda: say("more", KAREN, "Hello?", "night", "karen@client.example"))
    on("21:00", lambda: say("late", KAREN, "Still down.", "night", "karen@client.example"))
    on("23:59", lambda: None)
    assert [each for each in diary if each[1] in ("elliot", "ann", "karen")] == [
        ("02:00", "karen", "acknowledgement"),
        ("06:00", "elliot", "new-ticket"),  # seven in Berlin
        ("06:00", "ann", "new-ticket"),
        ("07:00", "elliot", "digest"),
        ("09:00", "ann", "digest"),
        ("10:00", "elliot", "answer"),
        ("12:00", "elliot", "answer"),
        ("13:00", "ann", "new-message"),
        ("14:00", "elliot", "digest"),  # three in Berlin: welcome back
        ("20:00", "elliot", "overdue"),  # urgent, an hour after quiet began
        ("20:00", "ann", "overdue"),
    ]
