"""Opening tickets: real mails through the whole desk on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from mailgate.desk.gather.opening import gather_opening
from mailgate.desk.notify.admin import PASSED
from mailgate.desk.opening import by_hand
from mailgate.reading.page import page as html
from mailgate.store.queues import quarantine, trace
from mailgate.store.tickets import tickets
from mailgate.ticket import ADMIN, Actor, Address
from mailgate.worker import apply
from tests.desk import ANN, CONFIG, KAREN, Bench, to, told

RULES = """
[[rule]]
name = "Spam"
when = { subject = "lottery" }
then = { drop = true }

[[rule]]
name = "Printers"
when = { subject = "printer" }
then = { reject = "Please write to printers@bank.example." }

[[rule]]
name = "Monitoring"
when = { subject = "disk full" }
then = { autoresponse = true, alert = ["agent:bob"], tags = ["disk"] }

[[rule]]
name = "Vendors"
when = { from = { domain = "vendor.example" } }
then = { autoresponse = false, priority = "Low", assign = "agent:elliot" }

[[rule]]
name = "Web form"
when = { header = { X-Form = { is = "yes" } } }
then = { requester = "reply_to" }

[[rule]]
name = "Done already"
when = { subject = "[done]" }
then = { status = "closed" }

[[rule]]
name = "German"
when = { language = { is = "de" } }
then = { tags = ["german"] }
"""
REJECT_LATER = """
[[rule]]
name = "No calls"
on = ["message"]
when = { body = "call me" }
then = { reject = "We do not call." }
"""


@pytest.fixture
def bench(tmp_path):
    with_rules = Bench(tmp_path, CONFIG + RULES)
    yield with_rules
    with_rules.db.close()


def test_a_mail_opens_a_ticket_is_acknowledged_and_told_to_the_department(bench):
    mails = bench.send(KAREN, "It does not open.")
    assert told(mails) == {
        ("acknowledgement", "karen@client.example"),
        ("new-ticket", "elliot@bank.example"),
        ("new-ticket", "ann@bank.example"),
    }
    ticket = bench.ticket()
    assert (ticket.number, ticket.subject, ticket.department) == (1001, "Portal is down", "Support")
    assert bench.thread() == [("message", "It does not open.")]
    assert bench.kinds() == ["opened", "routed"]
    assert bench.way()[-4:] == [
        "ticket: 1001 opened",
        "notice: acknowledgement to karen@client.example",
        "notice: new-ticket to elliot@bank.example",
        "notice: new-ticket to ann@bank.example",
    ]


def test_a_first_acknowledgement_shows_the_subject_and_none_of_the_text(bench):
    ack = to(bench.send(KAREN, "CANARY text"), "karen@client.example")
    assert ack.subject == "[#1001] Portal is down"
    assert "CANARY" not in ack.everything
    bench.send(KAREN, "It is me.", answers=ack)
    again = to(bench.send(KAREN, "CANARY text, again", subject="More"), "karen@client.example")
    assert "CANARY text, again" in again.text, "who has answered may read their own words"


def test_form_lines_choose_the_topic_and_stay_out_of_the_text(bench):
    bench.send(KAREN, "Help topic: report a problem\nPhone: 555 0100\n\nMy chair is broken.")
    ticket = bench.ticket()
    assert (ticket.topic, ticket.department) == ("Report a Problem", "Maintenance")
    assert ticket.fields == {"Help topic": "report a problem", "Phone": "555 0100"}
    assert bench.thread() == [("message", "My chair is broken.")]


def test_the_address_with_a_topic_decides_whichever_copy_comes_first(bench):
    raw = bench.write(KAREN, "Down!", to="support@bank.example, outages@bank.example")
    bench.accept(raw, rcpt=("support@bank.example",))
    bench.accept(raw, rcpt=("outages@bank.example",))
    mails = bench.drain()
    assert bench.numbers() == [1001]
    assert bench.ticket().topic == "Business Critical Outage"
    assert {mail.to for mail in mails} == {"karen@client.example", "bob@bank.example", "vera@bank.example"}
    assert bench.last()["state"] == "dropped"
    assert bench.way()[-1] == "dropped: duplicate the same mail came before, as inbox 1"


def test_the_same_id_with_other_content_is_another_mail(bench):
    bench.send(KAREN, "One thing.", message_id="<same@client.example>")
    bench.send(KAREN, "Quite another.", message_id="<same@client.example>", subject="Other")
    bench.send("eve@evil.example", "One thing.", message_id="<same@client.example>")
    assert bench.numbers() == [1001, 1002, 1003]


def test_a_copy_with_a_footer_is_the_same_mail(bench):
    bench.send(KAREN, "It does not open.\nKaren", message_id="<one@client.example>")
    copy = "It does not open.\nKaren\n____\nstaff mailing list\nhttps://lists.example/staff"
    assert (
        bench.send(KAREN, copy, message_id="<one@client.example>", headers={"List-Id": "<staff.client.example>"}) == []
    )
    assert bench.numbers() == [1001]
    assert bench.last()["reason"] == "duplicate"


def test_the_same_delivery_repeated_is_one_mail(bench):
    raw = bench.write(KAREN, "Once.")
    assert bench.accept(raw, key="imap:1") == bench.accept(raw, key="imap:1")
    bench.drain()
    assert bench.numbers() == [1001]


def test_a_rule_drops_or_rejects(bench):
    assert bench.send(KAREN, "You won.", subject="Lottery") == []
    assert bench.last()["state"] == "dropped"
    rejected = to(bench.send(KAREN, "Paper jam.", subject="Printer"), "karen@client.example")
    assert rejected.kind == "rejected"
    assert "Please write to printers@bank.example." in rejected.text
    assert rejected.mail_from == ""
    assert "support@bank.example" in rejected.message["From"]
    assert bench.numbers() == []
    assert bench.send(KAREN, "Paper jam.", subject="Printer", headers={"Precedence": "bulk"}) == []


@pytest.mark.parametrize(
    ("text", "declared", "tags"),
    [
        ("Ich kann mich nicht anmelden, und das Passwort ist falsch.", "en-US", ("german",)),
        ("Passwort", "de", ("german",)),
        ("I can not sign in with the password that you gave me.", "de", ()),
    ],
)
def test_rules_compare_the_language_of_the_text_before_the_one_that_is_declared(bench, text, declared, tags):
    bench.send(KAREN, text, headers={"Content-Language": declared})
    assert bench.ticket(1001).tags == tags


def test_a_rule_rejects_a_later_message(tmp_path):
    bench = Bench(tmp_path, CONFIG + REJECT_LATER)
    ack = to(bench.send(KAREN, "Help"), "karen@client.example")
    (word,) = bench.send(KAREN, "Please call me", answers=ack)
    assert (word.kind, "We do not call." in word.text) == ("rejected", True)
    assert len(bench.thread()) == 1
    assert bench.last()["state"] == "dropped"
    assert (
        bench.send(KAREN, "Please call me, I am away", answers=ack, headers={"Auto-Submitted": "auto-generated"}) == []
    )
    assert len(bench.thread()) == 1


def test_a_reply_to_that_names_the_desk_is_no_requester(bench):
    bench.send(KAREN, "Help", subject="A", headers={"X-Form": "yes", "Reply-To": "support@bank.example"})
    assert bench.ticket().requester.email == "karen@client.example"
    both = "support@bank.example, Jane <jane@x.example>"
    bench.send(KAREN, "Help", subject="B", headers={"X-Form": "yes", "Reply-To": both})
    assert bench.ticket(1002).requester.email == "jane@x.example"


def test_rejections_come_from_the_address_that_was_written_to(bench):
    rejected = to(bench.send(KAREN, "Paper jam.", subject="Printer", to="outages@bank.example"), "karen@client.example")
    assert "outages@bank.example" in rejected.message["From"]


def test_no_answer_to_bulk_unless_a_rule_says_so(bench):
    robot = {"Auto-Submitted": "auto-generated"}
    assert {mail.kind for mail in bench.send("mon@client.example", "load 9", headers=robot)} == {"new-ticket"}
    assert not bench.ticket().autoresponse
    mails = bench.send("mon@client.example", "99 %", subject="Disk full", headers=robot)
    assert ("acknowledgement", "mon@client.example") in told(mails)
    assert ("new-ticket", "bob@bank.example") in told(mails), "a rule's alert"
    assert bench.ticket(1002).tags == ("disk",)


def test_who_was_not_answered_is_not_told_of_a_status_either(bench):
    alert = to(bench.send("mon@client.example", "load 9", headers={"Precedence": "bulk"}), "elliot@bank.example")
    mails = bench.send("elliot@bank.example", "#resolved", answers=alert)
    assert bench.ticket().status == "resolved"
    assert "mon@client.example" not in {mail.to for mail in mails}


def test_autoresponse_off_and_assigned_by_rule(bench):
    mails = bench.send("sales@vendor.example", "Our new price list")
    assert told(mails) == {("assigned", "elliot@bank.example"), ("new-ticket", "ann@bank.example")}
    assert bench.ticket().priority == "Low"
    assert bench.kinds() == ["opened", "routed", "assigned"]


@pytest.mark.parametrize(
    "how",
    [
        {"envelope_from": ""},
        {"quiet": True},
        {"arrived": -timedelta(days=4)},
        {
            "headers": {"Authentication-Results": "mx.bank.example; dmarc=fail (p=reject) header.from=client.example"},
            "authserv_ids": ("mx.bank.example",),
        },
    ],
    ids=["null sender", "ingest --quiet", "old mail", "DMARC failed"],
)
def test_no_acknowledgement(bench, how):
    if "arrived" in how:
        how = {"arrived": bench.now + how["arrived"]}
    mails = bench.send(KAREN, "Hello?", **how)
    assert bench.numbers() == [1001]
    assert "acknowledgement" not in {mail.kind for mail in mails}
    assert bool(mails) == ("quiet" not in how), "agents hear of all but what is taken over quietly"


def test_created_at_is_the_arrival_but_never_in_the_future(bench):
    before, ahead = bench.now - timedelta(hours=5), bench.now + timedelta(days=400)
    bench.send(KAREN, "Old.", arrived=before)
    bench.send(KAREN, "From a clock ahead.", subject="B", arrived=ahead)
    assert bench.ticket(1001).created_at == before
    assert bench.ticket(1001).due_at == before + timedelta(hours=18)
    assert bench.ticket(1002).created_at == bench.now


def test_collaborators_come_from_to_and_cc_but_no_machine_agent_or_desk_address(bench):
    bench.send(
        KAREN,
        "Hello",
        to="support@bank.example, Jane <jane@client.example>",
        cc="boss@client.example, elliot@bank.example, no-reply@x.example, outages@bank.example, "
        "support+k1@bank.example, staff-owner@x.example, KAREN@client.example",
    )
    people = {person.email: person.active for person in bench.ticket().collaborators}
    assert people == {"jane@client.example": True, "boss@client.example": True}


def test_an_agent_in_cc_still_gets_the_alert(bench):
    assert ("new-ticket", "elliot@bank.example") in told(bench.send(KAREN, "Hi", cc="elliot@bank.example"))


def test_no_more_collaborators_than_there_may_be(tmp_path):
    bench = Bench(tmp_path, CONFIG + "[tickets]\nmax_collaborators = 2\n")
    bench.send(KAREN, "Hi", cc="a@x.example, b@x.example, c@x.example")
    assert len(bench.ticket().collaborators) == 2


def test_mail_whose_sender_may_be_forged_makes_nobody_active(bench):
    failed = {"Authentication-Results": "mx.bank.example; dmarc=fail header.from=client.example"}
    bench.send(KAREN, "Hi", cc="victim@x.example", headers=failed, authserv_ids=("mx.bank.example",))
    assert [person.active for person in bench.ticket().collaborators] == [False]


def test_agents_are_customers_too_and_somebody_else_is_told(bench):
    mails = bench.send("elliot@bank.example", "My own laptop is slow.", subject="Laptop")
    assert told(mails) == {("acknowledgement", "elliot@bank.example"), ("new-ticket", "ann@bank.example")}
    assert bench.ticket().requester.email == "elliot@bank.example"


def test_the_only_agent_who_writes_is_told_to_the_manager_or_the_admin(tmp_path):
    lonely = CONFIG.replace('departments = { "Systems Administrators" = "All Access" }', 'departments = ["Support"]')
    lonely = lonely.replace('role = "View only"\ndepartments = ["Systems Administrators"]', 'departments = ["Support"]')
    bench = Bench(tmp_path, lonely.replace('departments = ["Support", "Maintenance"]', 'departments = ["Maintenance"]'))
    mails = bench.send("ann@bank.example", "A chair.", subject="Chair", headers={}, to="support@bank.example")
    assert ("new-ticket", "ann@bank.example") not in told(mails)
    bench.send(KAREN, "Help topic: Report a Problem\n\nx", subject="Again")
    mails = bench.send("ann@bank.example", "Help topic: Report a Problem\n\nA chair.", subject="Chair")
    assert ("new-ticket", "root@ops.example") in told(mails)


def test_a_form_may_name_the_requester(bench):
    bench.send("www@bank.example", "Hi", headers={"X-Form": "yes", "Reply-To": KAREN})
    assert bench.ticket().requester.email == "karen@client.example"


def test_a_ticket_opened_as_ended_closes_and_is_told_to_nobody_as_late(bench):
    bench.send(KAREN, "Fixed it myself.", subject="[done] Portal")
    ticket = bench.ticket()
    assert ticket.closed_at == ticket.resolved_at == ticket.created_at
    assert bench.wait(days=30) == []


def test_mail_of_nobody_is_set_aside_whole(bench):
    bench.accept(b"Subject: who\r\n\r\nam I\r\n", envelope_from="")
    assert bench.drain() == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "unreadable")


def test_without_from_the_envelope_names_the_requester(bench):
    bench.accept(b"Subject: who\r\n\r\nam I\r\n", envelope_from="karen@client.example")
    bench.drain()
    assert bench.ticket().requester.email == "karen@client.example"


def test_an_empty_mail_and_any_bytes_are_a_ticket_or_quarantine(bench):
    for number, raw in enumerate([b"", b"\x00\xff\r\n\r\n\x00", b"From: \r\n", "From: ü@ü\r\n\r\nü".encode("latin-1")]):
        bench.accept(raw, key=f"k{number}", envelope_from="x@y.example")
    bench.drain()
    states = {row["state"] for row in bench.db.all("SELECT state FROM inbox")}
    assert states <= {"done", "quarantined", "dropped"}


def test_over_the_limit_of_open_tickets_one_word_a_day_and_the_admin_knows(tmp_path):
    bench = Bench(tmp_path, CONFIG + "[tickets]\nmax_open_per_requester = 1\n")
    bench.send(KAREN, "One")
    mails = bench.send(KAREN, "Two", subject="Second")
    assert told(mails) == {("limit-reached", "karen@client.example"), ("admin", "root@ops.example")}
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "limit")
    assert bench.send(KAREN, "Three", subject="Third") == []
    bench.now += timedelta(days=1, hours=1)
    assert told(bench.send(KAREN, "Four", subject="Fourth")) == {
        ("limit-reached", "karen@client.example"),
        ("admin", "root@ops.example"),
    }


def test_automatic_mail_to_one_sender_is_limited_and_the_rest_is_traced(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[notices]\nlimit_per_sender = "2/1h"\n')
    kinds = [{mail.kind for mail in bench.send(KAREN, f"No {n}", subject=f"S{n}")} for n in range(3)]
    assert ["acknowledgement" in each for each in kinds] == [True, True, False]
    assert "limited: acknowledgement not sent: limit_per_sender: 2 automatic mails in 1:00:00" in bench.way()
    way = trace.by_message_id(bench.db, bench.last()["message_id"])
    assert [line.step for line in way].count("limited") == 1, "the mail's own way tells of it"
    bench.now += timedelta(hours=2)
    assert "acknowledgement" in {mail.kind for mail in bench.send(KAREN, "Later", subject="Late")}


def test_a_status_change_counts_against_the_limit_and_a_reply_never(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[notices]\nlimit_per_sender = "1/1h"\n')
    alerts = [to(bench.send(KAREN, "Help", subject=f"Matter {n}"), "elliot@bank.example") for n in range(2)]
    told = [mail.kind for alert in alerts for mail in bench.send("elliot@bank.example", "#resolved", answers=alert)]
    assert told.count("status-changed") == 1, "acknowledgements of mail that nothing proves do not count"
    assert any(line.startswith("limited: status-changed") for line in bench.way())
    assert "reply" in {mail.kind for mail in bench.send("elliot@bank.example", "Words.", answers=alerts[0])}


def test_first_time_requesters_all_together_are_limited(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[notices]\nlimit_unknown = "2/1h"\n')
    answered = [
        "acknowledgement" in {mail.kind for mail in bench.send(f"p{n}@client.example", "Hi", subject=f"S{n}")}
        for n in range(3)
    ]
    assert answered == [True, True, False]
    known = bench.send("p0@client.example", "Hi again", subject="Again")
    assert "acknowledgement" in {mail.kind for mail in known}, "who is known does not count"


def test_no_more_than_twenty_automatic_mails_about_one_ticket_an_hour(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[notices]\nfollow_up = true\nlimit_per_sender = "500/1h"\n')
    bench.send(KAREN, "Help", subject="Matter")
    answered = sum(
        "follow-up-received" in {mail.kind for mail in bench.send(KAREN, "More" + "!" * n, subject="[#1001] Matter")}
        for n in range(25)
    )
    assert answered == 19


def test_mail_to_postmaster_is_the_administrators_and_no_ticket(bench):
    mails = bench.send("abuse@isp.example", "You send spam.", subject="Complaint", to="postmaster@bank.example")
    assert told(mails) == {("admin", "root@ops.example")}
    assert "You send spam." in mails[0].text
    assert "Complaint" in mails[0].subject
    assert "abuse@isp.example" in mails[0].text
    assert bench.numbers() == []


def test_mail_to_postmaster_and_the_desk_is_a_ticket_and_the_administrator_has_a_copy(bench):
    both = bench.send(KAREN, "It does not open.", to="support@bank.example, Postmaster@bank.example")
    assert {("acknowledgement", "karen@client.example"), ("admin", "root@ops.example")} <= told(both)
    assert bench.numbers() == [1001]
    copy = to(both, "root@ops.example")
    assert "It does not open." in copy.text
    assert "Postmaster@bank.example from karen@client.example" in copy.text


@pytest.mark.parametrize("copies", [("postmaster", "support", "support"), ("support", "postmaster", "postmaster")])
def test_a_mail_to_both_that_comes_in_two_copies_is_a_ticket_and_the_administrators_whichever_comes_first(
    bench, copies
):
    """Servers hand the copies over one by one; so far the second one counted as the first again."""
    raw = bench.write(KAREN, "It does not open.", to="support@bank.example, postmaster@bank.example")
    found = []
    for name in copies:
        bench.accept(raw, rcpt=(f"{name}@bank.example",))
        found += bench.drain()
    assert [mail.kind for mail in found].count("admin") == 1
    assert [mail.kind for mail in found].count("acknowledgement") == 1
    assert bench.numbers() == [1001]
    assert bench.last()["reason"] == "duplicate"


def test_a_flood_to_postmaster_reaches_the_administrator_in_bounds_and_is_no_trouble(bench):
    mails = [bench.send(f"s{n}@isp.example", f"Spam {n}", to="postmaster@bank.example") for n in range(12)]
    assert [len(each) for each in mails] == [1] * PASSED + [0, 0]
    assert "--reason postmaster-limit" in mails[PASSED - 1][0].text
    assert "--reason postmaster-limit" not in mails[PASSED - 2][0].text
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "postmaster-limit")
    assert quarantine.troubles(bench.db) == 0
    both = bench.send(KAREN, "It does not open.", to="support@bank.example, postmaster@bank.example")
    assert ("admin", "root@ops.example") not in told(both)
    assert bench.numbers() == [1001]
    bench.now += timedelta(hours=1, seconds=1)
    assert told(bench.send("late@isp.example", "Later", to="postmaster@bank.example")) == {
        ("admin", "root@ops.example")
    }


def test_mail_to_postmaster_is_set_aside_where_there_is_no_admin(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace('admin = "root@ops.example"', ""))
    assert bench.send(KAREN, "x", to="postmaster@bank.example") == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "postmaster")


def test_a_mail_to_a_foreign_address_counts_as_sent_to_the_first_one(bench):
    bench.send(KAREN, "x", to="someone@else.example")
    assert bench.ticket().address == "support@bank.example"


def test_names_that_the_configuration_lost_crash_nothing(bench):
    ack = to(bench.send(KAREN, "Down", to="outages@bank.example"), "karen@client.example")
    alert = to(bench.send(KAREN, "More", answers=ack), "bob@bank.example")
    bench.db.run(
        "UPDATE ticket SET department = 'Gone', topic = 'Gone / Too', sla = 'Gone', priority = 'Gone',"
        " address = 'gone@x.example', assignee_kind = 'agent', assignee = 'gone'"
    )
    mails = bench.send(KAREN, "Still there?", answers=ack)
    assert told(mails) == {("new-message", "root@ops.example")}, "department, team and manager are gone"
    assert bench.send("bob@bank.example", "#show 1001", answers=alert)[0].kind == "command-failed", "out of his sight"
    bench.db.run("UPDATE ticket SET assignee = 'bob'")
    assert bench.send("bob@bank.example", "#assign Online Banking -- x\n#transfer Support\n", answers=alert)
    assert bench.ticket().department == "Support"
    bench.db.run("UPDATE ticket SET assignee_kind = 'team', assignee = 'Gone', department = 'Gone', sla = 'Gone'")
    assert bench.wait(days=40) is not None
    assert bench.send(KAREN, "Hello", answers=ack)


def test_renamed_things_carry_their_tickets_over_with_events(bench):
    alert = to(bench.send(KAREN, "Down", to="outages@bank.example"), "bob@bank.example")
    bench.send("bob@bank.example", "#assign Online Banking", answers=alert)
    renamed = CONFIG.replace('[department."Systems Administrators"]', '[department.Ops]\nwas = ["Old Ops"]')
    renamed = renamed.replace("Systems Administrators", "Ops").replace("Old Ops", "Systems Administrators")
    renamed = renamed.replace('[team."Online Banking"]', '[team.Banking]\nwas = ["Online Banking"]')
    renamed = renamed.replace('[sla."Sev-A"]', '[sla.Fast]\nwas = ["Sev-A"]').replace('sla = "Sev-A"', 'sla = "Fast"')
    renamed = renamed.replace(
        '[topic."Business Critical Outage"]', '[topic.Outage]\nwas = ["Business Critical Outage"]'
    ).replace('topic = "Business Critical Outage"', 'topic = "Outage"')
    before = bench.ticket()
    bench.new()
    bench.configure(renamed)
    assert bench.new() == [], "nobody is told"
    after = bench.ticket()
    assert (after.department, after.topic, after.sla) == ("Ops", "Outage", "Fast")
    assert str(after.assignee) == "team:Banking"
    assert after.due_at == before.due_at
    assert bench.kinds()[-4:] == ["transferred", "topic-changed", "sla-changed", "assigned"]
    assert {event.by for event in bench.events()[-4:]} == {ADMIN}
    events = len(bench.events())
    bench.configure(renamed)
    assert len(bench.events()) == events, "carried over once"
    assert replace(bench.ticket(), updated_at=after.updated_at) == after


def test_an_agent_with_a_new_key_keeps_their_tickets(bench):
    alert = to(bench.send(KAREN, "Down", to="outages@bank.example"), "bob@bank.example")
    bench.send("bob@bank.example", "#assign me", answers=alert)
    bench.configure(
        CONFIG.replace("[agent.bob]", '[agent.robert]\nwas = ["bob"]')
        .replace('"bob"', '"robert"')
        .replace('was = ["robert"]', 'was = ["bob"]')
    )
    assert str(bench.ticket().assignee) == "agent:robert"


def test_a_ticket_opened_by_hand_is_routed_like_a_mail(bench):
    text = "Help topic: Report a Problem\nPhone: 555\n\nYour chair comes on Monday."
    order = by_hand.Order(Address("jane@vendor.example", "Jane"), "Chair", text, "cli:1")
    context = bench.desk.context(bench.now)
    with bench.db.transaction():
        known = gather_opening(bench.db, order.requester, context)
        apply.save(bench.db, by_hand.open_by_hand(order, known, context), context)
    mails = bench.new()
    assert told(mails) == {
        ("opened-for-you", "jane@vendor.example"),
        ("assigned", "elliot@bank.example"),
        ("new-ticket", "ann@bank.example"),
    }
    assert "Your chair comes on Monday." in to(mails, "jane@vendor.example").text
    ticket = bench.ticket()
    assert (ticket.department, ticket.priority, ticket.fields["Phone"]) == ("Maintenance", "Low", "555")
    assert bench.kinds() == ["opened", "routed", "assigned"]
    assert bench.events()[1].after["priority"] == {"value": "Low", "from": "rule:Vendors"}
    assert bench.events()[2].by == Actor.rule("Vendors")
    quiet = replace(order, cause="cli:2", quiet=True)
    with bench.db.transaction():
        known = gather_opening(bench.db, quiet.requester, context)
        apply.save(bench.db, by_hand.open_by_hand(quiet, known, context), context)
    assert "jane@vendor.example" not in {mail.to for mail in bench.new()}


def test_a_rules_template_set_words_the_mails_of_its_tickets(tmp_path):
    folder = tmp_path / "templates/billing"
    folder.mkdir(parents=True)
    (folder / "acknowledgement.txt").write_text("{{ marker }}\n\nThe billing team has {{ token }}.\n")
    rule = '[[rule]]\nname = "Bills"\nwhen = { subject = "invoice" }\nthen = { template = "billing" }\n'
    bench = Bench(tmp_path, CONFIG + rule)
    assert (
        "The billing team has [#1001]."
        in to(bench.send(KAREN, "Why?", subject="My invoice"), "karen@client.example").text
    )
    assert "The billing team" not in to(bench.send(KAREN, "Why?", subject="My card"), "karen@client.example").text
    bench.db.close()


def test_an_answer_to_the_desk_itself_is_returned_until_somebody_is_named(bench):
    """A web form in the desk's own name: the answer would come back to it, and count as given."""
    alert = to(bench.send("Website <support@bank.example>", "I need a card."), "ann@bank.example")
    assert "support@bank.example is an address of this desk: your answer reaches nobody unless" in alert.text
    assert "(public reply)" not in alert.text
    (returned,) = bench.send(ANN, "It is on its way.", answers=alert)
    assert returned.kind == "command-failed"
    assert "an address of this desk: an answer would reach nobody" in returned.text
    assert bench.thread() == [("message", "I need a card.")]
    bench.send(ANN, "#note\n\nWho is it?", answers=alert)
    mails = bench.send(ANN, "#requester karen@client.example\n\nIt is on its way.", answers=alert)
    assert "It is on its way." in to(mails, "karen@client.example").text
    assert bench.ticket().first_response_at


