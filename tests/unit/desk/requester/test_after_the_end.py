"""After resolution: opened again and by whom it is worked, too late, closed by the clock, told once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.reopening import back
from mailgate.store.db import open_writer
from mailgate.ticket import ADMIN, CLOCK, Actor, Assignee, EventKind
from mailgate.worker.runtime import make_runtime
from mailgate.worker.secrets import open_secrets
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, Sent, to, told
from tests.mail_programs import PROGRAMS, written

SUBJECT = "[#1001] Portal is down"
THANKS_REOPEN = '[tickets]\nthanks = "reopen"\n'


def resolve(bench: Bench, who: str = ELLIOT, text: str = "#resolved\n\nFixed.") -> list[Sent]:
    """Karen writes, and an agent resolves it."""
    if not bench.numbers():
        bench.alerts = {mail.to: mail for mail in bench.send(KAREN, "It does not open.")}
    return bench.send(who, text, answers=bench.alerts[who.partition("<")[2].rstrip(">")])


def again(bench: Bench, text: str = "It is down again.", **more: object) -> list[Sent]:
    return bench.send(KAREN, text, subject=SUBJECT, **more)


# ── opened again ────────────────────────────────────────────────────────────────────────


def test_an_answer_opens_it_again_with_a_fresh_sla_and_says_why(bench):
    resolve(bench)
    bench.now += timedelta(days=2)
    mails = again(bench)
    ticket = bench.ticket()
    assert (ticket.status, ticket.reopened, ticket.resolved_at) == ("open", 1, None)
    assert ticket.sla_started_at == bench.now
    assert ticket.due_at == bench.now + timedelta(hours=18)
    changed = next(event for event in reversed(bench.events()) if event.kind is EventKind.STATUS_CHANGED)
    assert changed.reason == "reopened by an answer"
    assert "Karen Client’s answer reopened the ticket." in (to(mails, "elliot@bank.example").text)


def test_it_goes_back_to_who_resolved_it(bench):
    resolve(bench)
    bench.send(ANN, "#assign ann\n#note\n\nI watch it.", answers=bench.alerts["ann@bank.example"])
    mails = again(bench)
    assert bench.ticket().assignee == Assignee("agent", "elliot")
    event = next(event for event in reversed(bench.events()) if event.kind is EventKind.ASSIGNED)
    assert (event.by, event.reason) == (Actor.rule("reopened"), "back to who resolved it")
    mine = to(mails, "elliot@bank.example")
    assert mine.kind == "assigned"
    assert "back to who resolved it" in mine.text
    assert "It is down again." in mine.text


@pytest.mark.parametrize("text", ["And the app is down, too.", "#status\n\nAnd the app is down, too.", "#reopen"])
def test_later_mails_leave_it_with_whom_it_was_given_since(bench, text):
    resolve(bench)
    again(bench)
    bench.send(ANN, "#assign ann", answers=bench.alerts["ann@bank.example"])
    mails = again(bench, text, answers=bench.alerts["karen@client.example"])
    assert bench.ticket().assignee == Assignee("agent", "ann")
    assert [mail.kind for mail in mails if mail.to == "karen@client.example"] == ["status-changed"] * text.startswith(
        "#"
    )


def test_it_stays_with_who_has_it_without_a_second_event(bench):
    resolve(bench)
    mails = again(bench)
    assert to(mails, "elliot@bank.example").kind == "new-message"
    assert [event.kind for event in bench.events()].count(EventKind.ASSIGNED) == 1


def test_the_clock_that_closes_it_is_not_who_ended_it(bench):
    resolve(bench)
    bench.wait(days=4)
    assert bench.ticket().status == "closed"
    again(bench)
    assert bench.ticket().assignee == Assignee("agent", "elliot")


def test_the_word_reopen_brings_it_back_too(bench):
    resolve(bench)
    bench.send(ANN, "#release", subject=SUBJECT, answers=bench.alerts["ann@bank.example"])
    again(bench, "#reopen", answers=bench.alerts["karen@client.example"])
    assert (bench.ticket().status, bench.ticket().assignee) == ("open", Assignee("agent", "elliot"))


def test_what_the_requester_ended_goes_back_to_nobody_in_particular(bench):
    resolve(bench, text="We look into it.")
    again(bench, "#close", answers=bench.alerts["karen@client.example"])
    assert bench.ticket().status == "closed"
    mails = again(bench)
    assert bench.ticket().assignee == Assignee("agent", "elliot")
    assert to(mails, "elliot@bank.example").kind == "new-message"


def test_thanks_with_a_close_start_nothing_over(bench):
    resolve(bench)
    again(bench, "#close\n\nThank you!", answers=bench.alerts["karen@client.example"])
    assert (bench.ticket().status, bench.ticket().reopened) == ("closed", 0)


def test_who_has_left_gets_nothing_and_the_department_hears(bench):
    resolve(bench)
    left = re.sub(r"\[agent.elliot\].*?\n\n", "", CONFIG, flags=re.DOTALL).replace('"elliot", ', "")
    bench.configure(left)
    mails = again(bench)
    assert bench.ticket().assignee is None
    assert "ann@bank.example" in {mail.to for mail in mails}
    assert bench.kinds().count("released") == 1


def test_who_no_longer_sees_the_department_gets_nothing(bench):
    resolve(bench)
    bench.send(ANN, "#transfer maintenance", subject=SUBJECT, answers=bench.alerts["ann@bank.example"])
    mails = again(bench)
    assert bench.ticket().assignee is None
    assert "elliot@bank.example" not in {mail.to for mail in mails}


def test_an_agent_on_holiday_gets_nothing_back_and_somebody_else_hears(bench):
    resolve(bench)
    bench.send(ELLIOT, "#away", answers=bench.alerts["elliot@bank.example"])
    mails = again(bench)
    assert bench.ticket().assignee is None
    assert ("new-message", "ann@bank.example") in told(mails)
    released = next(event for event in reversed(bench.events()) if event.kind is EventKind.RELEASED)
    assert (released.by, released.reason) == (Actor.rule("reopened"), "Elliot Alderson is not there")


@pytest.mark.parametrize(
    ("away", "holder", "after"),
    [
        ((), "elliot", "elliot"),
        (("elliot",), "elliot", None),
        (("elliot",), "ann", "ann"),
        (("elliot", "ann"), "ann", None),
        ((), None, "elliot"),
        (("elliot",), None, None),
    ],
)
def test_who_is_away_is_passed_over(bench, away, holder, after):
    resolve(bench)
    events = bench.events()
    ticket = bench.ticket()
    stamp = acts.Stamp(ADMIN, bench.now)
    ticket = lifecycle.act_on(
        ticket, [acts.assign(Assignee("agent", holder) if holder else None, stamp)], stamp, bench.config
    ).after
    found = lifecycle.act_on(ticket, back(ticket, events, away, bench.now, bench.config), stamp, bench.config).after
    assert found.assignee == (Assignee("agent", after) if after else None)


# ── too late ────────────────────────────────────────────────────────────────────────────


def test_too_late_it_is_a_new_ticket_linked_both_ways_and_the_acknowledgement_names_the_old_one(bench):
    resolve(bench)
    bench.wait(days=4)
    ended = bench.ticket().closed_at
    bench.now = ended + timedelta(days=30, seconds=1)
    mails = again(bench)
    assert bench.numbers() == [1001, 1002]
    assert (bench.ticket(1001).links, bench.ticket(1002).links) == ((1002,), (1001,))
    assert bench.ticket(1001).status == "closed"
    linked = bench.events(1001)[-1]
    assert (linked.kind, linked.reason) == (EventKind.LINKED, "answered too late to reopen it")
    mine = to(mails, "karen@client.example")
    assert mine.kind == "acknowledgement"
    assert "Your earlier request [#1001] ended too long ago" in mine.text
    assert "It answers ticket #1001" in to(mails, "elliot@bank.example").text


def test_just_in_time_it_is_the_old_one(bench):
    resolve(bench)
    bench.wait(days=4)
    bench.now = bench.ticket().closed_at + timedelta(days=30, seconds=-1)
    again(bench)
    assert bench.numbers() == [1001]


def test_a_stranger_who_names_a_ticket_leaves_no_mark_on_it(bench):
    resolve(bench)
    bench.now += timedelta(days=40)
    bench.send("Mallory <mallory@evil.example>", "Let me in", subject=SUBJECT)
    assert (bench.ticket(1002).links, bench.ticket(1001).links) == ((1001,), ())


# ── the clock ───────────────────────────────────────────────────────────────────────────


def test_what_is_resolved_is_closed_at_its_time_in_silence(bench):
    resolve(bench)
    at = bench.ticket().resolved_at + timedelta(days=3)
    bench.now = at - timedelta(seconds=1)
    assert bench.wait() == []
    assert bench.ticket().status == "resolved"
    assert bench.wait(seconds=1) == []
    assert (bench.ticket().status, bench.ticket().closed_at) == ("closed", at)
    assert (bench.events()[-1].by, bench.events()[-1].reason) == (CLOCK, "resolved long enough")


def test_the_closing_survives_a_restart_and_happens_once(bench):
    resolve(bench)
    bench.db.close()
    bench.db = open_writer(bench.config.storage.database)
    bench.desk = make_runtime(bench.config, open_secrets(bench.db, bench.config))
    bench.now += timedelta(days=9)  # it was down when its time came
    bench.wait()
    bench.wait(days=9)
    assert bench.ticket().status == "closed"
    assert [event.by for event in bench.events()].count(CLOCK) == 1
    bench.db.close()


def test_closing_is_told_where_the_desk_says_so(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[notices]\nstatus_changes = ["closed"]\n')
    resolve(bench)
    mine = to(bench.wait(days=3), "karen@client.example")
    assert mine.kind == "status-changed"
    assert "closed" in mine.text
    bench.db.close()


def test_an_answer_in_between_keeps_it_from_being_closed(bench):
    resolve(bench)
    bench.now += timedelta(days=2)
    again(bench)
    bench.wait(days=2)
    assert bench.ticket().status == "open"


# ── waiting for the requester ───────────────────────────────────────────────────────────


def test_after_a_reply_the_ticket_waits_and_an_answer_opens_it(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[tickets]\nafter_reply = "pending"\n')
    resolve(bench, text="What do you see?")
    assert bench.ticket().status == "pending"
    again(bench, "A white page.")
    assert bench.ticket().status == "open"
    bench.db.close()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("#open\n\nWe look.", "open"),
        ("#note\n\nHm.", "open"),
        ("#resolved\n\nFixed.", "resolved"),
        ("#prio high", "open"),
    ],
)
def test_what_the_agent_says_wins_and_notes_wait_for_nobody(tmp_path, text, status):
    bench = Bench(tmp_path, CONFIG + '[tickets]\nafter_reply = "pending"\n')
    resolve(bench, text=text)
    assert bench.ticket().status == status
    bench.db.close()


# ── resolved again ──────────────────────────────────────────────────────────────────────


def kinds_to_karen(mails: list[Sent]) -> list[str]:
    return [mail.kind for mail in mails if mail.to == "karen@client.example"]


def test_resolving_again_within_a_day_after_thanks_tells_nobody(bench):
    bench.configure(CONFIG + THANKS_REOPEN)
    resolve(bench)
    alert = to(again(bench, "Thanks!"), "elliot@bank.example")
    assert bench.ticket().status == "open"
    bench.now += timedelta(hours=23)
    mails = bench.send(ELLIOT, "#resolved", answers=alert)
    assert told(mails) == {("answer", "elliot@bank.example")}
    assert bench.ticket().status == "resolved"


@pytest.mark.parametrize("text", ["No, it still does not work.", "Thanks. And the app?"])
def test_who_wrote_more_than_thanks_is_told_again(bench, text):
    resolve(bench)
    alert = to(again(bench, text), "elliot@bank.example")
    bench.now += timedelta(hours=1)
    assert kinds_to_karen(bench.send(ELLIOT, "#resolved", answers=alert)) == ["status-changed"]


@pytest.mark.parametrize("text", ["Thanks!", "No, it still does not work."])
def test_after_thanks_for_the_latest_resolution_nobody_is_told_again(bench, text):
    """Whatever the requester wrote before it."""
    bench.configure(CONFIG + THANKS_REOPEN)
    resolve(bench)
    bench.send(ELLIOT, "#resolved", answers=to(again(bench, text), "elliot@bank.example"))
    alert = to(again(bench, "Thanks!"), "elliot@bank.example")
    assert bench.ticket().status == "open"
    assert kinds_to_karen(bench.send(ELLIOT, "#resolved", answers=alert)) == []


def test_an_agent_who_opens_it_by_mistake_tells_nobody_twice(bench):
    resolve(bench)
    bench.now += timedelta(hours=1)
    opened = bench.send(ELLIOT, "#quiet\n#reopen", answers=bench.alerts["elliot@bank.example"])
    assert bench.ticket().status == "open"
    assert kinds_to_karen(bench.send(ELLIOT, "#resolved", answers=to(opened, "elliot@bank.example"))) == []


def test_a_day_later_it_is_told_again(bench):
    bench.configure(CONFIG + THANKS_REOPEN)
    resolve(bench)
    alert = to(again(bench, "Thanks!"), "elliot@bank.example")
    bench.now += timedelta(hours=25)
    assert kinds_to_karen(bench.send(ELLIOT, "#resolved", answers=alert)) == ["status-changed"]


def test_with_words_it_is_told_for_the_words_sake(bench):
    resolve(bench)
    alert = to(again(bench, "And the app?"), "elliot@bank.example")
    mails = bench.send(ELLIOT, "#resolved\n\nThe app as well.", answers=alert)
    assert kinds_to_karen(mails) == ["reply"]
    assert "resolved" in to(mails, "karen@client.example").text


def test_another_status_is_told_as_ever(tmp_path):
    bench = Bench(tmp_path, CONFIG + THANKS_REOPEN + '[notices]\nstatus_changes = ["resolved", "closed"]\n')
    resolve(bench)
    alert = to(again(bench, "Thanks!"), "elliot@bank.example")
    assert kinds_to_karen(bench.send(ELLIOT, "#close", answers=alert)) == ["status-changed"]
    bench.db.close()


def test_who_never_read_of_the_first_time_reads_of_the_second(bench):
    resolve(bench, text="#quiet\n#resolved")
    alert = to(again(bench), "elliot@bank.example") if bench.ticket().assignee else again(bench)[0]
    bench.now += timedelta(hours=1)
    who = ELLIOT if alert.to.startswith("elliot") else ANN
    assert kinds_to_karen(bench.send(who, "#resolved", answers=alert)) == ["status-changed"]


def test_new_collaborators_hear_of_it_all_the_same(bench):
    bench.configure(CONFIG + THANKS_REOPEN)
    resolve(bench)
    alert = to(again(bench, "Thanks!"), "elliot@bank.example")
    mails = bench.send(ELLIOT, "#cc jane@client.example\n#resolved", answers=alert)
    assert ("collaborator-added", "jane@client.example") in told(mails)
    assert kinds_to_karen(mails) == []


# ── thanks ──────────────────────────────────────────────────────────────────────────────


def ended(bench, command="#resolve"):
    alert = to(bench.send(KAREN, "The portal is down."), "elliot@bank.example")
    return to(bench.send(ELLIOT, f"{command}\n#claim\n\nIt works again.", answers=alert), "karen@client.example")


@pytest.mark.parametrize("program", PROGRAMS)
def test_thanks_reopen_nothing_and_the_assignee_reads_them(tmp_path, program):
    bench = Bench(tmp_path)
    reply = ended(bench)
    sent = bench.send(KAREN, **written(program, "Thank you very much, it works!", "Karen Client\nClient Inc.", reply))
    assert bench.ticket().status == "resolved"
    assert bench.ticket().reopened == 0
    assert [kind for kind, _ in bench.thread()] == ["message", "reply", "message"]
    alert = to(sent, "elliot@bank.example")
    assert "This is only a thank-you: the ticket stays resolved." in alert.text
    assert len(sent) == 1
    bench.write_by_link(alert, "Reopen", "")
    assert bench.ticket().status == "open"


@pytest.mark.parametrize("program", PROGRAMS)
def test_thanks_reopen_nothing_where_a_gateway_adds_its_disclaimer_at_the_end(tmp_path, program):
    bench = Bench(tmp_path)
    footer = (
        "This e-mail is confidential and for its addressee alone. If you received it in error, please delete it."
        " Unauthorised copying is prohibited."
    )
    fields = written(program, "Thanks!", "", ended(bench))
    if "html" in fields:
        fields["html"] = f"{fields['html']}<p>{footer}</p>"
    bench.send(KAREN, **fields | {"text": f"{fields['text']}\n\n{footer}\n"})
    assert bench.ticket().status == "resolved"
    assert bench.thread()[-1] == ("message", "Thanks!")


@pytest.mark.parametrize("text", ["Thanks, but it is down again.", "Thanks. Who did it?"])
def test_what_says_more_reopens(tmp_path, text):
    bench = Bench(tmp_path)
    bench.send(KAREN, text, answers=ended(bench))
    assert bench.ticket().status == "open"


def test_thanks_with_a_file_reopen_and_so_do_all_where_the_desk_wants_it(tmp_path):
    bench = Bench(tmp_path)
    reply = ended(bench)
    bench.send(KAREN, "Thanks!", answers=reply, files=(("log.txt", "text/plain", b"x"),))
    assert bench.ticket().status == "open"
    bench.configure(CONFIG + THANKS_REOPEN)
    bench.send(ELLIOT, "#resolve\n", answers=next(mail for mail in bench.sent() if mail.agent == "elliot"))
    bench.send(KAREN, "Thanks!", answers=reply)
    assert bench.ticket().status == "open"


def test_late_thanks_open_no_new_ticket(tmp_path):
    bench = Bench(tmp_path)
    reply = ended(bench)
    bench.wait(days=40)
    bench.send(KAREN, "Thank you!", answers=reply)
    assert bench.numbers() == [1001]
    assert bench.ticket().status == "closed"
