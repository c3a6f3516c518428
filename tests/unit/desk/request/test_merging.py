"""#merge: one ticket goes on in another, nobody loses a word and nobody reads what is not theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.store.tickets import tickets
from mailgate.ticket import Actor
from tests.desk import CONFIG, KAREN, Bench, outside, to
from tests.replay import untold

JANE = "Jane Doe <jane@other.example>"
ELLIOT, ANN, BOB, VERA = "elliot@bank.example", "ann@bank.example", "bob@bank.example", "vera@bank.example"


@pytest.fixture
def bench(tmp_path):
    """1001 is Karen's and 1002 Jane's; each has an acknowledgement and an alert to Elliot."""
    made = Bench(tmp_path, CONFIG + '[notices]\nstatus_changes = ["resolved", "closed", "reopened"]\n')
    made.acks, made.alerts = {}, {}
    for who, text in ((KAREN, "My portal does not open since nine."), (JANE, "Nobody here can log in to banking.")):
        mails = made.send(who, text, subject=f"Trouble of {who.partition(' ')[0]}")
        number = made.numbers()[-1]
        made.acks[number] = next(mail for mail in mails if mail.kind == "acknowledgement")
        made.alerts[number] = to(mails, ELLIOT)
    yield made
    for number in made.numbers():
        assert not untold(made.ticket(number), made.events(number))


def merged(bench, text="#merge 1002", answers=1001):
    return bench.send(ELLIOT, text, answers=bench.alerts[answers])


def test_the_one_that_is_worked_on_goes_into_the_other_and_the_echo_says_so(bench):
    mails = merged(bench, "#merge 1002 -- same outage")
    one, two = bench.ticket(1001), bench.ticket(1002)
    assert (one.status, one.merged_into, two.merged) == ("closed", 1002, (1001,))
    assert (one.links, two.links) == ((1002,), (1001,))
    answer = to(mails, ELLIOT)
    assert "#1001 was merged into #1002." in answer.text
    assert "Undo the merge: mailto:" in answer.text
    alert = to(mails, ANN).text
    assert "Elliot Alderson merged ticket #1001 into this one: same outage" in alert
    assert "My portal does not open since nine." in alert, "the history that comes is shown at once"
    assert "closed, merged into [#1002]" in answer.text
    assert "Reopen: mailto:" not in answer.text


def test_both_sides_have_the_event_with_what_was_before_and_after(bench):
    merged(bench, "#merge 1002 -- same outage")
    one = next(event for event in bench.events(1001) if event.kind == "merged")
    two = next(event for event in bench.events(1002) if event.kind == "merged")
    assert (one.by, one.reason, two.reason) == (Actor.agent("elliot"), "same outage", "same outage")
    assert (one.before["merged_into"], one.after["merged_into"]) == (None, 1002)
    assert (two.before["merged"], two.after["merged"]) == ([], [1001])


def test_another_persons_requester_hears_of_another_request_and_of_nobody_in_it(bench):
    (told,) = outside(merged(bench))
    assert (told.to, told.kind) == ("karen@client.example", "status-changed")
    assert "is handled together with another one about the same matter" in " ".join(told.text.split())
    for word in ("1002", "Jane", "jane@", "Nobody here", "closed"):
        assert word not in told.everything
    assert [(each.email, each.active) for each in bench.ticket(1002).collaborators] == [("karen@client.example", False)]


def test_the_same_persons_two_requests_become_one_under_a_number_that_they_know(bench):
    alert = to(bench.send(KAREN, "And the app?", subject="App"), ELLIOT)
    (told,) = outside(bench.send(ELLIOT, "#merge 1001", answers=alert))
    assert "is now handled together with your request [#1001]" in " ".join(told.text.split())
    assert told.ticket == 1003
    assert bench.ticket(1001).collaborators == ()


def test_quiet_tells_no_requester(bench):
    assert outside(merged(bench, "#quiet\n#merge 1002")) == []


def test_words_with_the_merge_go_to_whom_they_were_written_and_say_what_happened(bench):
    (told,) = outside(merged(bench, "#merge 1002\n\nWe look into it."))
    assert (told.to, told.kind) == ("karen@client.example", "reply")
    assert "We look into it." in told.text
    assert "handled together with another one" in " ".join(told.text.split())
    assert bench.thread(1001)[-1] == ("reply", "We look into it.")
    assert bench.ticket(1001).assignee is None, "who merges has not claimed a closed ticket"


def test_of_one_that_had_ended_nobody_is_told_again(bench):
    merged(bench, "#quiet\n#resolved")
    assert outside(merged(bench)) == []


# ── later mail ──────────────────────────────────────────────────────────────────────────


def by_key(bench):
    return {"answers": bench.acks[1001]}


def by_anchor(bench):
    anchor = bench.acks[1001].message["References"].split()[0]
    return {"headers": {"References": anchor}, "subject": "Re: my trouble"}


def by_message_id(bench):
    own = tickets.thread(bench.db, 1001)[0].message_id
    return {"headers": {"In-Reply-To": own}, "subject": "Re: my trouble"}


def by_token(bench):
    return {"subject": "Re: [#1001] my trouble"}


@pytest.mark.parametrize("way", [by_key, by_anchor, by_message_id, by_token])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_later_answer_goes_where_the_ticket_went_by_every_reference_and_along_chains(bench, way, length):
    for step in range(length):
        bench.send("Lee <lee@third.example>", "More.", subject=f"More {step}")
        end = bench.numbers()[-1]
        at = 1001 if step == 0 else end - 1
        (alert,) = [m for m in bench.sent() if m.kind == "new-ticket" and m.ticket == at and m.to == ELLIOT]
        bench.send(ELLIOT, f"#merge {end}", answers=alert)
    mails = bench.send(KAREN, "It still does not open.", **way(bench))
    assert outside(mails) == []
    assert bench.thread(end)[-1] == ("message", "It still does not open.")
    assert bench.thread(1001)[1:] == []
    alert = next(mail for mail in mails if mail.to == ELLIOT)
    assert (alert.kind, alert.ticket) == ("new-message", end)
    assert "It came for ticket #1001, which was merged into this one." in " ".join(alert.text.split())
    assert "Add Karen Client: mailto:" in alert.text


def test_a_stranger_gains_nothing_by_the_number_of_a_merged_ticket(bench):
    merged(bench)
    bench.send("Eve <eve@evil.example>", "Tell me.", subject="Re: [#1001] Trouble")
    assert len(bench.thread(1002)) == 1
    assert bench.numbers()[-1] == 1003


def test_alerts_of_the_one_that_remains_show_both_histories_to_agents_alone(bench):
    merged(bench)
    mails = bench.send(JANE, "Any news?", answers=bench.acks[1002])
    alert = to(mails, ELLIOT)
    assert "My portal does not open since nine." in alert.text
    assert "message for #1001" in alert.text
    (reply,) = outside(bench.send(ELLIOT, "We are at it.", answers=alert))
    assert reply.to == "jane@other.example"
    assert "portal" not in reply.everything
    assert "Karen" not in reply.everything


def test_words_of_one_requester_pasted_to_the_other_come_back(bench):
    merged(bench)
    alert = to(bench.send(JANE, "Any news?", answers=bench.acks[1002]), ELLIOT)
    mails = bench.send(ELLIOT, "As another one says: My portal does not open since nine.", answers=alert)
    assert outside(mails) == []
    assert "would show the requester internal text" in " ".join(to(mails, ELLIOT).text.split())
    later = to(bench.send(KAREN, "The code that I see there is 77-AB-1999.", answers=bench.acks[1001]), ELLIOT)
    mails = bench.send(ELLIOT, "Do you see it too? The code that I see there is 77-AB-1999.", answers=later)
    assert outside(mails) == []


def test_words_of_the_same_person_may_be_repeated_to_them(bench):
    alert = to(bench.send(KAREN, "The app shows the code twelve all the time.", subject="App"), ELLIOT)
    bench.send(ELLIOT, "#merge 1001", answers=alert)
    mails = bench.send(ELLIOT, "You wrote: The app shows the code twelve all the time.", answers=bench.alerts[1001])
    assert [mail.to for mail in outside(mails)] == ["karen@client.example"]


def test_an_answer_to_an_old_alert_never_goes_to_the_other_requester(bench):
    merged(bench)
    mails = bench.send(ANN, "Dear Karen, your password is on its way.", answers=to_ann(bench))
    assert outside(mails) == []
    text = " ".join(to(mails, ANN).text.split())
    assert "Ticket 1001 was merged into 1002, whose requester is jane@other.example" in text
    assert "#ticket 1002 and #reply" in text
    (sent,) = outside(bench.send(ANN, "#ticket 1002\n#reply\n\nDear all.", answers=to_ann(bench)))
    assert sent.to == "jane@other.example"


def to_ann(bench):
    return next(mail for mail in bench.sent() if mail.to == ANN and mail.ticket == 1001 and mail.kind == "new-ticket")


def test_an_old_alerts_note_and_commands_work_on_the_one_that_remains(bench):
    merged(bench)
    bench.send(ANN, "#note\n#prio high\n\nSeen before.", answers=to_ann(bench))
    assert bench.thread(1002)[-1] == ("note", "Seen before.")
    assert (bench.ticket(1001).priority, bench.ticket(1002).priority) == ("Normal", "High")


def test_the_same_link_tapped_by_two_agents_merges_once(bench):
    merged(bench)
    mail = to(bench.send(ANN, "#merge 1002", answers=to_ann(bench)), ANN)
    assert "#1001 was merged into #1002 already." in mail.text
    assert bench.kinds(1002).count("merged") == 1


def test_a_circle_is_refused_and_a_merged_target_leads_on(bench):
    merged(bench)
    mail = to(bench.send(ELLIOT, "#merge 1001", answers=bench.alerts[1002]), ELLIOT)
    assert "ticket 1001 was merged into this one: #split it first" in " ".join(mail.text.split())
    mail = to(bench.send(ELLIOT, "#merge 1002", answers=bench.alerts[1002]), ELLIOT)
    assert "a ticket cannot be merged into itself" in mail.text
    alert = to(bench.send("Lee <lee@third.example>", "Me too.", subject="Third"), ELLIOT)
    mail = to(bench.send(ELLIOT, "#merge 1001", answers=alert), ELLIOT)
    assert "#1003 was merged into #1002, into which #1001 was merged." in " ".join(mail.text.split())
    assert bench.ticket(1002).merged == (1001, 1003)


def test_no_other_change_stands_beside_a_merge(bench):
    mail = to(merged(bench, "#merge 1002\n#close"), ELLIOT)
    assert "#status and #merge need two mails" in mail.text
    assert bench.ticket(1001).status == "open"


def test_who_does_not_see_the_other_one_finds_none_and_who_may_not_there_is_told(bench):
    number = bench.numbers()[-1] + 1
    outage = bench.send(JANE, "All is down.", subject="Outage", to="outages@bank.example")
    mail = to(merged(bench, f"#merge {number}"), ELLIOT)
    assert f"ticket {number} was not found" in mail.text
    bench.send(BOB, "#assign elliot", answers=to(outage, BOB))
    mail = to(merged(bench, f"#merge {number}"), ELLIOT)
    assert bench.ticket(1001).merged_into == number, mail.text


# ── time ────────────────────────────────────────────────────────────────────────────────


def test_the_earliest_wait_counts_and_the_due_time_with_it(bench):
    one, two = bench.ticket(1001), bench.ticket(1002)
    bench.wait(hours=2)
    merged(bench)
    after = bench.ticket(1002)
    assert (after.sla_started_at, after.waiting_since) == (one.sla_started_at, one.waiting_since)
    assert two.due_at - after.due_at == one_second(two, one)


def one_second(two, one):
    return two.sla_started_at - one.sla_started_at


def test_a_younger_one_changes_no_clock(bench):
    before = bench.ticket(1001)
    bench.send(ELLIOT, "#merge 1001", answers=bench.alerts[1002])
    after = bench.ticket(1001)
    assert (after.due_at, after.sla_started_at) == (before.due_at, before.sla_started_at)


@pytest.mark.parametrize("status", ["pending", "resolved", "closed"])
def test_an_open_ticket_opens_the_one_that_it_goes_into(bench, status):
    bench.send(ELLIOT, f"#quiet\n#{status}", answers=bench.alerts[1002])
    mails = merged(bench)
    assert bench.ticket(1002).status == "open"
    assert [mail.to for mail in outside(mails)] == ["karen@client.example"]
    done = f"#1001 was merged into #1002. It was {status} and is open again."
    assert done in " ".join(to(mails, ELLIOT).text.split())
    (opened,) = [event for event in bench.events(1002) if event.kind == "status-changed"][-1:]
    assert opened.reason == "ticket 1001, which was open, was merged into it"
    assert ": ticket #1001, which was open, was merged into it" in " ".join(to(mails, ANN).text.split())


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_an_ended_ticket_leaves_the_status_of_the_other_alone(bench, status):
    merged(bench, f"#quiet\n#{status}")
    bench.send(ELLIOT, "#quiet\n#resolved", answers=bench.alerts[1002])
    merged(bench)
    assert bench.ticket(1002).status == "resolved"


def test_who_waits_for_the_merged_one_opens_the_other_by_writing(bench):
    merged(bench)
    bench.send(ELLIOT, "#quiet\n#resolved", answers=bench.alerts[1002])
    bench.send(KAREN, "Still broken.", answers=bench.acks[1001])
    assert bench.ticket(1002).status == "open"


def test_nothing_fires_for_a_merged_ticket(bench):
    merged(bench)
    late = bench.wait(days=40)
    assert not [mail for mail in late if mail.ticket == 1001]


# ── undone ──────────────────────────────────────────────────────────────────────────────


def undone(bench, text="#split"):
    return bench.send(ELLIOT, f"#ticket 1001\n{text}", answers=bench.alerts[1002])


FIELDS = ("status", "due_at", "sla_started_at", "waiting_since", "links", "collaborators", "merged", "merged_into")


def test_a_wrong_merge_is_undone_on_both_sides(bench):
    before = [bench.ticket(number) for number in (1001, 1002)]
    merged(bench)
    mails = undone(bench)
    assert "#1001 is out of #1002 again." in to(mails, ELLIOT).text
    (told,) = outside(mails)
    assert (told.to, "handled by itself again" in told.text) == ("karen@client.example", True)
    for number, was in zip((1001, 1002), before, strict=True):
        now = bench.ticket(number)
        for name in FIELDS:
            assert (
                getattr(now, name) == pytest.approx(getattr(was, name), abs=timedelta(seconds=1))
                if name.endswith(("_at", "_since"))
                else getattr(now, name) == getattr(was, name)
            ), f"{name} of {number}"


@pytest.mark.parametrize("status", ["pending", "pending 3h", "resolved", "closed"])
def test_it_is_put_back_as_it_was(bench, status):
    merged(bench, f"#quiet\n#status {status}")
    was = bench.ticket(1001)
    merged(bench)
    undone(bench)
    now = bench.ticket(1001)
    assert (now.status, now.wake_at) == (was.status, was.wake_at)


def test_what_came_for_it_since_comes_with_it(bench):
    merged(bench)
    bench.send(KAREN, "One more thing.", answers=bench.acks[1001])
    bench.send(JANE, "From me as well.", answers=bench.acks[1002])
    undone(bench)
    assert bench.thread(1001)[-1] == ("message", "One more thing.")
    assert [text for _, text in bench.thread(1002)][1:] == ["From me as well."]
    bench.send(KAREN, "And now?", answers=bench.acks[1001])
    assert bench.thread(1001)[-1] == ("message", "And now?")


def test_an_answer_to_a_message_that_came_by_a_merge_undoes_it(bench):
    merged(bench)
    alert = to(bench.send(KAREN, "One more thing.", answers=bench.acks[1001]), ELLIOT)
    bench.send(ELLIOT, "#split", answers=alert)
    assert bench.ticket(1001).merged_into == 0
    assert bench.thread(1001)[-1] == ("message", "One more thing.")


def test_an_old_alert_of_the_merged_ticket_undoes_it_with_words_for_its_requester(bench):
    merged(bench)
    mails = bench.send(ELLIOT, "#split\n\nSorry, Karen.", answers=bench.alerts[1001])
    (told,) = outside(mails)
    assert (told.to, told.kind) == ("karen@client.example", "reply")
    assert bench.thread(1001)[-1] == ("reply", "Sorry, Karen.")


def test_what_was_written_for_a_closed_one_opens_it_when_it_is_put_back(bench):
    merged(bench, "#quiet\n#close")
    merged(bench)
    bench.send(KAREN, "Not done!", answers=bench.acks[1001])
    undone(bench)
    assert bench.ticket(1001).status == "open"


def test_the_middle_of_a_chain_comes_out_with_what_hangs_on_it(bench):
    merged(bench)
    alert = to(bench.send("Lee <lee@third.example>", "Me too.", subject="Third"), ELLIOT)
    bench.send(ELLIOT, "#merge 1003", answers=bench.alerts[1002])
    bench.send(KAREN, "For the first.", answers=bench.acks[1001])
    bench.send(JANE, "For the second.", answers=bench.acks[1002])
    bench.send(ELLIOT, "#ticket 1002\n#split", answers=alert)
    assert [text for _, text in bench.thread(1003)] == ["Me too."]
    assert [text for _, text in bench.thread(1002)][1:] == ["For the first.", "For the second."]
    undone(bench)
    assert [text for _, text in bench.thread(1001)][1:] == ["For the first."]
    assert [text for _, text in bench.thread(1002)][1:] == ["For the second."]


def test_a_bounce_of_a_mail_of_the_merged_ticket_is_told_on_the_other(bench):
    ack = bench.acks[1001]
    merged(bench)
    report = (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@bank.example\r\nSubject: failed\r\nMessage-ID: <b@mx>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        "--x\r\n\r\nNo.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; karen@client.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--x\r\n"
        f"Content-Type: message/rfc822\r\n\r\nMessage-ID: {ack.message_id}\r\n\r\n--x--\r\n"
    )
    bench.accept(report.encode(), envelope_from="")
    bench.drain()
    assert bench.kinds(1002)[-1] == "bounced"


def test_two_requests_of_one_person_that_were_merged_share_their_answers(bench):
    alert = to(bench.send(KAREN, "And the app?", subject="App"), ELLIOT)
    bench.send(ELLIOT, "#merge 1001", answers=alert)
    (reply,) = outside(bench.send(ELLIOT, "Both work again.", answers=alert))
    assert (reply.to, reply.ticket) == ("karen@client.example", 1001)


def test_whoever_was_let_in_stays_when_the_merge_is_undone(bench):
    merged(bench)
    bench.send(ELLIOT, "#cc karen@client.example", answers=bench.alerts[1002])
    undone(bench)
    assert [each.email for each in bench.ticket(1002).collaborators] == ["karen@client.example"]


def test_show_tells_where_it_went_and_what_it_holds(bench):
    merged(bench)
    text = to(bench.send(ELLIOT, "#ticket 1001\n#show", answers=bench.alerts[1002]), ELLIOT).text
    assert "closed, merged into [#1002]" in text
    text = to(bench.send(ELLIOT, "#show", answers=bench.alerts[1002]), ELLIOT).text
    assert "Merged in:       [#1001]" in text
    assert "(message for #1001, id" in text


def test_who_gets_no_answers_after_a_merge_is_said_wherever_somebody_answers(bench):
    mails = merged(bench)
    for reader in (ELLIOT, ANN):
        assert "Answers on #1002 do not go to Karen Client until you add them." in to(mails, reader).text
    alert = to(bench.send(JANE, "And now?", answers=bench.acks[1002]), ELLIOT)
    assert alert.text.splitlines()[2] == (
        "Your answer goes to Jane Doe (public reply). Not to Karen Client, until you add them."
    )
    added = bench.write_by_link(to(mails, ELLIOT), "Add Karen Client", "", below=True)
    assert "karen@client.example" in {mail.to for mail in added}
    reply = bench.send(ELLIOT, "It is over.", answers=alert)
    assert {mail.to for mail in outside(reply)} <= {"jane@other.example", "karen@client.example"}
    alert = to(bench.send(JANE, "Thank you?", answers=bench.acks[1002]), ELLIOT)
    assert "Not to" not in alert.text