def test_an_answer_reaches_the_collaborators_of_a_ticket_of_the_desk_itself(bench):
    alert = to(bench.send("Website <support@bank.example>", "I need a card."), "ann@bank.example")
    mails = bench.send(ANN, "#cc karen@client.example\n\nWe look for one.", answers=alert)
    assert "We look for one." in to(mails, "karen@client.example").text
    mails = bench.send(ANN, "It is on its way.", answers=alert)
    assert "It is on its way." in to(mails, "karen@client.example").text


def test_a_form_line_that_is_no_address_names_nobody(bench):
    bench.send("Website <support@bank.example>", "Name: X\nEmail: none\n\nI need a card.")
    assert bench.ticket().requester.email == "support@bank.example"


def test_routing_is_credited_to_the_rule_that_chose(tmp_path):
    rule = '[[rule]]\nname = "Cards"\nwhen = { subject = "card" }\nthen = { assign = "agent:ann", priority = "High" }\n'
    bench = Bench(tmp_path, CONFIG + '[defaults]\nassign = "agent:elliot"\n' + rule)
    bench.send(KAREN, "It is lost.", subject="My card")
    mails = bench.send(KAREN, "It is down.", subject="Portal")
    by = {number: [(event.kind.value, str(event.by)) for event in bench.events(number)] for number in (1001, 1002)}
    assert by[1001][:3] == [
        ("opened", "requester:karen@client.example"),
        ("routed", "rule:Cards"),
        ("assigned", "rule:Cards"),
    ]
    assert by[1002][1:3] == [("routed", "requester:karen@client.example"), ("assigned", "rule:routing")]
    assert "The ticket was assigned to you" in next(mail.text for mail in mails if mail.agent == "elliot")


JOE = "On Thu, Nov 19, 2026 at 10:00 AM Joe Client <joe@client.example> wrote:\n\n> Transfers are refused with code 77."
TO_JOE = {"In-Reply-To": "<joe1@client.example>", "References": "<joe1@client.example>"}


@pytest.mark.parametrize("subject", ["Re: Transfers", "RE: FW: Transfers", "[EXT] AW: Transfers"])
def test_who_brings_the_desk_into_a_conversation_shows_it(bench, subject):
    """The desk has none of it, and often the matter is in it."""
    mails = bench.send(KAREN, f"Can you help us?\n-- \nKaren\n\n{JOE}\n", subject=subject, headers=TO_JOE)
    assert bench.thread() == [("message", f"Can you help us?\n\n{JOE}")]
    alert = next(mail for mail in mails if mail.kind == "new-ticket")
    assert "code 77" in alert.text
    assert "code 77" in alert.part("html")
    assert "1 line not shown" in alert.text, "the signature"


def test_its_page_shows_the_conversation_below_the_authors_formatting(bench):
    wrote = "On Thu, Nov 19, 2026 at 10:00 AM Joe &lt;joe@client.example&gt; wrote:"
    page = (
        f'<div dir="ltr">Can <b>you</b> help us?</div><div class="gmail_quote"><div class="gmail_attr">{wrote}</div>'
        '<blockquote class="gmail_quote">1 &lt; 2 is refused</blockquote></div>'
    )
    text = f"Can you help us?\n\n{unescape(wrote)}\n> 1 < 2 is refused\n"
    bench.send(KAREN, text, html=page, subject="Re: Transfers", headers=TO_JOE)
    (entry,) = tickets.thread(bench.db, 1001)
    assert "Can <b>you</b> help us?" in entry.html
    assert "wrote:<br>&gt; 1 &lt; 2 is refused" in entry.html
    assert "".join(html.to_text(entry.html).split()) == "".join(entry.text.split())


def test_without_own_words_the_conversation_stands_there_once(bench):
    bench.send(KAREN, JOE, subject="Re: Transfers", headers=TO_JOE)
    ((_, text),) = bench.thread()
    assert text == JOE


def test_what_the_desk_has_is_not_shown_again(bench):
    opened = bench.send(KAREN, "It does not open.")
    ack = next(mail for mail in opened if mail.kind == "acknowledgement")
    bench.send("Eve <eve@other.example>", f"Me too.\n\n{JOE}", subject=f"Re: {ack.subject}")
    assert bench.thread(1002) == [("message", "Me too.")], "it names a ticket that is not Eve's"
    quoted = f"On Fri, Nov 20, 2026 at 10:00 AM <support@bank.example> wrote:\n> {ack.text.splitlines()[0]}\n> Hello\n"
    bench.send(KAREN, f"Hello?\n\n{quoted}", subject="Re: Portal")
    assert bench.thread(1003) == [("message", "Hello?")], "a notice of ours"
